/** A recorder over blobs in memory, with a clock that a test moves, and readers that need no worker. */
import { randomUUID } from "node:crypto";
import type { RecordingId } from "../../gateway/domain/index.js";
import { createRecorder, nodeVerifyCrypto } from "../../gateway/recording/index.js";
import type { OpenTap, Quotas, Recorder, RecorderDeps, StreamOpener } from "../../gateway/recording/index.js";
import { FrameOpener } from "../../gateway/recording/frame-text.js";
import { ContainerScanner, verifyContainer } from "../../recordings/codec/index.js";
import type { RecordedEvent, Verdict } from "../../recordings/codec/index.js";
import { MemoryBlobs } from "./memory-blobs.js";
import { TestRecordingCrypto } from "./recording-crypto.js";

const GENEROUS: Quotas = { sessionBytes: 1e12, bytesPerSecond: 1e12, rateWindowMs: 10_000, reserveBytes: 1e6 };

export class RecordingRoom {
  readonly crypto = new TestRecordingCrypto();
  readonly logged: string[] = [];
  blobs: MemoryBlobs = new MemoryBlobs();
  journal: MemoryBlobs = new MemoryBlobs();
  quotas: Quotas = GENEROUS;
  nowUs = 0;
  recorder!: Recorder;

  deps(): RecorderDeps {
    const { blobs, journal, crypto, quotas } = this;
    const clock = { now: () => 1_700_000_000_000 + this.nowUs / 1000, monotonicUs: () => this.nowUs };
    const log = (level: string, message: string, detail: unknown): void => {
      this.logged.push(`${level} ${message} ${JSON.stringify(detail)}`);
    };
    return { blobs, journal, crypto, clock, nodeId: randomUUID(), quotas, log };
  }

  async start(): Promise<this> {
    this.recorder = await createRecorder(this.deps());
    return this;
  }

  async open(id: string = randomUUID()): Promise<OpenTap & { id: RecordingId }> {
    const recordingId = id as RecordingId;
    const opened = await this.recorder.open({ recordingId, sessionId: randomUUID(), meta: { who: "alice" } });
    return { ...opened, id: recordingId };
  }

  advance(ms: number): void {
    this.nowUs += ms * 1000;
  }

  verify(id: string, bytes: Uint8Array = this.blobs.content(`${id}.ghr`)): Promise<Verdict> {
    return verifyContainer(once(bytes), nodeVerifyCrypto, this.crypto.evidence.publicKey);
  }

  /** Events of one stream, as they stand in the container. */
  events(id: string, stream: 0 | 1 = 0, bytes: Uint8Array = this.blobs.content(`${id}.ghr`)): RecordedEvent[] {
    const opener: StreamOpener = stream === 0 ? this.crypto.mainOpener(id, `main:${id}`) : this.crypto.inputOpener(id);
    const frames = new FrameOpener(opener, id);
    const events: RecordedEvent[] = [];
    for (const { head, headBytes, body } of new ContainerScanner().push(bytes)) {
      if (head.kind === 1 && head.stream === stream) events.push(...frames.events(headBytes, body));
    }
    return events;
  }
}

/** Payloads of one type, joined. */
export function payloads(events: readonly RecordedEvent[], type: number, channel?: number): Buffer {
  return Buffer.concat(
    events.filter((event) => event.type === type && (channel ?? event.channel) === event.channel).map((e) => e.payload),
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export const shell = {
  kind: "shell",
  detail: "",
  pty: { term: "xterm", cols: 80, rows: 24 },
  keepBytes: Infinity,
  beyond: "cut",
} as const;

export const desktop = {
  kind: "desktop",
  detail: "",
  desktop: { width: 1280, height: 800, dpi: 96 },
  keepBytes: Infinity,
  beyond: "cut",
} as const;
