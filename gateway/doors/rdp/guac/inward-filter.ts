/**
 * What a browser may say, by allow-list: each instruction is judged with its arguments, streams are kept in a table, and what
 * nobody may send is a fault that ends the browser's connection. It holds no bytes and does nothing itself. Pure.
 */
import type { Instruction } from "../../../../recordings/codec/index.js";
import { DESKTOP_BOUNDS } from "../../../domain/index.js";
import { decimal, firstIndex, streamIndex, whole, STREAMS_MOST } from "./numbers.js";
import { CLIPBOARD_TYPE, type Rights } from "./rights.js";

export type InwardKind = "paste" | "upload" | "refused";

export type InwardVerdict =
  | { readonly do: "forward" | "drop" | "leave" }
  | { readonly do: "ping"; readonly stamp: string }
  | { readonly do: "sync"; readonly timestamp: number }
  | { readonly do: "key"; readonly keysym: number; readonly pressed: boolean }
  | { readonly do: "pointer"; readonly x: number; readonly y: number; readonly mask: number }
  | { readonly do: "touch"; readonly x: number; readonly y: number; readonly down: boolean }
  | { readonly do: "begin"; readonly kind: "paste" | "upload"; readonly stream: number; readonly name: string }
  | {
      readonly do: "refuse";
      readonly what: "paste" | "upload" | "get";
      readonly stream: number;
      readonly name: string;
      readonly because: "not-granted" | "invalid-name";
    }
  | { readonly do: "blob" | "end"; readonly kind: "paste" | "upload"; readonly stream: number }
  | { readonly do: "fault"; readonly what: string };

/** X11 keysyms with the Unicode range (0x01000000 + code point); guacd takes no larger ones from a keyboard. */
const KEYSYM_LARGEST = 0x1fff_ffff;
const COORDINATE_LARGEST = 32_767;
const NAME_LONGEST = 255;
/** No file's name: what a path ends at or climbs by, and what no file system shows. */
// eslint-disable-next-line no-control-regex
const NO_NAME = /[\u0000-\u001f\u007f]|(?:^|[\\/])\.\.(?:[\\/]|$)/;
const FORWARD = { do: "forward" } as const;
const DROP = { do: "drop" } as const;

export class InwardFilter {
  readonly #rights: () => Rights;
  readonly #touch: () => boolean;
  readonly #streams = new Map<number, InwardKind>();

  /** `touch`: whether this guacd has it. */
  constructor(rights: () => Rights, touch: () => boolean) {
    this.#rights = rights;
    this.#touch = touch;
  }

  /** Streams that are open, with what they are. */
  get open(): ReadonlyMap<number, InwardKind> {
    return this.#streams;
  }

  /** A stream that guacd or the gate gave up: what still comes on it is dropped. */
  giveUp(stream: number): void {
    if (this.#streams.has(stream)) this.#streams.set(stream, "refused");
  }

  judge(instruction: Instruction): InwardVerdict {
    switch (instruction.opcode) {
      case "":
        return ping(instruction.args);
      case "nop":
        return DROP;
      case "disconnect":
        return { do: "leave" };
      case "sync":
        return numbered(instruction, (timestamp) => ({ do: "sync", timestamp }));
      case "key":
        return key(instruction.args);
      case "mouse":
        return mouse(instruction.args);
      case "touch":
        return this.#touch() ? touch(instruction.args) : fault("touch");
      case "size":
        return size(instruction.args);
      default:
        return this.#judgeStream(instruction);
    }
  }

  #judgeStream(instruction: Instruction): InwardVerdict {
    const { opcode, args } = instruction;
    switch (opcode) {
      case "clipboard":
        return this.#begin("paste", args[0], args[1], "");
      case "file":
        return this.#begin("upload", args[0], args[1], args[2]);
      case "put":
        return streamIndex(args[0]) === undefined ? fault("put") : this.#begin("upload", args[1], args[2], args[3]);
      case "get":
        return this.#get(args);
      case "ack":
        return ack(args);
      case "blob":
      case "end":
        return this.#continue(opcode, instruction);
      default:
        return fault(opcode);
    }
  }

  #begin(kind: "paste" | "upload", index: string | undefined, type: string | undefined, name?: string): InwardVerdict {
    const stream = whole(index, 0, STREAMS_MOST - 1);
    if (stream === undefined || name === undefined) return fault(kind);
    if (type === undefined || type.length > NAME_LONGEST) return fault(kind);
    if (this.#streams.get(stream) === "paste" || this.#streams.get(stream) === "upload") return fault(kind);
    const granted = this.#rights()[kind] && (kind === "upload" || type === CLIPBOARD_TYPE);
    const named = name.length <= NAME_LONGEST && !NO_NAME.test(name);
    this.#streams.set(stream, granted && named ? kind : "refused");
    if (granted && named) return { do: "begin", kind, stream, name };
    return { do: "refuse", what: kind, stream, name, because: granted ? "invalid-name" : "not-granted" };
  }

  #continue(step: "blob" | "end", instruction: Instruction): InwardVerdict {
    const stream = firstIndex(instruction);
    const kind = stream === undefined ? undefined : this.#streams.get(stream);
    if (stream === undefined || kind === undefined) return fault(step);
    if (step === "end") this.#streams.delete(stream);
    return kind === "refused" ? DROP : { do: step, kind, stream };
  }

  #get(args: readonly string[]): InwardVerdict {
    const object = streamIndex(args[0]);
    const name = args[1];
    if (object === undefined || name === undefined || name.length > NAME_LONGEST * 8) return fault("get");
    const rights = this.#rights();
    return rights.download || rights.upload
      ? FORWARD
      : { do: "refuse", what: "get", stream: -1, name, because: "not-granted" };
  }
}

function fault(what: string): InwardVerdict {
  return { do: "fault", what };
}

/** Only the tunnel's ping; its stamp goes back as it came. */
function ping(args: readonly string[]): InwardVerdict {
  const stamp = args[1];
  if (args[0] !== "ping" || args.length !== 2 || whole(stamp, 0, Number.MAX_SAFE_INTEGER) === undefined)
    return fault("");
  return { do: "ping", stamp: stamp ?? "" };
}

function numbered({ args, opcode }: Instruction, then: (value: number) => InwardVerdict): InwardVerdict {
  const value = whole(args[0], 0, Number.MAX_SAFE_INTEGER);
  return value === undefined || args.length > 2 ? fault(opcode) : then(value);
}

function key(args: readonly string[]): InwardVerdict {
  const keysym = whole(args[0], 1, KEYSYM_LARGEST);
  const pressed = whole(args[1], 0, 1);
  if (keysym === undefined || pressed === undefined || args.length !== 2) return fault("key");
  return { do: "key", keysym, pressed: pressed === 1 };
}

/** A pointer dragged out of the picture has coordinates below zero: it stays at the edge. */
function mouse(args: readonly string[]): InwardVerdict {
  const x = whole(args[0], -COORDINATE_LARGEST, COORDINATE_LARGEST);
  const y = whole(args[1], -COORDINATE_LARGEST, COORDINATE_LARGEST);
  const mask = whole(args[2], 0, 127);
  if (x === undefined || y === undefined || mask === undefined || args.length > 4) return fault("mouse");
  return { do: "pointer", x: Math.max(0, x), y: Math.max(0, y), mask };
}

/** id, x, y, radius x, radius y, angle, force. */
function touch(args: readonly string[]): InwardVerdict {
  const [x, y] = [args[1], args[2]].map((one) => whole(one, -COORDINATE_LARGEST, COORDINATE_LARGEST));
  const shape = args.slice(3, 6).map((one) => decimal(one, -100_000, 100_000));
  const force = decimal(args[6], 0, 1);
  const fits = args.length === 7 && whole(args[0], 0, 0x7fff_ffff) !== undefined && !shape.includes(undefined);
  if (!fits || x === undefined || y === undefined || force === undefined) return fault("touch");
  return { do: "touch", x: Math.max(0, x), y: Math.max(0, y), down: force > 0 };
}

function size(args: readonly string[]): InwardVerdict {
  const { width, height } = DESKTOP_BOUNDS;
  const fits =
    whole(args[0], width.least, width.most) !== undefined && whole(args[1], height.least, height.most) !== undefined;
  return fits && args.length === 2 ? FORWARD : fault("size");
}

function ack(args: readonly string[]): InwardVerdict {
  const fits = streamIndex(args[0]) !== undefined && whole(args[2], 0, 0xffff) !== undefined && args.length === 3;
  return fits && (args[1] ?? "").length <= NAME_LONGEST ? FORWARD : fault("ack");
}
