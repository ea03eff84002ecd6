/**
 * The one place that ends things (promise 3). It holds every session of this node from before its first await until its
 * recording is closed; looks at the clocks each 250 ms, at the rows each second and on every change told inside this
 * process. There are no timers per session. Without the database for 10 s it freezes its sessions, after 60 s it ends them.
 */
import {
  mayContinue,
  type Clock,
  type Database,
  type EndReason,
  type MayContinue,
  type SessionId,
  type WebSessionId,
} from "../domain/index.js";
import type { Policy } from "../policy/index.js";
import type { Admission } from "./admission.js";
import type { Log } from "./deps.js";
import type { LiveEntry, WayIn } from "./live-entry.js";
import { readEndedGrants, readPages, readStandings } from "./live-rows.js";
import { readWaysIn, STANDS } from "./ways-in.js";

export const TICK_MS = 250;
/** How long an ended session's recording stays open for what its door has still to write down. */
export const LAST_WORDS_MS = 5_000;
const REREAD_US = 1_000_000;
const FREEZE_AFTER_US = 10_000_000;
const LOST_AFTER_US = 60_000_000;

export interface LiveDeps {
  readonly database: Pick<Database, "read" | "ping">;
  readonly clock: Clock;
  readonly policy: Pick<Policy, "signIn">;
  readonly idleMs: number;
  readonly log: Log;
  /** Closes recording and rows of a session that has ended; resolves when both are done. */
  readonly close: (entry: LiveEntry, because: EndReason) => Promise<void>;
  /** Runs with every reading of the rows: grants and requests move on, watchers are asked again. */
  readonly onReread: () => Promise<void>;
}

type Verdict = MayContinue | { readonly go: false; readonly because: EndReason };

export class LiveSessions {
  readonly #deps: LiveDeps;
  readonly #entries = new Map<SessionId, LiveEntry>();
  #timer: NodeJS.Timeout | undefined;
  #rereading: Promise<void> | undefined;
  #again = false;
  #lastRereadUs: number;
  #lastAnswerUs: number;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    this.#lastRereadUs = deps.clock.monotonicUs();
    this.#lastAnswerUs = this.#lastRereadUs;
  }

  start(): void {
    this.#lastAnswerUs = this.#deps.clock.monotonicUs();
    this.#timer ??= setInterval(() => {
      this.tick();
    }, TICK_MS);
  }

  /** Stops looking; sessions that still live go on unwatched, so end them first. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#rereading;
  }

  register(entry: LiveEntry): void {
    this.#entries.set(entry.id, entry);
  }

  get(id: SessionId): LiveEntry | undefined {
    return this.#entries.get(id);
  }

  /** The session behind a genuine proof, if it may go on at this moment. */
  admitted(admission: Admission): LiveEntry | undefined {
    const entry = this.#entries.get(admission.sessionId);
    if (entry === undefined || entry.admission !== admission || entry.frozen) return undefined;
    return this.verdict(entry).go && entry.pageStands && entry.ended === null ? entry : undefined;
  }

  /** Sessions that have not ended. */
  living(): readonly LiveEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.ended === null);
  }

  /** Ends a session: the door first and synchronously, then watchers, then recording and rows. Idempotent. */
  end(entry: LiveEntry, because: EndReason, tellDoor = true): Promise<void> {
    if (entry.ended !== null) return entry.closed ?? Promise.resolve();
    entry.ended = because;
    const lastWords = tellDoor
      ? this.#safely("the door failed to end a session", () => entry.onEnd(because))
      : undefined;
    for (const watcher of [...entry.watchers])
      this.#safely("a watcher failed to end", () => {
        watcher.end(because);
      });
    entry.closed = this.#close(entry, because, lastWords)
      .catch((error: unknown) => {
        this.#deps.log("error", "a session could not be closed", { sessionId: entry.id, error: String(error) });
      })
      .finally(() => this.#entries.delete(entry.id));
    return entry.closed;
  }

  async #close(entry: LiveEntry, because: EndReason, lastWords: unknown): Promise<void> {
    if (lastWords instanceof Promise) {
      let late: NodeJS.Timeout | undefined;
      const bound = new Promise<void>((resolve) => (late = setTimeout(resolve, LAST_WORDS_MS)));
      await Promise.race([lastWords, bound]).catch((error: unknown) => {
        this.#deps.log("error", "the door failed to end a session", { sessionId: entry.id, error: String(error) });
      });
      clearTimeout(late);
    }
    await this.#deps.close(entry, because);
  }

  /** Resolves when every session that has ended is closed. */
  async allClosed(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => entry.closed ?? Promise.resolve()));
  }

  /** What the clocks and the rows as last read say of one session now; whichever clock is first counts. */
  verdict(entry: LiveEntry): Verdict {
    const { clock } = this.#deps;
    if (clock.monotonicUs() >= entry.endsAtUs) return { go: false, because: "expired" };
    const verdict = mayContinue(entry.grant, entry.person, entry.epoch, clock.now());
    if (!verdict.go) return verdict;
    const { because, endsAt } = entry.wayIn;
    if (because !== null) return { go: false, because };
    const stands = clock.now() < endsAt && clock.monotonicUs() < entry.wayInEndsAtUs;
    return stands ? verdict : { go: false, because: "sign-in-ended" };
  }

  /** Looks at the clocks now, and at the rows when a second has passed. */
  tick(): void {
    const nowUs = this.#deps.clock.monotonicUs();
    const silentUs = nowUs - this.#lastAnswerUs;
    for (const entry of this.living()) this.#judge(entry, nowUs, silentUs);
    if (nowUs - this.#lastRereadUs >= REREAD_US) void this.changed();
  }

  #judge(entry: LiveEntry, nowUs: number, silentUs: number): void {
    const verdict = this.verdict(entry);
    if (!verdict.go) return void this.end(entry, verdict.because);
    if (!entry.pageStands) return void this.end(entry, "left");
    if (nowUs >= entry.tooOldAtUs) return void this.end(entry, "too-old");
    if (silentUs >= LOST_AFTER_US) return void this.end(entry, "node-lost");
    const frozen = silentUs >= FREEZE_AFTER_US;
    if (frozen !== entry.frozen) {
      entry.frozen = frozen;
      this.#safely("the door failed to freeze a session", () => entry.onFreeze?.(frozen));
    }
    if (!frozen && nowUs - entry.activeAtUs >= this.#deps.idleMs * 1000) void this.end(entry, "idle");
  }

  /** Reads the rows of every live session now; resolves when what was written before the call has been acted on. */
  changed(): Promise<void> {
    if (this.#rereading !== undefined) {
      this.#again = true;
      return this.#rereading;
    }
    this.#rereading = this.#rereadAll().finally(() => {
      this.#rereading = undefined;
    });
    return this.#rereading;
  }

  async #rereadAll(): Promise<void> {
    do {
      this.#again = false;
      this.#lastRereadUs = this.#deps.clock.monotonicUs();
      try {
        await this.#deps.database.ping();
        await this.#readRows(this.living());
        this.#lastAnswerUs = this.#deps.clock.monotonicUs();
        for (const entry of this.living()) this.#judge(entry, this.#lastAnswerUs, 0);
        await this.#deps.onReread();
      } catch (error) {
        this.#deps.log("warn", "the rows of live sessions could not be read", { error: String(error) });
      }
    } while (this.#again);
  }

  /** Puts the rows as they are now into the entries. Only grants that are no longer running are fetched. */
  async #readRows(entries: readonly LiveEntry[]): Promise<void> {
    const ended = await readEndedGrants(this.#deps, entries);
    const ids = entries.map((entry) => entry.personId);
    const persons = await readStandings(this.#deps, ids);
    const pages = await readPages(this.#deps, entries);
    const waysIn = await readWaysIn(this.#deps, entries);
    for (const entry of entries) {
      this.#putWaysIn(entry, pages, waysIn);
      entry.grant = ended.get(entry.grant.id) ?? entry.grant;
      entry.person = persons.get(entry.personId);
    }
  }

  /** What let him in, as read now. A clock that is set back moves no end that was known before. */
  #putWaysIn(entry: LiveEntry, pages: ReadonlySet<WebSessionId>, waysIn: ReadonlyMap<SessionId, WayIn>): void {
    const { clock } = this.#deps;
    const wayIn = waysIn.get(entry.id) ?? STANDS;
    if (wayIn.endsAt !== entry.wayIn.endsAt)
      entry.wayInEndsAtUs = clock.monotonicUs() + (wayIn.endsAt - clock.now()) * 1000;
    entry.wayIn = wayIn;
    const pageIsOver = clock.monotonicUs() >= entry.pageEndsAtUs;
    entry.pageStands = entry.webSessionId === null || (!pageIsOver && pages.has(entry.webSessionId));
  }

  /** Reads one session's rows afresh and answers whether it may go on; ends it when not. */
  async recheck(entry: LiveEntry): Promise<boolean> {
    const grant = await this.#deps.database.read.grants.get(entry.grant.id);
    const persons = await readStandings(this.#deps, [entry.personId]);
    const pages = await readPages(this.#deps, [entry]);
    const waysIn = await readWaysIn(this.#deps, [entry]);
    if (grant !== undefined) entry.grant = grant;
    this.#putWaysIn(entry, pages, waysIn);
    entry.person = persons.get(entry.personId);
    const verdict = this.verdict(entry);
    if (!verdict.go) void this.end(entry, verdict.because);
    else if (!entry.pageStands) void this.end(entry, "left");
    return verdict.go && entry.pageStands && entry.ended === null && !entry.frozen;
  }

  #safely<T>(message: string, act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.#deps.log("error", message, { error: String(error) });
      return undefined;
    }
  }
}
