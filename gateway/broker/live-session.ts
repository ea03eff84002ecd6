/** A session as its door holds it: channels are opened, refused and logged through here, each asked for at its own moment. */
import {
  asId,
  done,
  forwardIsNamed,
  refused,
  type Action,
  type Channel,
  type ChannelId,
  type ChannelOpening,
  type ErrorCode,
  type Outcome,
} from "../domain/index.js";
import type { ChannelAsk, LiveChannel, LiveSession } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { detach, logClipboard, pictureOf, rejoin } from "./desktop-session.js";
import { forwardAllowed } from "./forward-rules.js";
import type { LiveEntry, OpenChannel } from "./live-entry.js";
import type { LiveSessions } from "./live-sessions.js";
import { grantAllows } from "./obligations.js";
import { logRefusedAct, logRefusedChannel, logTransfer } from "./session-log.js";
import { policyPerson } from "./standing.js";
import { markSeen, SEEN_EVERY_MS } from "./web-session.js";
import { writeInTheEnd } from "./write-in-the-end.js";

type Deps = Pick<BrokerDeps, "config" | "database" | "clock" | "ids" | "policy" | "library" | "resolve" | "log"> & {
  readonly live: LiveSessions;
};

const DETAIL_LONGEST = 4096;

/** The door's handle on an opened session. */
export function createLiveSession(deps: Deps, entry: LiveEntry): LiveSession {
  const { open, snapshot } = entry;
  if (open === null || snapshot === null) throw new TypeError("the session was not opened");
  return {
    id: entry.id,
    admission: entry.admission,
    snapshot,
    tap: open.tap,
    get endsAt() {
      return Math.min(entry.endsAt, entry.wayIn.endsAt);
    },
    get grant() {
      return entry.grant;
    },
    get ended() {
      return entry.ended !== null;
    },
    allows: (action) => grantAllows(entry.grant, action) && deps.live.admitted(entry.admission) === entry,
    openChannel: (ask) => openChannel(deps, entry, ask),
    refuseChannel: (ask) => logRefusedChannel(deps, entry, ask),
    transfer: (channel, record) => logTransfer(deps, entry, channel, record),
    refuseInChannel: (channel, detail) => logRefusedAct(deps, entry, channel, detail),
    clipboard: (channel, record) => logClipboard(deps, entry, channel, record),
    detached: () => detach(deps, entry),
    rejoin: (actor, client) => rejoin(deps, entry, actor, client),
    picture: (channel) => pictureOf(deps, entry, channel),
    touch: touching(deps, entry),
    end: (because) => deps.live.end(entry, because, false),
  };
}

/**
 * Resets the idle clock. Whoever works in a desktop also uses the page session that it came from: its row is told so once a
 * minute, as a request would tell it.
 */
function touching(deps: Deps, entry: LiveEntry): () => void {
  let seenUs = deps.clock.monotonicUs();
  return () => {
    const nowUs = deps.clock.monotonicUs();
    entry.activeAtUs = nowUs;
    if (entry.webSessionId === null || nowUs - seenUs < SEEN_EVERY_MS * 1000) return;
    seenUs = nowUs;
    markSeen(deps, entry.webSessionId).catch((error: unknown) => {
      deps.log("warn", "the use of a page session could not be written", { sessionId: entry.id, error: String(error) });
    });
  };
}

async function openChannel(deps: Deps, entry: LiveEntry, ask: ChannelAsk): Promise<Outcome<LiveChannel>> {
  const code = await channelFault(deps, entry, ask);
  if (code !== undefined) {
    await logRefusedChannel(deps, entry, { kind: ask.kind, detail: ask.detail, because: code });
    return refused(code);
  }
  if (entry.open === null) return refused("recorder-failed");
  const detail = ask.detail.slice(0, DETAIL_LONGEST);
  const tap = await entry.open.tap.openChannel(opening(ask, detail, deps.config.keepBytes));
  const row: Channel = {
    id: asId<ChannelId>(deps.ids.next()),
    sessionId: entry.id,
    connectionId: entry.connectionId,
    number: tap.number,
    kind: ask.kind,
    detail,
    outcome: "open",
    refusedBecause: null,
    bytesIn: 0,
    bytesOut: 0,
    exit: null,
    openedAt: deps.clock.now(),
    closedAt: null,
  };
  const channel: OpenChannel = { row, tap, pty: ask.pty ?? null, desktop: ask.desktop ?? null, closing: null };
  entry.channels.add(channel);
  try {
    await writeOpened(deps, entry, ask, row);
  } catch (error) {
    entry.channels.delete(channel);
    await (channel.closing ??= tap.close());
    throw error;
  }
  if (deps.live.admitted(entry.admission) === undefined) {
    await closeChannel(deps, entry, channel, null);
    return refused("grant-ended");
  }
  // Files come from either side: in a desktop, keys, pointer and touch alone count as being there.
  if (ask.kind !== "file") entry.activeAtUs = deps.clock.monotonicUs();
  return done({ tap, kind: ask.kind, close: (exit) => closeChannel(deps, entry, channel, exit) });
}

/** Why the channel may not open at this moment: rows are read afresh, then the grant's actions, then policy. */
async function channelFault(deps: Deps, entry: LiveEntry, ask: ChannelAsk): Promise<ErrorCode | undefined> {
  if (entry.ended !== null || !(await deps.live.recheck(entry))) return "grant-ended";
  if (!kindFits(ask) || !grantAllows(entry.grant, ask.action)) return "not-granted";
  if (!(await mayUse(deps, entry, ask.action))) return "not-granted";
  if (ask.kind !== "forward" && ask.action !== "ssh.forward") return undefined;
  if (ask.forwardTo === undefined || !forwardIsNamed(entry.grant.limits, ask.forwardTo)) return "not-granted";
  const asset = await deps.database.read.assets.get(entry.grant.assetId);
  if (asset === undefined || !(await forwardAllowed(deps, deps.database.read, asset, ask.forwardTo)))
    return "address-refused";
  return entry.ended === null ? undefined : "grant-ended";
}

/** A desktop and its files are opened by their own actions, and those open nothing else. */
function kindFits({ kind, action, desktop }: ChannelAsk): boolean {
  if (kind === "desktop") return action === "rdp.connect" && desktop !== undefined;
  if (kind === "file") return action === "rdp.upload" || action === "rdp.download";
  return !action.startsWith("rdp.");
}

async function mayUse(deps: Deps, entry: LiveEntry, action: Action): Promise<boolean> {
  const person = await policyPerson(deps.database.read, entry.personId);
  const { accountId: id, assetId } = entry.grant;
  if (person === undefined) return false;
  const account = { id, unitId: entry.unitId, assetId };
  return deps.policy.decide({ act: "use", person, account, action, granted: true, grantLive: true }).allowed;
}

/** A channel without a screen keeps so many bytes, then goes on as a digest. */
function opening(ask: ChannelAsk, detail: string, keepBytes: number): ChannelOpening {
  const base = { kind: ask.kind, detail, beyond: "digest" } as const;
  if (ask.desktop !== undefined) return { ...base, desktop: ask.desktop, keepBytes: Infinity };
  return ask.pty === undefined ? { ...base, keepBytes } : { ...base, pty: ask.pty, keepBytes: Infinity };
}

async function writeOpened(deps: Deps, entry: LiveEntry, ask: ChannelAsk, row: Channel): Promise<void> {
  await deps.database.write(async (tx) => {
    await tx.channels.insert(row);
    await tx.audit.append({
      verb: ask.kind === "forward" ? "forward.opened" : "channel.opened",
      actorId: entry.personId,
      object: { kind: "channel", id: row.id },
      sourceAddress: entry.sourceAddress,
      decidedBy: entry.grant.id,
      detail: { sessionId: entry.id, number: row.number, kind: row.kind, action: ask.action, detail: row.detail },
    });
  });
}

async function closeChannel(deps: Deps, entry: LiveEntry, channel: OpenChannel, exit: string | null): Promise<void> {
  entry.channels.delete(channel);
  const { row, tap } = channel;
  const outcome = await (channel.closing ??= tap.close());
  const { bytesIn, bytesOut } = tap.counters;
  const patch = { outcome, exit, bytesIn, bytesOut, closedAt: deps.clock.now() };
  const write = (): Promise<void> =>
    deps.database.write(async (tx) => {
      if (!(await tx.channels.update(row.id, patch, { outcome: "open" }))) return;
      await tx.audit.append({
        verb: "channel.closed",
        actorId: entry.personId,
        object: { kind: "channel", id: row.id },
        sourceAddress: entry.sourceAddress,
        detail: { sessionId: entry.id, number: row.number, outcome, exit, bytesIn, bytesOut },
      });
    });
  await writeInTheEnd(deps, entry.id, write);
}
