/** Replays a recording: a player fed by stretches fetched from the gate, and driven by the browser's pictures. */
import type { ReplaySegment } from "../../api/types.js";
import { createPlayer, type Player, type PlayerState } from "../core/player.js";
import type { Screen } from "../core/screen.js";

export interface RecordedParts {
  readonly recordingId: string;
  readonly fetchSegment: (
    id: string,
    range: { channel: number; fromUs: number; maxUs: number },
    signal: AbortSignal,
  ) => Promise<ReplaySegment>;
  readonly screenOf: (channel: number) => Screen;
  readonly durationUs: number;
  readonly onState: (state: PlayerState) => void;
  readonly onFailure: (cause: unknown) => void;
}

/** Starts paused at `positionUs`. `onState` is called after every picture on which something moved. */
export function playRecorded(parts: RecordedParts, start: { channel: number; positionUs: number }): Player {
  const player = createPlayer(
    {
      source: (channel, fromUs, maxUs, signal) =>
        parts.fetchSegment(parts.recordingId, { channel, fromUs, maxUs }, signal),
      screenOf: parts.screenOf,
      durationUs: parts.durationUs,
      now: () => performance.now(),
      onFailure: parts.onFailure,
    },
    start,
  );
  let last = "";
  let frame = requestAnimationFrame(function picture() {
    player.tick();
    const state = player.state();
    const told = JSON.stringify(state);
    if (told !== last) {
      last = told;
      parts.onState(state);
    }
    frame = requestAnimationFrame(picture);
  });
  return {
    ...player,
    dispose: () => {
      cancelAnimationFrame(frame);
      player.dispose();
    },
  };
}
