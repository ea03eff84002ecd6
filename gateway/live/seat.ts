/**
 * One connected peer: who he is at this moment, what he watches, how far behind he is. He is looked up again every second
 * while he watches and every five seconds otherwise; when he may not act any more, or nobody can say, he is out.
 */
import type { Socket } from "socket.io";
import type { Duplex } from "node:stream";
import type { Broker, PlacedNotice } from "../broker/index.js";
import type { Actor, ErrorCode, SessionId } from "../domain/index.js";
import { createBacklog, type Backlog } from "./backlog.js";
import { readSessionId, type ClientToServer, type ServerToClient, type WatchAnswer } from "./messages.js";
import { startWatch, type Watch } from "./watch.js";

export type LiveSocket = Socket<ClientToServer, ServerToClient>;
export type Log = (
  level: "info" | "warn" | "error",
  message: string,
  detail?: Readonly<Record<string, unknown>>,
) => void;

export const SEAT_LIMITS = {
  watches: 4,
  /** Messages a peer may send between two ticks. */
  messagesPerTick: 20,
  tickMs: 1_000,
  /** Ticks between two look-ups of a peer who watches nothing. */
  idleTicks: 5,
  /** Look-ups that may fail in a row (the database away) before he is out. */
  failures: 3,
};
const NOTICE_BYTES = 200;

/** Whether a notice may be meant for this actor; wherever he holds what he holds. */
function mayBeFor(notice: PlacedNotice, actor: Actor): boolean {
  const { personIds, roles, powers } = notice.audience;
  if (personIds.includes(actor.personId)) return true;
  if (actor.power !== null && powers.includes(actor.power)) return true;
  return actor.roles.some((role) => roles.includes(role));
}

function holdsTheSame(before: Actor, now: Actor): boolean {
  return (
    before.power === now.power &&
    before.roles.length === now.roles.length &&
    before.roles.every((role) => now.roles.includes(role))
  );
}

export class Seat {
  readonly #broker: Broker;
  readonly #socket: LiveSocket;
  readonly #log: Log;
  readonly #backlog: Backlog;
  readonly #watches = new Map<SessionId, Watch | "starting">();
  readonly #timer: NodeJS.Timeout;
  #actor: Actor;
  #ticks = 0;
  #messages = 0;
  #failures = 0;
  #lookUp: Promise<Actor | undefined> | undefined;

  constructor(broker: Broker, socket: LiveSocket, connection: Duplex, actor: Actor, log: Log) {
    this.#broker = broker;
    this.#socket = socket;
    this.#actor = actor;
    this.#log = log;
    this.#backlog = createBacklog(socket.conn, connection);
    this.#timer = setInterval(() => this.#tick(), SEAT_LIMITS.tickMs);
    socket.onAny(() => this.#countMessage());
    socket.on("watch", (input, answer) => void this.#watch(input, answer));
    socket.on("unwatch", (input) => this.#unwatch(input));
    socket.once("disconnect", () => this.#leave());
  }

  /** Tells the peer, after looking up whether he is still among those who may be told. */
  async tell(notice: PlacedNotice): Promise<void> {
    if (!mayBeFor(notice, this.#actor)) return;
    const now = await this.#fresh();
    if (now === undefined || !mayBeFor(notice, now) || !(await this.#mayHear(now, notice))) return;
    if (this.#backlog.add(NOTICE_BYTES)) this.#socket.emit("notice", { topic: notice.topic, id: notice.id });
    else this.#out();
  }

  /** Nothing is told while nobody can say whether it may be. */
  async #mayHear(actor: Actor, notice: PlacedNotice): Promise<boolean> {
    try {
      return await this.#broker.mayHear(actor, notice);
    } catch (error) {
      this.#log("warn", "a live peer's units could not be looked up", { error: String(error) });
      return false;
    }
  }

  /** Ends everything and closes the connection. */
  #out(): void {
    for (const watch of this.#watches.values()) if (watch !== "starting") watch.end("no-right");
    this.#socket.disconnect(true);
  }

  #leave(): void {
    clearInterval(this.#timer);
    for (const watch of [...this.#watches.values()]) if (watch !== "starting") watch.end("unwatched");
  }

  #countMessage(): void {
    this.#messages += 1;
    if (this.#messages > SEAT_LIMITS.messagesPerTick) this.#out();
  }

  #tick(): void {
    this.#messages = 0;
    this.#ticks += 1;
    if (this.#watches.size > 0 || this.#ticks % SEAT_LIMITS.idleTicks === 0) void this.#fresh();
  }

  /** Who he is now; undefined when that cannot be said or he is out. One look-up at a time. */
  #fresh(): Promise<Actor | undefined> {
    this.#lookUp ??= this.#ask().finally(() => {
      this.#lookUp = undefined;
    });
    return this.#lookUp;
  }

  async #ask(): Promise<Actor | undefined> {
    try {
      const now = await this.#broker.identity.refresh(this.#actor);
      this.#failures = 0;
      if (!now.ok) {
        this.#out();
        return undefined;
      }
      this.#actor = now.value;
      for (const watch of [...this.#watches.values()]) {
        if (watch !== "starting" && !holdsTheSame(watch.actor, now.value)) watch.end("no-right");
      }
      return now.value;
    } catch (error) {
      this.#failures += 1;
      if (this.#failures === 1) this.#log("warn", "a live peer could not be looked up", { error: String(error) });
      if (this.#failures >= SEAT_LIMITS.failures) this.#out();
      return undefined;
    }
  }

  async #watch(input: unknown, answer: unknown): Promise<void> {
    if (typeof answer !== "function") return;
    const reply = (result: WatchAnswer): void => {
      (answer as (result: WatchAnswer) => void)(result);
    };
    const sessionId = readSessionId(input);
    if (sessionId === undefined) return reply({ ok: false, code: "invalid-input" });
    if (this.#watches.has(sessionId)) return reply({ ok: false, code: "conflict" });
    if (this.#watches.size >= SEAT_LIMITS.watches) return reply({ ok: false, code: "too-many-sessions" });
    this.#watches.set(sessionId, "starting");
    try {
      const started = await this.#begin(sessionId, reply);
      if (typeof started === "string") {
        this.#watches.delete(sessionId);
        reply({ ok: false, code: started });
      }
    } catch (error) {
      this.#watches.delete(sessionId);
      this.#log("error", "a watch could not begin", { session: sessionId, error: String(error) });
      reply({ ok: false, code: "internal" });
    }
  }

  async #begin(sessionId: SessionId, reply: (result: WatchAnswer) => void): Promise<Watch | ErrorCode> {
    const actor = await this.#fresh();
    if (actor === undefined) return "unauthenticated";
    let ended = false;
    const watch = await startWatch(
      this.#broker,
      actor,
      sessionId,
      {
        backlog: this.#backlog,
        answer: reply,
        event: (id, event) => this.#socket.emit("watch:event", { sessionId: id, event }),
        ended: (id, because) => this.#socket.emit("watch:ended", { sessionId: id, because }),
      },
      () => {
        ended = true;
        this.#watches.delete(sessionId);
      },
    );
    if (typeof watch === "string") return watch;
    if (!ended) this.#watches.set(sessionId, watch);
    if (!this.#socket.connected) watch.end("unwatched");
    return watch;
  }

  #unwatch(input: unknown): void {
    const sessionId = readSessionId(input);
    const watch = sessionId === undefined ? undefined : this.#watches.get(sessionId);
    if (watch !== undefined && watch !== "starting") watch.end("unwatched");
  }
}
