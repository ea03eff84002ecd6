/**
 * Events to asciicast v2 (docs.asciinema.org/manual/asciicast/v2): one header line, then one JSON line an event with absolute seconds.
 * For one terminal channel: the caller picks the channel's events, and the session's own (channel 0) if their markers are wanted.
 */
import { getU16 } from "./bytes.js";
import { decodeJson } from "./json.js";
import { EventType, FormatError } from "./types.js";
import type { RecordedEvent } from "./types.js";
import { Utf8Stream } from "./utf8.js";

/** The header line. `startedAt`: epoch milliseconds. `env`: such as `TERM`. */
export function asciicastHeader(facts: {
  readonly cols: number;
  readonly rows: number;
  readonly startedAt: number;
  readonly title: string;
  readonly env: Readonly<Record<string, string>>;
}): string {
  const { cols, rows, startedAt, title, env } = facts;
  const header = { version: 2, width: cols, height: rows, timestamp: Math.floor(startedAt / 1000), title, env };
  return `${JSON.stringify(header)}\n`;
}

/** Lines for events in the order of their times. UTF-8 is put together over chunks, apart for stdout and stderr; bad bytes become U+FFFD. */
export class AsciicastWriter {
  readonly #stdout = new Utf8Stream();
  readonly #stderr = new Utf8Stream();
  #lastUs = 0;

  /** The event's line with its newline, or "" when it has none (input marks, exits, an unfinished character). */
  event(e: RecordedEvent): string {
    this.#lastUs = e.atUs;
    switch (e.type) {
      case EventType.output:
        return this.#output(this.#stdout.push(e.payload));
      case EventType.errorOutput:
        return this.#output(this.#stderr.push(e.payload));
      case EventType.gate:
        return this.#output(new Utf8Stream().push(e.payload).replace(/\r?\n/g, "\r\n"));
      case EventType.resize:
        return e.payload.length === 4
          ? line(e.atUs, "r", `${String(getU16(e.payload, 0))}x${String(getU16(e.payload, 2))}`)
          : "";
      case EventType.transfer:
      case EventType.note:
        return this.marker(e.atUs, label(e));
      default:
        return "";
    }
  }

  /** A marker's line, such as for a command that was found on the screen. */
  marker(atUs: number, text: string): string {
    return line(atUs, "m", text);
  }

  /** What is left: U+FFFD for a character that never ended. */
  end(): string {
    return this.#output(this.#stdout.end() + this.#stderr.end());
  }

  #output(text: string): string {
    return text === "" ? "" : line(this.#lastUs, "o", text);
  }
}

function line(atUs: number, code: "o" | "r" | "m", data: string): string {
  return `[${(atUs / 1e6).toFixed(6)}, "${code}", ${JSON.stringify(data)}]\n`;
}

function label(e: RecordedEvent): string {
  const members = payloadMembers(e.payload);
  const { direction, path, kind } = members;
  if (e.type === EventType.note) return typeof kind === "string" ? kind : "note";
  return typeof direction === "string" && typeof path === "string" ? `${direction} ${path}` : "transfer";
}

function payloadMembers(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value = decodeJson(payload);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch (error) {
    if (error instanceof FormatError) return {};
    throw error;
  }
}
