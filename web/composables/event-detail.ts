/**
 * What an audit event or alert says beside who, what and when, as labels and values in the reader's language. What has no word stays as
 * it stands; what is empty is left out. The leaf has all of it verbatim.
 */
import { byteSize, clockLength, localTime } from "./format.js";
import type { Words } from "./marker-text.js";

export interface DetailPart {
  readonly label: string;
  readonly value: string;
  /** The value in full, where it was shortened. */
  readonly full?: string;
}

type Say = (words: Words, value: unknown, objectKind: string) => string | undefined;

/** Earlier than any event there is: a smaller number is a count. */
const FIRST_MOMENT_MS = 1_000_000_000_000;
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{40,}$/;
const ID_SHOWN = 12;
const DEEPEST = 3;
const CODE = /^[a-z][a-z0-9.-]*$/;

/** A word of every object's own, which the messages would answer for as well. */
const isInherited = (name: string): boolean => name in Object.prototype;

const asTime: Say = (_words, value) =>
  typeof value === "number" && value >= FIRST_MOMENT_MS ? localTime(value) : undefined;
const asSize: Say = (_words, value) => (typeof value === "number" ? byteSize(value) : undefined);
const asLength =
  (perMs: number): Say =>
  (_words, value) =>
    typeof value === "number" ? clockLength(value / perMs) : undefined;
/** A code that the page has a word for, under the first of `heads` that has it. */
const asWord =
  (...heads: readonly string[]): Say =>
  ({ t, te }, value) => {
    if (typeof value !== "string" || !CODE.test(value) || isInherited(value)) return undefined;
    const head = heads.find((one) => te(`${one}.${value}`));
    return head === undefined ? undefined : t(`${head}.${value}`);
  };
/** A code of the gate's own, or why something was refused, as problems say it. */
const asCode: Say = ({ t, te }, value) => {
  if (typeof value !== "string" || !CODE.test(value) || isInherited(value)) return undefined;
  if (te(`detailCode.${value}`)) return t(`detailCode.${value}`);
  return te(`error.${value}.what`) ? t(`error.${value}.what`).replace(/[.。]$/u, "") : undefined;
};
/** The first of several ways that has words. */
const either =
  (...ways: readonly Say[]): Say =>
  (words, value, kind) => {
    for (const way of ways) {
      const said = way(words, value, kind);
      if (said !== undefined) return said;
    }
    return undefined;
  };
/** A directory by its kind; of SCIM also which token it came with. */
const asDirectory: Say = (words, value, kind) => {
  const [of = "", which = ""] = typeof value === "string" ? value.split(":") : [];
  const word = asWord("directoryKind")(words, of, kind);
  return word === undefined ? undefined : `${word} ${shortened(which)}`.trim();
};
/** Several of them, in a list or with blanks between. */
const asWords =
  (...heads: readonly string[]): Say =>
  (words, value, kind) => {
    const codes: readonly unknown[] = Array.isArray(value) ? value : typeof value === "string" ? value.split(" ") : [];
    const said = codes.map((one) => asWord(...heads)(words, one, kind) ?? plain(words, one));
    return said.length === 0 ? undefined : said.join(", ");
  };
/** `person:…`, `power:audit`: what kind of thing, and which. */
const asSubject: Say = (words, value, kind) => {
  const [, of = "", which = ""] = typeof value === "string" ? (/^([a-z-]+):(.+)$/.exec(value) ?? []) : [];
  const word = asWord("objectKind")(words, of, kind);
  // Which envelopes are missing stands beside it.
  if (word === undefined || of === "envelopes") return word;
  return `${word} ${asWord("power", "directoryKind")(words, which, kind) ?? shortened(which)}`;
};
/** The same word means another thing of another kind of object. */
const STATES: Readonly<Record<string, string>> = {
  account: "assetState",
  asset: "assetState",
  grant: "grantState",
  person: "personState",
  proposal: "proposalState",
  recording: "recordingState",
  request: "requestState",
};
const asState: Say = (words, value, kind) => asWord(STATES[kind] ?? "personState", "personState")(words, value, kind);

const asVia: Say = ({ t, te }, value) =>
  typeof value === "string" && CODE.test(value) && te(`detailVia.${value}`) ? t(`detailVia.${value}`) : undefined;

const SAY: Readonly<Record<string, Say>> = {
  ...of(asTime, "at", "dueAt", "endedAt", "expiresAt", "from", "lastSignInAt", "opensAt", "reviewedAt", "sealedAt"),
  ...of(asTime, "to", "windowFrom"),
  ...of(asSize, "bytes", "bytesIn", "bytesOut", "size"),
  ...of(asWords("action"), "action", "actions"),
  ...of(asWords("power"), "holds", "power", "powerWas", "powers"),
  ...of(
    asWord("alertKind", "proposalKind", "channelKind", "credential", "files", "declarations", "directoryKind"),
    "kind",
  ),
  ...of(either(asWord("endReason", "refusedBecause"), asCode, asDirectory), "because", "decidedBy"),
  ...of(either(asCode, asWord("endReason", "refusedBecause")), "purpose", "result", "what", "why"),
  by: asDirectory,
  content: (words, value, kind) => nested(words, value, kind),
  durationMs: asLength(1),
  durationUs: asLength(1000),
  direction: asWord("direction", "clipboardDirection"),
  field: (words, value) => (typeof value === "string" ? fieldText(words, value) : undefined),
  locale: (_words, value) => (value === "zh-CN" ? "中文" : value === "en" ? "English" : undefined),
  obligations: asWords("obligation"),
  outcome: asWord("channelOutcome"),
  protocol: (words, value) => (typeof value === "string" ? value.toUpperCase() : plain(words, value)),
  role: asWord("role"),
  state: asState,
  stateWas: asState,
  subject: asSubject,
  vendorChain: (_words, value) => (Array.isArray(value) ? value.join(" › ") : undefined),
  verb: asWord("verb"),
  via: asVia,
};
function of(say: Say, ...keys: readonly string[]): Readonly<Record<string, Say>> {
  return Object.fromEntries(keys.map((key) => [key, say]));
}

/** @param objectKind of what; `state` and the like mean another thing of another. */
export function detailParts(
  words: Words,
  detail: Readonly<Record<string, unknown>>,
  objectKind: string,
): readonly DetailPart[] {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => ({ label: labelOf(words, key), ...valueOf(words, key, value, objectKind) }));
}

/** What the form calls it; what has no word stays as the gate names it. `items.0.actions` is told by its last name. */
export function fieldText({ t, te }: Words, field: string): string {
  const last = field.split(".").findLast((one) => !/^\d+$/.test(one)) ?? "";
  return /^\w+$/.test(last) && !isInherited(last) && te(`field.${last}`) ? t(`field.${last}`) : field;
}

function labelOf({ t, te }: Words, key: string): string {
  return !isInherited(key) && /^\w+$/.test(key) && te(`detailKey.${key}`) ? t(`detailKey.${key}`) : key;
}

function valueOf(words: Words, key: string, value: unknown, kind: string): Pick<DetailPart, "value" | "full"> {
  const say = Object.hasOwn(SAY, key) ? SAY[key] : undefined;
  const said = say?.(words, value, kind);
  if (said !== undefined) return { value: said };
  if (typeof value === "object") return { value: nested(words, value, kind) };
  const text = plain(words, value);
  const short = shortened(text);
  return short === text ? { value: text } : { value: short, full: text };
}

function plain({ t }: Words, value: unknown): string {
  if (typeof value === "boolean") return t(value ? "detailValue.yes" : "detailValue.no");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What holds more of the same, as one line; what a proposal would do is kept as a text of that kind. */
function nested(words: Words, value: unknown, kind: string, depth = 0): string {
  const inner = depth === 0 && typeof value === "string" ? parsed(value) : value;
  if (depth > DEEPEST || typeof inner !== "object" || inner === null) return shortened(plain(words, inner));
  if (Array.isArray(inner)) return inner.map((one) => nested(words, one, kind, depth + 1)).join(", ");
  return detailParts(words, inner as Readonly<Record<string, unknown>>, kind)
    .map((part) => `${part.label} ${part.value}`)
    .join(" · ");
}
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // No such text: shown as it stands.
  }
}

/** An id by its last part, as elsewhere on the page; a hash by its first. */
function shortened(text: string): string {
  if (HASH.test(text)) return `${text.slice(0, ID_SHOWN)}…`;
  return ID.test(text) ? text.slice(-ID_SHOWN) : text;
}
