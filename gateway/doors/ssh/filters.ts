/**
 * What stands between the two ends of a channel: nothing, the password-prompt splitter, an SFTP or SCP judge, or the
 * look-out for SSH inside a forward. A filter is synchronous and sees bytes in the order they came. Pure.
 */
import type { PasswordPrompt } from "./door-deps.js";

export interface Segment {
  readonly bytes: Uint8Array;
  /** Answers a password prompt: passes, and is kept nowhere. */
  readonly secret: boolean;
}

export interface Passed {
  readonly toTarget: readonly Segment[];
  readonly toOperator: readonly Uint8Array[];
  /** Set when the channel must end, with the line that says why. */
  readonly veto?: string;
}

export interface Filter {
  fromOperator(bytes: Uint8Array): Passed;
  fromTarget(bytes: Uint8Array, stderr: boolean): Passed;
  /** True while the operator's side must not be read: the filter waits for the target. */
  waiting?(): boolean;
  /** The channel is over; called once. */
  close?(): void;
  /** Resolves when everything the filter told was logged. */
  settled?(): Promise<void>;
  /** What a filter held back, when the source ended. */
  ended?(source: "operator" | "target"): Passed;
}

export function passThrough(): Filter {
  return {
    fromOperator: (bytes) => ({ toTarget: [{ bytes, secret: false }], toOperator: [] }),
    fromTarget: (bytes) => ({ toTarget: [], toOperator: [bytes] }),
  };
}

export function promptFilter(prompt: PasswordPrompt): Filter {
  return {
    fromOperator: (bytes) => ({ toTarget: joined(bytes, prompt.input(bytes)), toOperator: [] }),
    fromTarget: (bytes) => {
      prompt.output(bytes);
      return { toTarget: [], toOperator: [bytes] };
    },
  };
}

/** Joins neighbours of one kind again: binary input is full of line ends, and each piece costs a record. */
function joined(whole: Uint8Array, pieces: readonly Segment[]): Segment[] {
  const out: Segment[] = [];
  let from = 0;
  let to = 0;
  pieces.forEach((piece, at) => {
    to += piece.bytes.length;
    const next = pieces[at + 1];
    if (next !== undefined && next.secret === piece.secret) return;
    out.push({ bytes: whole.subarray(from, to), secret: piece.secret });
    from = to;
  });
  return out;
}

const NEWLINE = 0x0a;
const MARK = [0x53, 0x53, 0x48, 0x2d]; // "SSH-"
const WATCHED_BYTES = 8_192;

/**
 * Finds an SSH identification (RFC 4253 §4.2) at the start of a stream or, since a server may say other lines first, of
 * one of its first lines. Bytes that could begin one are held back until the next tell.
 */
export class IdentificationWatch {
  readonly #anyLine: boolean;
  #matched = 0;
  #atLineStart = true;
  #seen = 0;

  constructor(anyLine: boolean) {
    this.#anyLine = anyLine;
  }

  /** What may pass now; undefined once an identification was found. */
  step(bytes: Uint8Array): Uint8Array | undefined {
    if (this.#seen > WATCHED_BYTES || (!this.#atLineStart && !this.#anyLine)) return bytes;
    const held = this.#matched;
    for (const byte of bytes) {
      if (this.#atLineStart && byte === MARK[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === MARK.length) return undefined;
      } else {
        this.#matched = 0;
        this.#atLineStart = byte === NEWLINE;
      }
    }
    this.#seen += bytes.length;
    const whole = held === 0 ? bytes : Uint8Array.from([...MARK.slice(0, held), ...bytes]);
    return whole.subarray(0, whole.length - this.#matched);
  }

  /** What is still held when the stream ends. */
  rest(): Uint8Array {
    return Uint8Array.from(MARK.slice(0, this.#matched));
  }
}

/** Vetoes a forward that carries SSH in either direction. */
export function forwardFilter(vetoText: string): Filter {
  const operator = new IdentificationWatch(false);
  const target = new IdentificationWatch(true);
  const veto: Passed = { toTarget: [], toOperator: [], veto: vetoText };
  return {
    fromOperator: (bytes) => {
      const passed = operator.step(bytes);
      return passed === undefined ? veto : { toTarget: [{ bytes: passed, secret: false }], toOperator: [] };
    },
    fromTarget: (bytes) => {
      const passed = target.step(bytes);
      return passed === undefined ? veto : { toTarget: [], toOperator: [passed] };
    },
    ended: (source) =>
      source === "operator"
        ? { toTarget: [{ bytes: operator.rest(), secret: false }], toOperator: [] }
        : { toTarget: [], toOperator: [target.rest()] },
  };
}
