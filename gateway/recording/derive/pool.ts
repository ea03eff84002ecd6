/**
 * A bounded pool of derive workers. A recording that hangs or kills its worker fails alone: the worker is replaced, the next
 * recording does not notice. Workers start when first needed and do not keep the process alive.
 */
import { Worker } from "node:worker_threads";
import { GatehouseError } from "../../domain/index.js";
import type { Keyframe } from "../contract.js";
import type { DeriveMode, FromWorker, PlainFrame, Summary, Thumbnail, ToWorker } from "./protocol.js";

const HEAP_MB = 512;

export interface DeriveJob {
  readonly mode: DeriveMode;
  readonly from: readonly Keyframe[];
  readonly batches: AsyncIterable<readonly PlainFrame[]>;
  keyframe?(keyframe: Keyframe): Promise<void> | void;
  desktop?(screen: Keyframe): void;
  thumbnail?(thumbnail: Thumbnail): Promise<void> | void;
  text?(text: string): Promise<void> | void;
}

export class WorkerPool {
  readonly #url: URL;
  readonly #hangMs: number;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  #free: number;
  readonly #waiting: (() => void)[] = [];
  #closed = false;

  /** `hangMs`: how long one batch may take. */
  constructor(url: URL, size: number, hangMs: number) {
    this.#url = url;
    this.#free = size;
    this.#hangMs = hangMs;
  }

  /** Rejects with `internal` when the worker died, hung or could not make sense of the events. */
  async run(job: DeriveJob): Promise<Summary | undefined> {
    await this.#enter();
    let worker: Worker | undefined;
    try {
      worker = this.#take();
      const summary = await this.#work(worker, job);
      this.#idle.push(worker);
      return summary;
    } catch (error) {
      if (worker !== undefined) await this.#discard(worker);
      throw error;
    } finally {
      this.#leave();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map((worker) => this.#discard(worker)));
  }

  async #work(worker: Worker, job: DeriveJob): Promise<Summary | undefined> {
    await this.#ask(worker, { op: "begin", mode: job.mode, from: job.from }, job);
    for await (const frames of job.batches) await this.#ask(worker, { op: "frames", frames }, job);
    return this.#ask(worker, { op: "end" }, job);
  }

  /** Sends one message and sees to all that comes back until it is done. */
  #ask(worker: Worker, message: ToWorker, job: DeriveJob): Promise<Summary | undefined> {
    return new Promise((resolve, reject) => {
      let writing: Promise<void> = Promise.resolve();
      // Caught at once: nobody waits for a write before the worker is done, and a failed one must not end the process.
      const write = (work: () => Promise<void> | void): void => {
        writing = writing.then(work);
        writing.catch((error: unknown) => fail("its results could not be kept", error));
      };
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        worker.off("message", onMessage);
        worker.off("error", onError);
        worker.off("exit", onExit);
        settle();
      };
      const fail = (why: string, cause?: unknown): void =>
        end(() => reject(new GatehouseError("internal", `deriving from a recording failed: ${why}`, cause)));
      const onError = (error: unknown): void => fail("its worker died", error);
      const onExit = (): void => fail("its worker ended");
      const onMessage = (answer: FromWorker): void => {
        if (answer.op === "keyframe") write(() => job.keyframe?.(answer.keyframe));
        else if (answer.op === "desktop") write(() => job.desktop?.(answer.screen));
        else if (answer.op === "thumbnail") write(() => job.thumbnail?.(answer.thumbnail));
        else if (answer.op === "text") write(() => job.text?.(answer.text));
        else if (answer.op === "failed") fail("its events make no sense");
        else end(() => void writing.then(() => resolve(answer.summary), reject));
      };
      const timer = setTimeout(() => fail("its worker took too long"), this.#hangMs);
      worker.on("message", onMessage);
      worker.on("error", onError);
      worker.on("exit", onExit);
      worker.postMessage(message, message.op === "frames" ? ownBuffers(message.frames) : []);
    });
  }

  #take(): Worker {
    if (this.#closed) throw new GatehouseError("draining", "the library is closed");
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const worker = new Worker(this.#url, {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      stdout: false,
      stderr: false,
    });
    worker.unref();
    this.#all.add(worker);
    worker.once("exit", () => {
      this.#all.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    // An idle worker that dies is only missed; one at work is watched by its job.
    worker.on("error", () => undefined);
    return worker;
  }

  async #discard(worker: Worker): Promise<void> {
    this.#all.delete(worker);
    await worker.terminate();
  }

  #enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** What of the frames' plaintext can be handed over instead of copied; nobody else reads it. */
function ownBuffers(frames: readonly PlainFrame[]): ArrayBuffer[] {
  const whole = ({ buffer, byteLength }: Uint8Array): boolean => buffer.byteLength === byteLength;
  return frames.flatMap(({ plain }) => (whole(plain) ? [plain.buffer as ArrayBuffer] : []));
}
