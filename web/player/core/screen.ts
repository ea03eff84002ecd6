/** What a player draws on. A terminal view is one, a desktop view another; a test is a third. The core knows no protocol: codes and data pass through it. */
import type { SegmentEvent } from "./segments.js";

/** One event for a screen: as in a segment, or live, where the data may be the bytes themselves. */
export type ScreenEvent = readonly [atUs: number, code: SegmentEvent[1], data: string | Uint8Array];

export interface Screen {
  /** An empty picture of that size, brought to a state; what was being drawn for an older one is dropped. */
  reset(cols: number, rows: number, state: string): void;
  /** Shows the last of these, by way of all of them in their order. */
  draw(events: readonly ScreenEvent[]): void;
  /** Still at work on what it was given: whoever feeds it should wait. */
  busy(): boolean;
}
