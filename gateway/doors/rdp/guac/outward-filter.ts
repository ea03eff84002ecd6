/**
 * What guacd may say, by allow-list. Drawing goes into the recording and to the browser; clipboard and files pass under their
 * right alone; what this house never wants is dropped; what nobody knows is a fault that ends the session. Pure.
 */
import type { Instruction } from "../../../../recordings/codec/index.js";
import { firstIndex, streamIndex, whole } from "./numbers.js";
import { CLIPBOARD_TYPE, LISTING_TYPE, type Rights } from "./rights.js";

export type OutwardKind = "picture" | "copy" | "download" | "listing" | "refused";
export type OutwardPassage = "copy" | "download" | "listing";

export type OutwardVerdict =
  | { readonly do: "draw" | "pass" | "drop" | "close" }
  | { readonly do: "sync"; readonly timestamp: number }
  | { readonly do: "begin"; readonly kind: OutwardPassage; readonly stream: number; readonly name: string }
  | { readonly do: "refuse"; readonly what: "copy" | "download"; readonly stream: number; readonly name: string }
  | { readonly do: "blob" | "end"; readonly kind: OutwardPassage; readonly stream: number }
  | { readonly do: "ack"; readonly stream: number; readonly status: number }
  | { readonly do: "error"; readonly status: string }
  | { readonly do: "fault"; readonly what: string };

/** Guacamole protocol reference, drawing instructions; those that carry no stream. */
const DRAWING = new Set([
  "arc",
  "cfill",
  "clip",
  "close",
  "copy",
  "cstroke",
  "cursor",
  "curve",
  "dispose",
  "distort",
  "identity",
  "jpeg",
  "lfill",
  "line",
  "lstroke",
  "move",
  "png",
  "pop",
  "push",
  "rect",
  "reset",
  "set",
  "shade",
  "start",
  "transfer",
  "transform",
]);
/** Nothing of these is wanted: names, prompts for credentials, other users' pointers, guacd's own chatter. */
const DROPPED = new Set(["log", "msg", "name", "mouse", "nest", "ready", "required", "args"]);
/** Streams of content that never passes: sound, video, static channels, parameters. */
const REFUSED_STREAMS = new Set(["audio", "video", "pipe", "argv"]);
const SIDE_LARGEST = 16_384;
const NAME_LONGEST = 1_024;
const DRAW = { do: "draw" } as const;
const PASS = { do: "pass" } as const;
const DROP = { do: "drop" } as const;

export class OutwardFilter {
  readonly #rights: () => Rights;
  readonly #streams = new Map<number, OutwardKind>();

  constructor(rights: () => Rights) {
    this.#rights = rights;
  }

  get open(): ReadonlyMap<number, OutwardKind> {
    return this.#streams;
  }

  /** A stream that the browser or the gate gave up: what still comes on it is dropped. */
  giveUp(stream: number): void {
    if (this.#streams.has(stream)) this.#streams.set(stream, "refused");
  }

  judge(instruction: Instruction): OutwardVerdict {
    const { opcode } = instruction;
    switch (opcode) {
      case "blob":
      case "end":
        return this.#continue(opcode, instruction);
      case "sync":
        return sync(instruction.args);
      case "img":
        return this.#keep(instruction.args[0], "picture", opcode);
      case "size":
        return size(instruction.args);
      case "nop":
        return PASS;
      case "disconnect":
        return { do: "close" };
      case "error":
        return { do: "error", status: instruction.args[1] ?? "" };
      default:
        return DRAWING.has(opcode) ? DRAW : this.#judgeRest(instruction);
    }
  }

  #judgeRest({ opcode, args }: Instruction): OutwardVerdict {
    switch (opcode) {
      case "clipboard":
        return this.#begin("copy", args[0], this.#rights().copy && args[1] === CLIPBOARD_TYPE, "");
      case "file":
        return this.#begin("download", args[0], this.#rights().download, args[2]);
      case "body":
        return this.#body(args);
      case "filesystem":
      case "undefine":
        return this.#object(opcode, args);
      case "ack":
        return ack(args);
      default:
        if (REFUSED_STREAMS.has(opcode)) return this.#keep(args[0], "refused", opcode);
        return DROPPED.has(opcode) ? DROP : fault(opcode);
    }
  }

  #continue(step: "blob" | "end", instruction: Instruction): OutwardVerdict {
    const stream = firstIndex(instruction);
    if (stream === undefined) return fault(step);
    const kind = this.#streams.get(stream);
    if (step === "end") this.#streams.delete(stream);
    if (kind === "picture") return DRAW;
    return kind === undefined || kind === "refused" ? DROP : { do: step, kind, stream };
  }

  /** A stream that needs no asking: a picture's, or one whose content is thrown away. */
  #keep(index: string | undefined, kind: "picture" | "refused", opcode: string): OutwardVerdict {
    const stream = streamIndex(index);
    if (stream === undefined) return fault(opcode);
    this.#streams.set(stream, kind);
    return kind === "picture" ? DRAW : DROP;
  }

  #begin(kind: OutwardPassage, index: string | undefined, allowed: boolean, name: string | undefined): OutwardVerdict {
    const stream = streamIndex(index);
    if (stream === undefined || name === undefined || name.length > NAME_LONGEST) return fault(kind);
    this.#streams.set(stream, allowed ? kind : "refused");
    if (allowed) return { do: "begin", kind, stream, name };
    return { do: "refuse", what: kind === "copy" ? "copy" : "download", stream, name };
  }

  /** A folder's listing, or a file of the drive. */
  #body(args: readonly string[]): OutwardVerdict {
    const rights = this.#rights();
    if (streamIndex(args[0]) === undefined) return fault("body");
    if (args[2] === LISTING_TYPE) return this.#begin("listing", args[1], rights.download || rights.upload, args[3]);
    return this.#begin("download", args[1], rights.download, args[3]);
  }

  #object(opcode: string, args: readonly string[]): OutwardVerdict {
    const rights = this.#rights();
    if (streamIndex(args[0]) === undefined || (args[1] ?? "").length > NAME_LONGEST) return fault(opcode);
    return rights.download || rights.upload ? PASS : DROP;
  }
}

function fault(what: string): OutwardVerdict {
  return { do: "fault", what };
}

function sync(args: readonly string[]): OutwardVerdict {
  const timestamp = whole(args[0], 0, Number.MAX_SAFE_INTEGER);
  return timestamp === undefined ? fault("sync") : { do: "sync", timestamp };
}

/** A layer larger than any screen would take the browser's memory. */
function size(args: readonly string[]): OutwardVerdict {
  const fits = [args[1], args[2]].every((one) => whole(one, 0, SIDE_LARGEST) !== undefined);
  return fits ? DRAW : fault("size");
}

function ack(args: readonly string[]): OutwardVerdict {
  const stream = streamIndex(args[0]);
  const status = whole(args[2], 0, 0xffff);
  return stream === undefined || status === undefined ? fault("ack") : { do: "ack", stream, status };
}
