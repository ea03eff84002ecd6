/** What stands in for clock, recorder and library in tests of the broker's use cases: set by hand, and remembering what it was told. */
import type {
  ChannelOutcome,
  ClipboardRecord,
  EndReason,
  RecordingId,
  Tap,
  TapEvent,
} from "../../gateway/domain/index.js";
import type { BrokerDeps, TargetProbe } from "../../gateway/broker/deps.js";
import type { Derived, FinishedRecording, Keyframe, Library, OpenTap } from "../../gateway/recording/index.js";
import { NOW } from "./rows.js";

/** What the fakes do, for a test to change. */
export interface World {
  addresses: Record<string, readonly string[]>;
  hostKey: string;
  tested: Awaited<ReturnType<TargetProbe["testCredential"]>>;
  bootstrap: boolean;
  recorderOk: boolean;
  recorderOpens: boolean;
  databaseAnswers: boolean;
  derived: Derived;
  certificate: string;
  /** State of the open terminals and desktops of any live recording. */
  screens: readonly Keyframe[];
  thumbnail: Uint8Array | undefined;
  recovered: Awaited<ReturnType<BrokerDeps["recover"]>>;
  /** Called before the recorder opens, to change the world meanwhile. */
  beforeOpen: () => Promise<void>;
}

export const NO_DERIVED: Derived = {
  durationUs: 1000,
  channels: [],
  markers: [],
  activity: [],
  keyframes: [],
  thumbnails: [],
  screen: [],
};

export class ManualClock {
  ms = NOW;
  us = 0;
  now(): number {
    return this.ms;
  }
  monotonicUs(): number {
    return this.us;
  }
  advance(ms: number): void {
    this.ms += ms;
    this.us += ms * 1000;
  }
}

export class FakeRecording {
  readonly notes: { readonly kind: string; readonly detail: Readonly<Record<string, unknown>> }[] = [];
  readonly listeners = new Set<(event: TapEvent) => void>();
  readonly clipboards: ClipboardRecord[] = [];
  readonly openings: Parameters<Tap["openChannel"]>[0][] = [];
  closedBecause: EndReason | undefined;
  fail: (because: "recorder-failed" | "quota") => void = () => undefined;
  digested = false;
  #numbers = 0;

  open(recordingId: RecordingId): OpenTap {
    let finish: (finished: FinishedRecording) => void = () => undefined;
    const finished = new Promise<FinishedRecording>((resolve) => {
      finish = resolve;
    });
    const tap: Tap = {
      recordingId,
      elapsedUs: 0,
      openChannel: async (opening) => {
        this.openings.push(opening);
        const number = ++this.#numbers;
        const outcome: ChannelOutcome = this.digested ? "digested" : "recorded";
        const nothing = async (): Promise<void> => undefined;
        return {
          number,
          output: async (bytes) => {
            this.emit({ type: "output", channel: number, atUs: 1, bytes, stderr: false });
          },
          graphics: async (bytes) => {
            this.emit({ type: "graphics", channel: number, atUs: 1, bytes });
            return 1;
          },
          pointer: async (x, y, mask) => {
            this.emit({ type: "pointer", channel: number, atUs: 1, x, y, mask });
          },
          clipboard: async (record) => {
            this.clipboards.push(record);
            this.emit({ type: "clipboard", channel: number, atUs: 1, direction: record.direction, size: record.size });
          },
          input: nothing,
          resize: nothing,
          gate: nothing,
          transfer: nothing,
          exit: nothing,
          counters: { bytesIn: 3, bytesOut: 5, digested: this.digested },
          close: async () => outcome,
        };
      },
      note: async (kind, detail) => {
        this.notes.push({ kind, detail });
      },
      watch: (listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
      onFailure: (listener) => {
        this.fail = listener;
      },
      close: async (because) => {
        this.closedBecause = because;
        const complete = because !== "recorder-failed";
        finish({
          because,
          complete,
          durationUs: 1000,
          bytes: 100,
          frames: 1,
          closingHash: complete ? "ab".repeat(32) : null,
        });
      },
    };
    return { tap, finished };
  }

  emit(event: TapEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

export function fakeLibrary(world: World): Library {
  const none = async function* (): AsyncGenerator<never> {};
  return {
    read: async () => undefined,
    derived: async () => world.derived,
    keyframe: async (_id, channel, atUs) => ({ channel, atUs: Math.min(atUs, 0), cols: 80, rows: 24, state: "" }),
    liveScreens: async () => world.screens,
    grew: () => undefined,
    thumbnail: async () => world.thumbnail,
    guac: async function* () {
      yield Buffer.from("4.sync,1.0;");
    },
    verify: async () => ({ verdict: "altered", record: 2, offset: 99, what: "chain" }),
    raw: async () =>
      (async function* () {
        for (let piece = 0; piece < 5; piece += 1) yield Uint8Array.of(piece);
      })(),
    asciicast: none,
    text: none,
    input: none,
    remove: async () => undefined,
    close: async () => undefined,
  };
}
