/**
 * Watching a live session. Authorised now and at every reading of the rows; written down in the recording and as events.
 * A watcher is never the session's person, gets only what was accepted, and ends with the session or with his own right.
 */
import {
  done,
  refused,
  type Actor,
  type EndReason,
  type Outcome,
  type SessionId,
  type TapEvent,
} from "../domain/index.js";
import type { Keyframe } from "../recording/index.js";
import type { SessionUseCases, WatchStart } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { sessionView } from "./list-sessions.js";
import type { LiveEntry, LiveWatcher } from "./live-entry.js";
import type { LiveSessions } from "./live-sessions.js";
import { maySupervise } from "./oversight.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "policy" | "library" | "log"> & { readonly live: LiveSessions };
type Listener = Parameters<SessionUseCases["watch"]>[2];
type Watch = Awaited<ReturnType<SessionUseCases["watch"]>>;

/** Bytes held back while the first picture is made; a session that is faster than that cannot be watched now. */
const BACKLOG_BYTES = 16 * 1024 * 1024;

/** See `SessionUseCases.watch`. `not-found` covers unknown, ended and forbidden alike. */
export async function watchSession(deps: Deps, actor: Actor, id: SessionId, listener: Listener): Promise<Watch> {
  const may = await mayWatch(deps, actor, id);
  const entry = deps.live.get(id);
  if (!may.ok || entry === undefined || entry.open === null || entry.ended !== null) return refused("not-found");
  const watcher = new Watcher(deps, entry, may.value.actor, listener);
  try {
    await writeWatched(deps, entry, may.value.actor, may.value.decidedBy);
    await entry.open.tap.note("watch", { login: may.value.actor.login, on: true });
    const screens = await deps.library.liveScreens(entry.recordingId);
    const session = await deps.database.read.sessions.get(id);
    if (session === undefined || watcher.isOver) {
      watcher.stop();
      return refused("not-found");
    }
    const view = await sessionView(deps, deps.database.read, session);
    watcher.flushAfter(screens);
    return done({
      stop: watcher.stop.bind(watcher),
      catchUp: { session: view, channels: openChannels(entry, screens) },
    });
  } catch (error) {
    watcher.stop();
    throw error;
  }
}

async function mayWatch(
  deps: Deps,
  actor: Actor,
  id: SessionId,
): Promise<Outcome<{ readonly actor: Actor; readonly decidedBy: string }>> {
  const { read } = deps.database;
  const person = await standing(read, actor);
  const session = await read.sessions.get(id);
  if (person === undefined || session === undefined || session.personId === person.personId)
    return refused("not-found");
  const decidedBy = await maySupervise(deps, read, person, "watch", session);
  return decidedBy === undefined ? refused("not-found") : done({ actor: person, decidedBy });
}

async function writeWatched(deps: Deps, entry: LiveEntry, actor: Actor, decidedBy: string): Promise<void> {
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "session.watched",
      actorId: actor.personId,
      object: { kind: "session", id: entry.id },
      sourceAddress: actor.sourceAddress,
      decidedBy,
      detail: { personId: entry.personId, recordingId: entry.recordingId },
    }),
  );
}

function openChannels(entry: LiveEntry, screens: readonly Keyframe[]): WatchStart["channels"] {
  return [...entry.channels].map(({ row, pty, desktop }) => {
    const screen = screens.find((one) => one.channel === row.number);
    return {
      channel: row.number,
      kind: row.kind,
      detail: row.detail,
      cols: screen?.cols ?? pty?.cols ?? desktop?.width ?? 80,
      rows: screen?.rows ?? pty?.rows ?? desktop?.height ?? 24,
      pty: pty !== null,
      screen: screen?.state ?? "",
    };
  });
}

/** One watch. Events are held back until the caller has the first picture, then those newer than it follow in order. */
class Watcher implements LiveWatcher {
  readonly #deps: Deps;
  readonly #entry: LiveEntry;
  readonly #actor: Actor;
  readonly #listener: Listener;
  readonly #unsubscribe: () => void;
  #backlog: TapEvent[] | undefined = [];
  #backlogBytes = 0;
  #over = false;

  constructor(deps: Deps, entry: LiveEntry, actor: Actor, listener: Listener) {
    this.#deps = deps;
    this.#entry = entry;
    this.#actor = actor;
    this.#listener = listener;
    this.#unsubscribe =
      entry.open?.tap.watch((event) => {
        this.#take(event);
      }) ?? (() => undefined);
    entry.watchers.add(this);
  }

  get isOver(): boolean {
    return this.#over;
  }

  #take(event: TapEvent): void {
    if (this.#over) return;
    if (this.#backlog === undefined) {
      this.#listener(event);
      return;
    }
    this.#backlog.push(event);
    this.#backlogBytes += "bytes" in event ? event.bytes.length : 64;
    if (this.#backlogBytes > BACKLOG_BYTES) this.end("quota");
  }

  /** Lets the held-back events go once the caller's promise has resolved. */
  flushAfter(screens: readonly Keyframe[]): void {
    setImmediate(() => {
      const held = this.#backlog ?? [];
      this.#backlog = undefined;
      for (const event of held) {
        const screen = screens.find((one) => one.channel === event.channel);
        if (!this.#over && (screen === undefined || event.atUs > screen.atUs)) this.#listener(event);
      }
    });
  }

  async recheck(): Promise<void> {
    const may = await mayWatch(this.#deps, this.#actor, this.#entry.id);
    if (!may.ok) this.end("revoked");
  }

  end(because: EndReason): void {
    if (this.#over) return;
    this.stop();
    this.#listener({ type: "ended", because });
  }

  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#unsubscribe();
    this.#entry.watchers.delete(this);
    void this.#writeUnwatched();
  }

  async #writeUnwatched(): Promise<void> {
    try {
      if (this.#entry.ended === null)
        await this.#entry.open?.tap.note("watch", { login: this.#actor.login, on: false });
      await this.#deps.database.write((tx) =>
        tx.audit.append({
          verb: "session.unwatched",
          actorId: this.#actor.personId,
          object: { kind: "session", id: this.#entry.id },
          sourceAddress: this.#actor.sourceAddress,
        }),
      );
    } catch (error) {
      this.#deps.log("error", "the end of a watch could not be written", {
        sessionId: this.#entry.id,
        error: String(error),
      });
    }
  }
}
