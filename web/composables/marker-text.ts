/**
 * What a marker says, in the reader's language: made of the parts it was derived from where there are words for them, else its text as
 * it stands. Foreign text in it stays as it came; who shows it makes it visible.
 */
import type { ReplayIndex } from "../api/types.js";
import { byteSize, clockLength } from "./format.js";

type Marker = ReplayIndex["markers"][number];
type Parts = NonNullable<Marker["parts"]>;
export interface Words {
  readonly t: (key: string, values?: Record<string, unknown>) => string;
  /** Whether there is a message of that key. */
  readonly te: (key: string) => boolean;
}

export function markerText(words: Words, { kind, text, parts }: Marker): string {
  if (parts === undefined) return text;
  if (kind === "keys") return keysText(words, parts) ?? text;
  if (kind === "clipboard") return clipboardText(words, parts) ?? text;
  if (kind === "transfer") return transferText(words, parts) ?? text;
  if (kind === "watch") return watchText(words, parts) ?? text;
  return kind === "note" ? (noteText(words, parts) ?? text) : text;
}

function keysText({ t }: Words, { keys, untilUs }: Parts): string | undefined {
  if (typeof keys !== "number" || typeof untilUs !== "number") return undefined;
  const until = clockLength(untilUs / 1000);
  return keys === 1 ? t("markerText.key") : t("markerText.keys", { keys, until });
}

function clipboardText({ t }: Words, { direction, bytes, text }: Parts): string | undefined {
  if ((direction !== "copy" && direction !== "paste") || typeof bytes !== "number") return undefined;
  const facts = [t(`clipboardDirection.${direction}`), byteSize(bytes), typeof text === "string" ? text : ""];
  return facts.filter((fact) => fact !== "").join(" · ");
}

function transferText({ t }: Words, { direction, path }: Parts): string | undefined {
  if ((direction !== "upload" && direction !== "download") || typeof path !== "string") return undefined;
  return `${t(`direction.${direction}`)} ${path}`;
}

function watchText({ t }: Words, { login, on }: Parts): string | undefined {
  if (typeof login !== "string" || typeof on !== "boolean") return undefined;
  return t(on ? "markerText.watchBegan" : "markerText.watchEnded", { login });
}

function noteText(words: Words, parts: Parts): string | undefined {
  const { t } = words;
  if (parts["note"] === "no-picture") return t("markerText.noPicture", { why: whyText(words, parts["why"]) });
  if (parts["note"] === "refused") return refusedText(words, parts);
  if (parts["note"] !== "session") return undefined;
  if (parts["detached"] === true) return t("markerText.detached");
  if (parts["rejoined"] === true) return t("markerText.rejoined", { address: parts["sourceAddress"] ?? "?" });
  if (typeof parts["drive"] !== "string") return undefined;
  return t("markerText.drive", { name: parts["drive"], size: byteSize(Number(parts["size"]) || 0) });
}

/** Reasons why a desktop is drawn no further; one without words of its own stays English. */
function whyText({ t, te }: Words, why: Parts[string] | undefined): string {
  const key = keyOf(String(why));
  return te(`noPictureWhy.${key}`) ? t(`noPictureWhy.${key}`) : String(why);
}

/** A part as the name of a message; what could not be one, or what every object has (`constructor`), names none. */
function keyOf(part: string): string {
  return /^[a-z][a-z '-]*$/.test(part) && !(part in {}) ? part.replaceAll(/[ ']+/g, "-") : "-";
}

function refusedText({ t, te }: Words, { what, detail, path, because }: Parts): string | undefined {
  if (typeof because !== "string") return undefined;
  const act = typeof what === "string" ? what : typeof detail === "string" ? detail : "";
  const acts = te(`refusedAct.${keyOf(act)}`) ? t(`refusedAct.${keyOf(act)}`) : act;
  const named = typeof path === "string" && path !== "" ? `${acts} ${path}`.trim() : acts;
  return t("markerText.refused", { what: named, because: becauseText({ t, te }, because) });
}

function becauseText({ t, te }: Words, because: string): string {
  const key = keyOf(because);
  if (te(`refusedBecause.${key}`)) return t(`refusedBecause.${key}`);
  return te(`error.${key}.what`) ? t(`error.${key}.what`) : because;
}
