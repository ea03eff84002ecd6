/**
 * Watches the legacy scp protocol on an exec channel and logs each file. It changes nothing and judges no right: which direction may run
 * at all was decided from the command. What it cannot follow is a violation, and the channel ends.
 *
 * The *source* sends `C`, `D`, `E`, `T` lines and file bytes, the *sink* answers each with one byte (0, or 1 or 2 and a line of text);
 * the source waits for every answer, so bytes sent before one are a violation too.
 */
import type { TransferRecord } from "../../../domain/index.js";
import type { RunningHash } from "./handles.js";

export interface ScpWatchOptions {
  /** `download`: the target is the source (`scp -f`). */
  readonly direction: "download" | "upload";
  /** The path in the command. */
  readonly path: string;
  /** An upload into a directory (`-d`, or a path that ends in a slash), so that each file's own name belongs to the path. */
  readonly intoDirectory: boolean;
  /** A fresh SHA-256. */
  readonly hash: () => RunningHash;
  readonly onTransfer: (record: TransferRecord) => void;
}

/** One side broke the protocol. The message is for the log and holds no bytes of the peer. */
export class ScpViolation extends Error {
  override readonly name = "ScpViolation";
}

const LINE_BYTES_MAX = 8192;
const ANSWERS_MAX = 64;
const DEPTH_MAX = 256;
const NEWLINE = 0x0a;
const FILE_OR_DIRECTORY = /^([CD])([0-7]{4,5}) (0|[1-9][0-9]{0,15}) ([^/]+)$/;
const TIMES = /^T[0-9]{1,20} [0-9]{1,6} [0-9]{1,20} [0-9]{1,6}$/;

interface File {
  readonly path: string;
  readonly hash: RunningHash;
  readonly declared: number;
  passed: number;
}

/** The source's next bytes: a line, a file's content, or the byte after it. */
type Expecting = "record" | "content" | "result";

export class ScpWatch {
  readonly #options: ScpWatchOptions;
  readonly #directories: string[] = [];
  readonly #sourceLine = new LineReader();
  readonly #sinkLine = new LineReader();
  /** The sink's answers the source has not needed yet: whether each was "go on". */
  readonly #answers: boolean[] = [];
  #expecting: Expecting = "record";
  /** What the awaited answer is for. The sink speaks first. */
  #awaiting: "start" | "file" | "directory" | "other" | undefined = "start";
  #file: File | undefined;
  #finished = false;
  #violation: ScpViolation | undefined;

  constructor(options: ScpWatchOptions) {
    this.#options = options;
  }

  /** Bytes the operator sent. Throws ScpViolation (now and ever after) when the channel must end; call `end` then. */
  fromOperator(chunk: Uint8Array): void {
    this.#take(chunk, this.#options.direction === "upload");
  }

  /** Bytes the target sent. Throws as `fromOperator`. */
  fromTarget(chunk: Uint8Array): void {
    this.#take(chunk, this.#options.direction === "download");
  }

  /** The channel's end: a file whose content is not all there is logged as not sequential. */
  end(): void {
    this.#log(false);
  }

  #take(chunk: Uint8Array, isSource: boolean): void {
    if (this.#violation !== undefined) throw this.#violation;
    try {
      if (isSource) this.#fromSource(chunk);
      else this.#fromSink(chunk);
    } catch (error) {
      if (error instanceof ScpViolation) this.#violation = error;
      throw error;
    }
  }

  #fromSink(chunk: Uint8Array): void {
    for (const byte of chunk) {
      const line = this.#sinkLine.push(byte, byte === 0);
      if (line === undefined) continue;
      const code = line.charCodeAt(0);
      if (line !== "" && code !== 1 && code !== 2) throw new ScpViolation("answer of an unknown kind");
      if (code === 2) this.#finished = true;
      if (this.#answers.length >= ANSWERS_MAX) throw new ScpViolation("too many answers");
      this.#answers.push(line === "");
    }
  }

  #fromSource(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      this.#needAnswer();
      if (this.#expecting === "content") at += this.#content(chunk.subarray(at));
      else {
        const byte = chunk[at++] ?? 0;
        const line = this.#sourceLine.push(byte, this.#expecting === "result" && byte === 0);
        if (line === undefined) continue;
        if (this.#expecting === "result") this.#result(line);
        else this.#record(line);
      }
    }
  }

  /** Uses up the answer that the source must have had before it sends on. */
  #needAnswer(): void {
    if (this.#awaiting === undefined) return;
    const goOn = this.#answers.shift();
    if (goOn === undefined) throw new ScpViolation("bytes sent before the answer");
    if (this.#finished) throw new ScpViolation("bytes sent after the end");
    if (this.#awaiting === "directory" && !goOn) this.#directories.pop();
    if (this.#awaiting === "file") {
      if (!goOn) this.#file = undefined;
      else this.#expecting = this.#file?.declared === 0 ? "result" : "content";
    }
    this.#awaiting = undefined;
  }

  #content(bytes: Uint8Array): number {
    const file = this.#file;
    if (file === undefined) throw new ScpViolation("content without a file");
    const part = bytes.subarray(0, file.declared - file.passed);
    file.hash.update(part);
    file.passed += part.length;
    if (file.passed === file.declared) this.#expecting = "result";
    return part.length;
  }

  /** After the content: 0, or 1 or 2 and a line when the source could not read all of it (it then padded). */
  #result(line: string): void {
    if (line !== "" && line.charCodeAt(0) !== 1 && line.charCodeAt(0) !== 2)
      throw new ScpViolation("no result after the content");
    this.#log(line === "");
    this.#expecting = "record";
    this.#awaiting = "other";
  }

  #record(line: string): void {
    const code = line.charCodeAt(0);
    if (code === 2) this.#finished = true;
    if (code === 1 || code === 2) return;
    if (line === "E") this.#leave();
    else if (TIMES.test(line)) this.#awaiting = "other";
    else this.#enter(line);
  }

  #leave(): void {
    if (this.#directories.pop() === undefined) throw new ScpViolation("end of a directory that was not begun");
    this.#awaiting = "other";
  }

  #enter(line: string): void {
    const [, kind, , size, name] = FILE_OR_DIRECTORY.exec(line) ?? [];
    if (name === undefined || name === "." || name === ".." || name.includes("\0"))
      throw new ScpViolation("malformed line");
    const declared = Number(size);
    if (!Number.isSafeInteger(declared)) throw new ScpViolation("file is too large");
    if (kind === "C") {
      this.#file = { path: this.#pathOf(name), hash: this.#options.hash(), declared, passed: 0 };
      this.#awaiting = "file";
    } else {
      if (this.#directories.length >= DEPTH_MAX) throw new ScpViolation("directories are too deep");
      this.#directories.push(name);
      this.#awaiting = "directory";
    }
  }

  /**
   * A download's source names the last part of what was asked for, so it stands beside it. An upload's file goes under the
   * path when that is a directory; when that is not known, the name that was sent is shown beside the path.
   */
  #pathOf(name: string): string {
    const { direction, path, intoDirectory } = this.#options;
    const below = [...this.#directories, name].join("/");
    if (direction === "download") {
      const slash = path.replace(/\/+$/, "").lastIndexOf("/");
      return slash < 0 ? below : `${path.slice(0, slash)}/${below}`;
    }
    if (intoDirectory || this.#directories.length > 0) return `${path.replace(/\/+$/, "")}/${below}`;
    return path === name || path.endsWith(`/${name}`) ? path : `${path} (sent as ${name})`;
  }

  #log(whole: boolean): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined || (!whole && this.#awaiting === "file")) return;
    this.#options.onTransfer({
      direction: this.#options.direction,
      path: file.path,
      size: file.passed,
      sha256: file.hash.digest(),
      sequential: whole,
    });
  }
}

/** Gathers a line, or the single 0 byte that stands for "all is well", of bounded length. */
class LineReader {
  #bytes: number[] = [];

  /** The line without its newline once it is whole; "" for the single byte when `alone` says it may stand alone here. */
  push(byte: number, alone: boolean): string | undefined {
    if (alone && this.#bytes.length === 0) return "";
    if (byte !== NEWLINE) {
      this.#bytes.push(byte);
      if (this.#bytes.length > LINE_BYTES_MAX) throw new ScpViolation("line is too long");
      return undefined;
    }
    const line = new TextDecoder().decode(Uint8Array.from(this.#bytes));
    this.#bytes = [];
    if (line === "") throw new ScpViolation("empty line");
    return line;
  }
}
