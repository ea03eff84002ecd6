/** Replay, search, export and kept input. Expected outcomes are `Outcome` values. */
import type {
  Actor,
  ChannelKind,
  InputOpening,
  InputOpeningId,
  Outcome,
  RecordingId,
  SearchEntry,
} from "../../domain/index.js";
import type { Page, Listing } from "./lists.js";
import type { NamedPerson, NamedSession } from "./names.js";
import type { SessionView, SessionFilter } from "./sessions.js";

export interface ReplayIndex {
  readonly session: SessionView;
  readonly durationUs: number;
  readonly complete: boolean;
  readonly channels: readonly {
    readonly channel: number;
    readonly kind: ChannelKind;
    readonly detail: string;
    readonly pty: boolean;
    readonly fromUs: number;
    readonly toUs: number;
    readonly cols: number;
    readonly rows: number;
  }[];
  /** `text` is a command line, a file name, a note. */
  readonly markers: readonly {
    readonly atUs: number;
    readonly channel: number;
    readonly kind: "command" | "transfer" | "alert" | "note" | "forward" | "clipboard" | "keys" | "watch";
    readonly text: string;
    /** `keys`: keys, untilUs · `clipboard`: direction, bytes, text · `transfer`: direction, path · `watch`: login, on · `note`: note (its kind) and its facts. */
    readonly parts?: Readonly<Record<string, string | number | boolean>>;
  }[];
  /** Activity per equal slice of the duration, 0 … 1. */
  readonly activity: readonly number[];
  /** Event times of a desktop's small pictures, per channel. */
  readonly thumbnails: readonly { readonly channel: number; readonly atUs: number }[];
  /** Event times of keyframes, per channel. */
  readonly keyframes: readonly { readonly channel: number; readonly atUs: number }[];
}

/** A stretch of a replay: state at `fromUs` (as `Keyframe.state`), then events in `[fromUs, toUs)`. */
export interface ReplaySegment {
  readonly channel: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly screen: { readonly cols: number; readonly rows: number; readonly state: string };
  /**
   * `o` output (base64 bytes), `r` resize "COLSxROWS", `g` the gate's own text; on a desktop `d` whole Guacamole instructions
   * (text) and `p` the operator's pointer "x,y,mask".
   */
  readonly events: readonly (readonly [atUs: number, code: "o" | "r" | "g" | "d" | "p", data: string])[];
}

export interface SearchHit {
  readonly entry: Omit<SearchEntry, "sealed">;
  readonly text: string;
  readonly session: SessionView;
}

/** With the session whose input it is, and the two who open it. */
export interface InputOpeningView extends InputOpening {
  readonly session: NamedSession | null;
  readonly requester: NamedPerson | null;
  readonly approver: NamedPerson | null;
}

export interface RecordingUseCases {
  index(actor: Actor, id: RecordingId): Promise<Outcome<ReplayIndex>>;
  segment(
    actor: Actor,
    id: RecordingId,
    range: { readonly channel: number; readonly fromUs: number; readonly maxUs: number },
  ): Promise<Outcome<ReplaySegment>>;
  /** The newest small picture (PNG) of a desktop at or before `atUs`. Counts as reading; `not-found` when there is none. */
  thumbnail(
    actor: Actor,
    id: RecordingId,
    at: { readonly channel: number; readonly atUs: number },
  ): Promise<Outcome<Uint8Array>>;
  /** A desktop as `.guac`. */
  exportGuac(actor: Actor, id: RecordingId, channel: number): Promise<Outcome<AsyncIterable<Uint8Array>>>;
  /** Typed commands and transferred files. */
  search(
    actor: Actor,
    input: { readonly q: string; readonly kind?: SearchEntry["kind"] } & SessionFilter & { readonly limit?: number },
  ): Promise<Outcome<readonly SearchHit[]>>;
  verify(actor: Actor, id: RecordingId): Promise<Outcome<{ readonly verdict: string; readonly detail: string }>>;
  /** The sealed container as it lies in the store. */
  exportContainer(actor: Actor, id: RecordingId): Promise<Outcome<AsyncIterable<Uint8Array>>>;
  exportAsciicast(actor: Actor, id: RecordingId, channel: number): Promise<Outcome<AsyncIterable<Uint8Array>>>;
  /** Printable text of a terminal, as a person would have read it. */
  exportText(actor: Actor, id: RecordingId, channel: number): Promise<Outcome<AsyncIterable<Uint8Array>>>;
  requestInput(actor: Actor, id: RecordingId, reason: string): Promise<Outcome<InputOpening>>;
  approveInput(actor: Actor, id: InputOpeningId): Promise<Outcome<InputOpening>>;
  /** Only the requester, after another person agreed, until it expires; each read is an event. */
  readInput(
    actor: Actor,
    id: InputOpeningId,
  ): Promise<Outcome<readonly { readonly channel: number; readonly atUs: number; readonly text: string }[]>>;
  listInputOpenings(actor: Actor, page: Page): Promise<Outcome<Listing<InputOpeningView>>>;
}
