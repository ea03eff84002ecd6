/** What goes between the library and a derive worker. Only plaintext of main-stream frames goes in; no key ever does. */
import type { Derived, Keyframe } from "../contract.js";

export type DeriveMode =
  /** Keyframes on the way and a summary at the end; without `emulate` only what events say by themselves. */
  | {
      readonly what: "derive";
      readonly emulate: boolean;
      /** Of the whole recording, when it is known: small pictures of desktops are spread over it; without it there are none. */
      readonly durationUs?: number;
    }
  /** The state of every open terminal and desktop at the end; with `keyframes` also those of desktops on the way. */
  | { readonly what: "screens"; readonly keyframes: boolean }
  /** The text of one channel on the way. */
  | { readonly what: "text"; readonly channel: number };

export interface PlainFrame {
  readonly timeUs: number;
  readonly plain: Uint8Array;
}

/** A small picture of a desktop, as PNG. */
export interface Thumbnail {
  readonly channel: number;
  readonly atUs: number;
  readonly picture: Uint8Array;
}

/** Derived data without what is kept apart from it. */
export type Summary = Omit<Derived, "keyframes" | "thumbnails">;

export type ToWorker =
  | { readonly op: "begin"; readonly mode: DeriveMode; readonly from: readonly Keyframe[] }
  | { readonly op: "frames"; readonly frames: readonly PlainFrame[] }
  | { readonly op: "end" };

export type FromWorker =
  | { readonly op: "keyframe"; readonly keyframe: Keyframe }
  | { readonly op: "desktop"; readonly screen: Keyframe }
  | { readonly op: "thumbnail"; readonly thumbnail: Thumbnail }
  | { readonly op: "text"; readonly text: string }
  /** Answers each message when it is done. */
  | { readonly op: "done"; readonly summary?: Summary }
  | { readonly op: "failed"; readonly message: string };
