/** Replay: what a recording holds, and stretches of it from the nearest keyframe. Each is authorised at its own moment. */
import { done, refused, type Actor, type Outcome, type RecordingId } from "../domain/index.js";
import type { RecordingUseCases, ReplayIndex, ReplaySegment } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { sessionView } from "./list-sessions.js";
import type { LiveSessions } from "./live-sessions.js";
import { logReading, mayRead, type Readable } from "./recording-access.js";
import { collectEvents } from "./replay-events.js";

type Deps = Pick<BrokerDeps, "database" | "policy" | "library" | "clock"> & {
  readonly live: LiveSessions;
  readonly viewings: Viewings;
};
type Range = Parameters<RecordingUseCases["segment"]>[2];

const LONGEST_US = 600_000_000;
const TELL_EVERY_US = 10_000_000;
const REMEMBERED = 10_000;

/** The table of contents; `recording.viewed` is written each time. */
export async function replayIndex(deps: Deps, actor: Actor, id: RecordingId): Promise<Outcome<ReplayIndex>> {
  const may = await mayRead(deps, actor, id, "replay");
  if (!may.ok) return may;
  await logReading(deps, may.value, "recording.viewed", { part: "index" });
  const derived = await deps.library.derived(id);
  const { durationUs, markers, activity, thumbnails, keyframes } = derived;
  const channels = derived.channels.map((channel) => ({
    ...channel,
    kind: channel.kind as ReplayIndex["channels"][number]["kind"],
  }));
  const session = await sessionView(deps, deps.database.read, may.value.session);
  return done({
    session,
    durationUs,
    complete: may.value.recording.state !== "open",
    channels,
    markers,
    activity,
    thumbnails,
    keyframes,
  });
}

/**
 * From the newest keyframe at or before `fromUs` to `fromUs + maxUs`; `fromUs` of the answer is the keyframe's, `toUs` is
 * earlier than asked when the stretch holds more than one answer may carry.
 */
export async function replaySegment(
  deps: Deps,
  actor: Actor,
  id: RecordingId,
  range: Range,
): Promise<Outcome<ReplaySegment>> {
  const whole = [range.channel, range.fromUs, range.maxUs].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!whole || range.maxUs > LONGEST_US) return refused("invalid-input", { field: "maxUs" });
  const may = await mayRead(deps, actor, id, "replay");
  if (!may.ok) return may;
  const askedTo = range.fromUs + range.maxUs;
  await deps.viewings.tell(deps, may.value, range.fromUs, askedTo);
  const keyframe = await deps.library.keyframe(id, range.channel, range.fromUs);
  const reader = await deps.library.read(id);
  if (reader === undefined) return refused("not-found");
  try {
    const { events, toUs } = await collectEvents(
      reader.events(keyframe.atUs, askedTo),
      range.channel,
      keyframe.atUs,
      askedTo,
    );
    const screen = { cols: keyframe.cols, rows: keyframe.rows, state: keyframe.state };
    return done({ channel: range.channel, fromUs: keyframe.atUs, toUs, screen, events });
  } finally {
    await reader.close();
  }
}

/** See `RecordingUseCases.thumbnail`. */
export async function thumbnail(
  deps: Deps,
  actor: Actor,
  id: RecordingId,
  at: Parameters<RecordingUseCases["thumbnail"]>[2],
): Promise<Outcome<Uint8Array>> {
  const whole = [at.channel, at.atUs].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!whole) return refused("invalid-input", { field: "atUs" });
  const may = await mayRead(deps, actor, id, "replay");
  if (!may.ok) return may;
  await deps.viewings.tellPictures(deps, may.value);
  const picture = await deps.library.thumbnail(id, at.channel, at.atUs);
  return picture === undefined ? refused("not-found") : done(picture);
}

interface Viewing {
  readonly fromUs: number;
  readonly toUs: number;
  readonly toldUs: number;
}

/**
 * Writes down which ranges a person reads of a recording. A range that lies inside the one written last, less than ten
 * seconds ago, is that same reading; any other is an event of its own before its first byte is answered.
 */
export class Viewings {
  readonly #last = new Map<string, Viewing>();
  readonly #pictures = new Map<string, number>();

  async tell(deps: Pick<Deps, "database" | "clock">, readable: Readable, fromUs: number, toUs: number): Promise<void> {
    const nowUs = deps.clock.monotonicUs();
    const key = `${readable.reader.personId} ${readable.recording.id}`;
    const last = this.#last.get(key);
    const told = last !== undefined && nowUs - last.toldUs < TELL_EVERY_US;
    if (told && fromUs >= last.fromUs && toUs <= last.toUs) return;
    await logReading(deps, readable, "recording.viewed", { part: "range", fromUs, toUs });
    if (this.#last.size >= REMEMBERED) this.#last.clear();
    this.#last.set(key, { fromUs, toUs, toldUs: nowUs });
  }

  /** The small pictures of a recording, all of them: asked for many at once, they are one reading for ten seconds. */
  async tellPictures(deps: Pick<Deps, "database" | "clock">, readable: Readable): Promise<void> {
    const nowUs = deps.clock.monotonicUs();
    const key = `${readable.reader.personId} ${readable.recording.id}`;
    const toldUs = this.#pictures.get(key);
    if (toldUs !== undefined && nowUs - toldUs < TELL_EVERY_US) return;
    // Before the first await, so that those asked for at the same moment count as the same reading.
    if (this.#pictures.size >= REMEMBERED) this.#pictures.clear();
    this.#pictures.set(key, nowUs);
    try {
      await logReading(deps, readable, "recording.viewed", { part: "pictures" });
    } catch (error) {
      this.#pictures.delete(key);
      throw error;
    }
  }
}
