/**
 * `sign-in.yaml`: what passwords must be, how long a page session, a second factor and a device key count, how often people are
 * reviewed. Each value has bounds that no bundle passes, and nothing written here makes a preset of passwords weaker than it is.
 */
import type { Locale } from "../domain/index.js";
import type { PasswordPolicy, Policy, SignInPolicy } from "./contract.js";
import { duration, integer, oneOf, optional, record, text, truth, wrong, type Shape } from "./shape.js";

const FILE = "sign-in.yaml";
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * `modern`: NIST SP 800-63B §3.1.1.2, length and no common password, no forced change. `dengbao`: what level 3 of GB/T 22239-2019
 * is commonly held to (8.1.4.1 a: complexity and regular change), with two characters more than usual.
 */
const PRESETS: Readonly<Record<PasswordPolicy["preset"], PasswordPolicy>> = {
  modern: { preset: "modern", leastCharacters: 12, leastKinds: 0, longestDays: null, history: 5, dormantDays: null },
  dengbao: { preset: "dengbao", leastCharacters: 10, leastKinds: 3, longestDays: 90, history: 5, dormantDays: 90 },
};

type Preset = "by-language" | PasswordPolicy["preset"];
interface PasswordRules {
  readonly preset: Preset;
  readonly leastCharacters: number | undefined;
  readonly leastKinds: number | undefined;
  readonly longestDays: number | undefined;
  readonly history: number | undefined;
  readonly dormantDays: number | undefined;
}

const preset = oneOf<Preset>(["by-language", "modern", "dengbao"]);
const maybe = (least: number, most: number): Shape<number | undefined> =>
  optional<number | undefined>(integer(least, most), undefined);
const stricter = record<PasswordRules>({
  preset,
  leastCharacters: maybe(8, 64),
  leastKinds: maybe(0, 4),
  longestDays: maybe(1, 365),
  history: maybe(0, 24),
  dormantDays: maybe(7, 365),
});
/** A preset's name alone, or with what is stricter here. */
const password: Shape<PasswordRules> = (value, place) =>
  stricter(typeof value === "string" ? { preset: value } : value, place);

/** A duration within bounds. */
function within(leastMs: number, mostMs: number): Shape<number> {
  return (value, place) => {
    const ms = duration(value, place);
    if (ms < leastMs || ms > mostMs)
      throw wrong(place, `from ${String(leastMs / MINUTE_MS)} to ${String(mostMs / MINUTE_MS)} minutes are expected`);
    return ms;
  };
}

const clockTime: Shape<string> = (value, place) => {
  const time = text(value, place);
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(time)) throw wrong(place, "a time of day such as 20:00 is expected");
  return time;
};

interface File {
  readonly version: 1;
  readonly password: PasswordRules;
  readonly sessions: { readonly idle: number; readonly longest: number };
  readonly stepUp: number;
  readonly terminal: SignInPolicy["terminal"];
  readonly deviceKeys: {
    readonly allowed: boolean;
    readonly longest: number;
    readonly until: string;
    readonly otherAddress: boolean;
    readonly atEnd: SignInPolicy["deviceKeys"]["atEnd"];
  };
  readonly review: SignInPolicy["review"];
}

const file = record<File>({
  version: oneOf([1] as const),
  password,
  sessions: record({ idle: within(MINUTE_MS, 8 * HOUR_MS), longest: within(5 * MINUTE_MS, 24 * HOUR_MS) }),
  stepUp: within(MINUTE_MS, HOUR_MS),
  terminal: record({ otherAddress: truth }),
  deviceKeys: record({
    allowed: truth,
    longest: within(5 * MINUTE_MS, 16 * HOUR_MS),
    until: clockTime,
    otherAddress: truth,
    atEnd: oneOf<SignInPolicy["deviceKeys"]["atEnd"]>(["go-on", "end"]),
  }),
  review: record({ everyDays: integer(7, 365), remindDays: integer(1, 90), answerDays: integer(1, 90) }),
});

/** Throws unless the file is well formed, every value lies in its bounds, and no preset is made weaker. */
export function compileSignIn(parsed: unknown): Policy["signIn"] {
  const rules = file(parsed, FILE);
  const { sessions, deviceKeys, review } = rules;
  if (sessions.idle > sessions.longest)
    throw wrong(`${FILE}.sessions`, "idle is longer than the session in all may last");
  if (review.remindDays + review.answerDays > review.everyDays)
    throw wrong(`${FILE}.review`, "the next review would begin before this one is over");
  const rest = {
    idleMs: sessions.idle,
    longestMs: sessions.longest,
    stepUpMs: rules.stepUp,
    terminal: rules.terminal,
    deviceKeys: {
      allowed: deviceKeys.allowed,
      longestMs: deviceKeys.longest,
      until: deviceKeys.until,
      otherAddress: deviceKeys.otherAddress,
      atEnd: deviceKeys.atEnd,
    },
    review,
  };
  const answers: Readonly<Record<Locale, SignInPolicy>> = {
    "zh-CN": { password: passwordPolicy(rules.password, "zh-CN"), ...rest },
    en: { password: passwordPolicy(rules.password, "en"), ...rest },
  };
  return (installation) => answers[installation];
}

function passwordPolicy(rules: PasswordRules, installation: Locale): PasswordPolicy {
  const named = rules.preset === "by-language" ? (installation === "zh-CN" ? "dengbao" : "modern") : rules.preset;
  const base = PRESETS[named];
  return {
    preset: named,
    leastCharacters: atLeast("leastCharacters", rules.leastCharacters, base.leastCharacters),
    leastKinds: atLeast("leastKinds", rules.leastKinds, base.leastKinds),
    history: atLeast("history", rules.history, base.history),
    longestDays: atMost("longestDays", rules.longestDays, base.longestDays),
    dormantDays: atMost("dormantDays", rules.dormantDays, base.dormantDays),
  };
}

function atLeast(name: string, given: number | undefined, base: number): number {
  if (given !== undefined && given < base)
    throw wrong(`${FILE}.password.${name}`, `the preset asks for ${String(base)} at least`);
  return given ?? base;
}

function atMost(name: string, given: number | undefined, base: number | null): number | null {
  if (given !== undefined && base !== null && given > base)
    throw wrong(`${FILE}.password.${name}`, `the preset allows ${String(base)} at most`);
  return given ?? base;
}
