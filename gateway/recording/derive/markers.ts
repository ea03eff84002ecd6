/** What a timeline points at, from events that say it by themselves: bounded in number and length. Pure. */
import { FormatError, decodeJson } from "../../../recordings/codec/index.js";
import type { Derived } from "../contract.js";

type Marker = Derived["markers"][number];
export type Members = Readonly<Record<string, unknown>>;

const MARKERS_MAX = 50_000;
const MARKER_TEXT_MAX = 4096;
const FACTS_MAX = 8;
const FACT_TEXT_MAX = 512;
const CLIPBOARD_SHOWN = 80;
/** Keys that are closer than this were typed in one go. */
const BURST_GAP_US = 5_000_000;

interface Burst {
  readonly atUs: number;
  lastUs: number;
  keys: number;
}

export class Markers {
  readonly #markers: Marker[] = [];
  readonly #bursts = new Map<number, Burst>();

  add(atUs: number, channel: number, kind: Marker["kind"], text: string, parts?: Marker["parts"]): void {
    if (this.#markers.length >= MARKERS_MAX) return;
    const marker = { atUs, channel, kind, text: text.slice(0, MARKER_TEXT_MAX) };
    this.#markers.push(parts === undefined ? marker : { ...marker, parts });
  }

  transfer(atUs: number, channel: number, detail: Members): void {
    const parts = { direction: textOr(detail["direction"]), path: textOr(detail["path"]).slice(0, MARKER_TEXT_MAX) };
    this.add(atUs, channel, "transfer", `${parts.direction} ${parts.path}`, parts);
  }

  /** `copy · 12 bytes · what it begins with`, on one line. */
  clipboard(atUs: number, channel: number, detail: Members): void {
    const [first = ""] = [textOr(detail["text"]).replace(/\s+/gu, " ").trim()];
    const shown = [...first.slice(0, 2 * CLIPBOARD_SHOWN)].slice(0, CLIPBOARD_SHOWN).join("");
    const parts = { direction: textOr(detail["direction"]), bytes: Number(detail["size"]) || 0, text: shown };
    const facts = [parts.direction, `${String(parts.bytes)} bytes`, shown];
    this.add(atUs, channel, "clipboard", facts.filter((fact) => fact !== "").join(" · "), parts);
  }

  /** Keys on a desktop, of which nothing but the time is known. */
  key(atUs: number, channel: number): void {
    const burst = this.#bursts.get(channel);
    if (burst !== undefined && atUs - burst.lastUs <= BURST_GAP_US) {
      burst.lastUs = atUs;
      burst.keys++;
      return;
    }
    this.keysEnd(channel);
    this.#bursts.set(channel, { atUs, lastUs: atUs, keys: 1 });
  }

  keysEnd(channel: number): void {
    const burst = this.#bursts.get(channel);
    if (burst === undefined) return;
    this.#bursts.delete(channel);
    const { atUs, lastUs, keys } = burst;
    const what = keys === 1 ? "1 key" : `${String(keys)} keys`;
    this.add(atUs, channel, "keys", `${what} · until ${clockOf(lastUs)}`, { keys, untilUs: lastUs });
  }

  note(atUs: number, channel: number, detail: Members): void {
    const kind = textOr(detail["kind"]);
    const text = typeof detail["text"] === "string" ? detail["text"] : readable(detail);
    if (kind === "alert" || kind === "forward") this.add(atUs, channel, kind, text);
    else if (kind === "watch") this.add(atUs, channel, "watch", watchText(detail) ?? text, factsOf(detail));
    else this.add(atUs, channel, "note", `${kind}: ${text}`, { ...factsOf(detail), note: kind });
  }

  /** A desktop that could not be followed any further. */
  noPicture(atUs: number, channel: number, why: string): void {
    this.add(atUs, channel, "note", `no pictures from here on: ${why}`, { note: "no-picture", why });
  }

  /** In order of time; ends every burst of keys. */
  sorted(): readonly Marker[] {
    for (const channel of [...this.#bursts.keys()]) this.keysEnd(channel);
    return [...this.#markers].sort((one, other) => one.atUs - other.atUs);
  }
}

/** A JSON payload's members; none when it is no object. */
export function members(payload: Uint8Array): Members {
  try {
    const value = decodeJson(payload);
    return typeof value === "object" && value !== null ? (value as Members) : {};
  } catch (error) {
    if (error instanceof FormatError) return {};
    throw error;
  }
}

export function textOr(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A note's facts that are single values, bounded in number and length. */
function factsOf({ kind: _kind, ...detail }: Members): Record<string, string | number | boolean> {
  const facts: Record<string, string | number | boolean> = {};
  for (const [name, fact] of Object.entries(detail).slice(0, FACTS_MAX)) {
    if (typeof fact === "string") facts[name] = fact.slice(0, FACT_TEXT_MAX);
    else if (typeof fact === "number" || typeof fact === "boolean") facts[name] = fact;
  }
  return facts;
}

function watchText({ login, on }: Members): string | undefined {
  return typeof login === "string" && typeof on === "boolean" ? `${login} ${on ? "joined" : "left"}` : undefined;
}

/** A note's facts as people read them: `channel 1 · environment LANG=C.UTF-8`. */
function readable({ kind: _kind, ...facts }: Members): string {
  const value = (fact: unknown): string =>
    typeof fact === "object" && fact !== null
      ? Object.entries(fact)
          .map(([name, one]) => `${name}=${value(one)}`)
          .join(" ")
      : String(fact);
  return Object.entries(facts)
    .map(([name, fact]) => `${name} ${value(fact)}`)
    .join(" · ");
}

/** `1:02:03`. */
function clockOf(us: number): string {
  const seconds = Math.floor(us / 1_000_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${String(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
