/**
 * The files of one browser on their way to guacd. guacd answers the opening, each piece and the end, in order; a file is whole when
 * all of that was a success, and cut when guacd could not write it or does not say so in time. Steps come one after the other.
 */
import type { LiveSession } from "../../broker/index.js";
import { STATUS } from "./errors.js";
import { FilePassage } from "./file-passage.js";

export interface UploadsParts {
  readonly live: LiveSession;
  /** To guacd, once it may pass. */
  readonly send: (bytes: Uint8Array) => Promise<void>;
  /** Tells guacd at once that a stream of the browser's ends. */
  readonly end: (stream: number) => void;
  /** After the steps that wait. */
  readonly later: (step: () => Promise<void>) => void;
  readonly onFailure: (error: unknown) => void;
  /** How long guacd may take to answer an end. */
  readonly answerMs: number;
}

interface Upload {
  readonly file: FilePassage;
  /** Answers that guacd owes. */
  owed: number;
  /** Whether guacd answered its opening. */
  begun: boolean;
  failed: boolean;
}

interface Closing {
  readonly upload: Upload;
  readonly settle: () => void;
  /** Resolves when guacd owes nothing more on this stream, or its time is up. */
  readonly settled: Promise<void>;
}

export class Uploads {
  readonly #parts: UploadsParts;
  readonly #open = new Map<number, Upload>();
  /** Ended, while guacd still owes answers: on the same stream nothing begins before. */
  readonly #closing = new Map<number, Closing>();
  readonly #files = new Set<FilePassage>();

  constructor(parts: UploadsParts) {
    this.#parts = parts;
  }

  /** Streams that have not come to their end. */
  get open(): Iterable<number> {
    return this.#open.keys();
  }

  /** False when it may not pass. */
  async begin(stream: number, name: string, bytes: Uint8Array): Promise<boolean> {
    await this.#closing.get(stream)?.settled;
    const file = await FilePassage.open(this.#parts.live, "upload", name);
    if (file === undefined) return false;
    this.#files.add(file);
    this.#open.set(stream, { file, owed: 1, begun: false, failed: false });
    await this.#parts.send(bytes);
    return true;
  }

  async piece(stream: number, content: Uint8Array, bytes: Uint8Array): Promise<void> {
    const upload = this.#open.get(stream);
    if (upload === undefined) return;
    await upload.file.record(content);
    upload.owed += 1;
    await this.#parts.send(bytes);
  }

  async end(stream: number, bytes: Uint8Array): Promise<void> {
    const upload = this.#open.get(stream);
    if (upload === undefined) return;
    upload.owed += 1;
    this.#close(stream, upload);
    await this.#parts.send(bytes);
  }

  /** guacd's answer on a stream: what it is about. `fails`: a file that had not come to its end ends by it. */
  answered(stream: number, status: number): "none" | "open" | "fails" | "ended" {
    const closing = this.#closing.get(stream);
    const upload = closing?.upload ?? this.#open.get(stream);
    if (upload === undefined) return "none";
    const { failed, begun } = upload;
    upload.begun = true;
    upload.owed -= 1;
    if (status !== STATUS.success) upload.failed = true;
    if (closing !== undefined) {
      if (upload.owed <= 0) closing.settle();
      return failed ? "none" : "ended";
    }
    if (!upload.failed) return "open";
    this.#fail(stream, upload, begun);
    return "fails";
  }

  /** Waits for no answer any more: what guacd has not answered counts as cut. */
  stopWaiting(): void {
    for (const { settle } of this.#closing.values()) settle();
  }

  /** Writes down as cut what did not come to its end. */
  async cut(): Promise<void> {
    this.stopWaiting();
    this.#open.clear();
    await Promise.all([...this.#files].map((file) => this.#over(file, false)));
  }

  /** guacd keeps a file open that it could not write to, but not one that it could not open. */
  #fail(stream: number, upload: Upload, keptOpen: boolean): void {
    this.#parts.later(() => this.#over(upload.file, false));
    this.#open.delete(stream);
    if (keptOpen) {
      upload.owed += 1;
      this.#parts.end(stream);
    }
    if (upload.owed > 0) this.#close(stream, upload);
  }

  #close(stream: number, upload: Upload): void {
    this.#open.delete(stream);
    let settle: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => (settle = resolve));
    const timer = setTimeout(() => settle(), this.#parts.answerMs);
    this.#closing.set(stream, { upload, settle, settled });
    void settled.then(async () => {
      clearTimeout(timer);
      this.#closing.delete(stream);
      try {
        await this.#over(upload.file, upload.owed <= 0 && !upload.failed);
      } catch (error) {
        this.#parts.onFailure(error);
      }
    });
  }

  async #over(file: FilePassage, whole: boolean): Promise<void> {
    await file.end(whole);
    this.#files.delete(file);
  }
}
