/** Replay: what a recording holds, and stretches of it from the nearest keyframe. Each is authorised at its own moment. */
import { done, refused, type Actor, type Outcome, type PersonId, type RecordingId } from "../domain/index.js";
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
  const { durationUs, markers, activity, keyframes } = derived;
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
    const screen = { cols: keyframe.cols, rows: keyframe.rows, ansi: keyframe.ansi };
    return done({ channel: range.channel, fromUs: keyframe.atUs, toUs, screen, events });
  } finally {
    await reader.close();
  }
}

interface Viewing {
  readonly personId: PersonId;
  fromUs: number;
  toUs: number;
  toldUs: number;
}

/** Joins the ranges one person reads of one recording into one event each ten seconds. */
export class Viewings {
  readonly #open = new Map<string, Viewing>();

  async tell(deps: Pick<Deps, "database" | "clock">, readable: Readable, fromUs: number, toUs: number): Promise<void> {
    const nowUs = deps.clock.monotonicUs();
    const key = `${readable.reader.personId} ${readable.recording.id}`;
    const viewing = this.#open.get(key);
    if (viewing !== undefined && nowUs - viewing.toldUs < TELL_EVERY_US) {
      viewing.fromUs = Math.min(viewing.fromUs, fromUs);
      viewing.toUs = Math.max(viewing.toUs, toUs);
      return;
    }
    if (this.#open.size >= REMEMBERED) this.#open.clear();
    const from = Math.min(fromUs, viewing?.fromUs ?? fromUs);
    const to = Math.max(toUs, viewing?.toUs ?? toUs);
    this.#open.set(key, { personId: readable.reader.personId, fromUs, toUs, toldUs: nowUs });
    await logReading(deps, readable, "recording.viewed", { part: "range", fromUs: from, toUs: to });
  }
}
