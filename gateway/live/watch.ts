/**
 * One live watch of one peer. What happens before the peer has its first picture waits, in order and bounded; after that
 * each event goes straight out. It ends once: with the session, with the right, by wish, or because the peer is too slow.
 */
import type { Broker } from "../broker/index.js";
import type { Actor, ErrorCode, SessionId, TapEvent } from "../domain/index.js";
import { BACKLOG_MAX_BYTES, type Backlog } from "./backlog.js";
import { copyEvent, sizeOf, sizeOfStart, type WatchAnswer, type WatchEnd } from "./messages.js";

export interface Watch {
  /** What the watcher held when it was authorised. */
  readonly actor: Actor;
  /** Ends it and tells the peer; idempotent. */
  end(because: WatchEnd): void;
}

interface Peer {
  readonly backlog: Backlog;
  event(sessionId: SessionId, event: TapEvent): void;
  ended(sessionId: SessionId, because: WatchEnd): void;
  answer(result: WatchAnswer): void;
}

/** Asks the broker and answers the peer. Resolves with the running watch, or with why there is none. */
export async function startWatch(
  broker: Pick<Broker, "sessions">,
  actor: Actor,
  sessionId: SessionId,
  peer: Peer,
  onEnd: () => void,
): Promise<Watch | ErrorCode> {
  let waiting: TapEvent[] | undefined = [];
  let waitingBytes = 0;
  const atBroker: { stop?: () => void } = {};
  let over: WatchEnd | undefined;

  const finish = (): void => {
    atBroker.stop?.();
    onEnd();
    if (over !== undefined) peer.ended(sessionId, over);
  };
  const end = (because: WatchEnd): void => {
    if (over !== undefined) return;
    over = because;
    // Before the first picture, the start below notices.
    if (waiting === undefined) finish();
  };
  const send = (event: TapEvent): void => {
    if (over !== undefined) return;
    const bytes = sizeOf(event);
    if (waiting === undefined) {
      if (peer.backlog.add(bytes)) peer.event(sessionId, copyEvent(event));
      else end("too-slow");
      return;
    }
    waitingBytes += bytes;
    if (waitingBytes > BACKLOG_MAX_BYTES) end("too-slow");
    else waiting.push(copyEvent(event));
  };

  const outcome = await broker.sessions.watch(actor, sessionId, (event) => {
    if (event.type === "ended") end(event.because);
    else send(event);
  });
  if (!outcome.ok) return outcome.code;
  atBroker.stop = () => {
    outcome.value.stop();
  };
  if (!peer.backlog.addPictures(sizeOfStart(outcome.value.catchUp))) {
    atBroker.stop();
    return "too-many-sessions";
  }
  peer.answer({ ok: true, start: outcome.value.catchUp });
  const early = waiting;
  for (const event of early) {
    if (!peer.backlog.add(sizeOf(event))) {
      end("too-slow");
      break;
    }
    peer.event(sessionId, event);
  }
  waiting = undefined;
  if (over !== undefined) finish();
  return { actor, end };
}
