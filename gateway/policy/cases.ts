/**
 * A bundle's own cases: who, what, when → decision and the rule that decided. They run each time the bundle loads; one that
 * does not come out as written refuses the whole bundle.
 */
import { ACTIONS, type Action, type Locale, type Obligation, type Power, type Role } from "../domain/index.js";
import { KEPT_OBLIGATIONS } from "./approvals.js";
import type { PasswordPolicy, Policy, PolicyPerson, PolicyQuery, SignInPolicy } from "./contract.js";
import { duration, integer, listOf, mapOf, oneOf, optional, record, text, truth, wrong, type Shape } from "./shape.js";

type Act = PolicyQuery["act"];
interface CasePerson {
  readonly unit: string;
  readonly vendorChain: readonly string[];
  readonly roles: readonly Role[];
  readonly power: Power | null;
}
interface Ask {
  readonly act: Act;
  readonly person: string;
  readonly other: string | undefined;
  readonly action: Action;
  readonly entitled: boolean;
  readonly granted: boolean;
  readonly grantLive: boolean;
  readonly already: boolean;
  readonly minutes: number;
}
interface Named<A, E> {
  readonly name: string;
  readonly ask: A;
  readonly expect: E;
}
interface ApprovalAsk {
  readonly actions: readonly Action[];
  readonly unit: string;
  readonly vendor: boolean;
}
interface ExecCase {
  readonly run: string;
  readonly pty: boolean;
  /** `command`, `shell WHY`, or `scp|rsync|sftp read|write|read+write PATH`. */
  readonly is: string;
}
interface SignInCase {
  readonly preset: PasswordPolicy["preset"];
  readonly characters: number;
  readonly kinds: number;
  readonly changeDays: number | null;
  readonly history: number;
  readonly dormantDays: number | null;
  readonly stepUp: number;
  readonly idle: number;
  readonly longest: number;
  readonly keysAtEnd: SignInPolicy["deviceKeys"]["atEnd"];
}
interface CaseFile {
  readonly people: ReadonlyMap<string, CasePerson>;
  readonly decide: readonly Named<Ask, { readonly allowed: boolean; readonly decidedBy: readonly string[] }>[];
  readonly approvals: readonly Named<
    ApprovalAsk,
    {
      readonly rule: string;
      readonly approvals: number;
      readonly longest: number;
      readonly obligations: readonly Obligation[];
    }
  >[];
  readonly exec: readonly ExecCase[];
  readonly signIn: readonly Named<{ readonly installation: Locale }, SignInCase>[];
}

const ACTS: readonly Act[] = ["request", "approve", "use", "watch", "stop", "replay", "export", "search", "open-input"];
const maybeText: Shape<string | undefined> = optional<string | undefined>(text, undefined);
const person = record<CasePerson>({
  unit: text,
  vendorChain: optional(listOf(text), []),
  roles: optional(listOf(oneOf<Role>(["operator", "approver"])), []),
  power: optional<Power | null>(oneOf<Power>(["system", "security", "audit"]), null),
});
const ask = record<Ask>({
  act: oneOf(ACTS),
  person: text,
  other: maybeText,
  action: optional<Action>(oneOf(ACTIONS), "ssh.shell"),
  entitled: optional(truth, false),
  granted: optional(truth, false),
  grantLive: optional(truth, false),
  already: optional(truth, false),
  minutes: optional(integer(1, 525_600), 60),
});
const days = optional<number | null>(integer(1, 365), null);
const signInCase = record<SignInCase>({
  preset: oneOf<PasswordPolicy["preset"]>(["modern", "dengbao"]),
  characters: integer(1, 128),
  kinds: integer(0, 4),
  changeDays: days,
  history: integer(0, 24),
  dormantDays: days,
  stepUp: duration,
  idle: duration,
  longest: duration,
  keysAtEnd: optional<SignInCase["keysAtEnd"]>(oneOf<SignInCase["keysAtEnd"]>(["go-on", "end"]), "go-on"),
});
const caseFile = record<CaseFile>({
  people: optional<CaseFile["people"]>(mapOf(person), new Map()),
  decide: optional<CaseFile["decide"]>(
    listOf(record({ name: text, ask, expect: record({ allowed: truth, decidedBy: listOf(text) }) })),
    [],
  ),
  approvals: optional<CaseFile["approvals"]>(
    listOf(
      record({
        name: text,
        ask: record<ApprovalAsk>({ actions: listOf(oneOf(ACTIONS)), unit: text, vendor: truth }),
        expect: record({
          rule: text,
          approvals: integer(1, 5),
          longest: duration,
          obligations: optional<readonly Obligation[]>(listOf(oneOf<Obligation>(KEPT_OBLIGATIONS)), []),
        }),
      }),
    ),
    [],
  ),
  exec: optional<CaseFile["exec"]>(listOf(record<ExecCase>({ run: text, pty: optional(truth, false), is: text })), []),
  signIn: optional<CaseFile["signIn"]>(
    listOf(record({ name: text, ask: record({ installation: oneOf<Locale>(["zh-CN", "en"]) }), expect: signInCase })),
    [],
  ),
});

/** Runs one file's cases; answers how many. Throws, naming the case, at the first that comes out otherwise or when there is none. */
export function runCases(file: string, parsed: unknown, policy: Omit<Policy, "digest">): number {
  const cases = caseFile(parsed, file);
  for (const each of cases.decide) {
    const decision = policy.decide(queryOf(each.ask, cases.people, `${file}: ${each.name}`));
    differs(file, each.name, describe(each.expect), describe(decision));
  }
  for (const { name, ask: asked, expect } of cases.approvals) {
    const rule = policy.approvalRule({ actions: asked.actions, unitId: asked.unit, vendor: asked.vendor });
    differs(
      file,
      name,
      ruleText(expect.rule, expect.approvals, expect.longest, expect.obligations),
      ruleText(rule.id, rule.approvals, rule.longestMs, rule.obligations),
    );
  }
  for (const { run, pty, is } of cases.exec)
    differs(file, JSON.stringify(run), is, verdictText(policy.classifyExec(run, { pty })));
  for (const { name, ask: asked, expect } of cases.signIn)
    differs(file, name, signInText(expect), signInText(signInCaseOf(policy.signIn(asked.installation))));
  const count = cases.decide.length + cases.approvals.length + cases.exec.length + cases.signIn.length;
  if (count === 0) throw wrong(file, "there is no case in it");
  return count;
}

function signInCaseOf({ password, stepUpMs, idleMs, longestMs, deviceKeys }: SignInPolicy): SignInCase {
  return {
    preset: password.preset,
    characters: password.leastCharacters,
    kinds: password.leastKinds,
    changeDays: password.longestDays,
    history: password.history,
    dormantDays: password.dormantDays,
    stepUp: stepUpMs,
    idle: idleMs,
    longest: longestMs,
    keysAtEnd: deviceKeys.atEnd,
  };
}

function signInText(answer: SignInCase): string {
  return Object.entries(answer)
    .map(([key, value]) => `${key} ${String(value)}`)
    .sort()
    .join(", ");
}

/** A verdict as the cases write it. */
export function verdictText(verdict: ReturnType<Policy["classifyExec"]>): string {
  switch (verdict.kind) {
    case "command":
      return "command";
    case "shell":
      return `shell ${verdict.why}`;
    case "scp":
    case "rsync":
    case "sftp": {
      const ways = [verdict.reads ? "read" : "", verdict.writes ? "write" : ""].filter((way) => way !== "").join("+");
      return `${verdict.kind} ${ways} ${verdict.path}`.trimEnd();
    }
  }
}

function ruleText(id: string, approvals: number, longestMs: number, obligations: readonly Obligation[]): string {
  return [id, String(approvals), String(longestMs), ...[...obligations].sort()].join(" ");
}

function differs(file: string, name: string, wanted: string, got: string): void {
  if (wanted !== got) throw wrong(file, `the case ${name} expects "${wanted}", the bundle answers "${got}"`);
}

function describe(decision: { readonly allowed: boolean; readonly decidedBy: readonly string[] }): string {
  return `${decision.allowed ? "allow" : "deny"} by ${[...decision.decidedBy].sort().join(", ")}`;
}

function queryOf(asked: Ask, people: CaseFile["people"], place: string): PolicyQuery {
  const named = (id: string | undefined): PolicyPerson => {
    const known = id === undefined ? undefined : people.get(id);
    if (id === undefined || known === undefined) throw wrong(place, `the person ${id ?? "other"} is not in the list`);
    return { id, unitId: known.unit, vendorChain: known.vendorChain, roles: known.roles, power: known.power };
  };
  const { act, action } = asked;
  const account = { id: "account", unitId: "u", assetId: "asset" };
  const who = named(asked.person);
  switch (act) {
    case "request":
      return { act, person: who, account, action, entitled: asked.entitled, durationMs: asked.minutes * 60_000 };
    case "use":
      return { act, person: who, account, action, granted: asked.granted, grantLive: asked.grantLive };
    case "approve":
      return { act, person: who, requester: named(asked.other), already: asked.already };
    default:
      return { act, person: who, owner: named(asked.other) };
  }
}
