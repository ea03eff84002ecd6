/**
 * The page's only socket. It is open while somebody is signed in; it brings notices (what to fetch again, never content)
 * and the events of the sessions being watched. A watch is asked for again after a reconnect, with a fresh first picture.
 */
import { io, type Socket } from "socket.io-client";
import { LIVE_PATH } from "../../gateway/http/contract/constants.js";
import type {
  ClientToServer,
  NoticeTopic,
  ServerToClient,
  WatchAnswer,
  WatchEndedMessage,
  WatchEvent,
  WatchStartMessage,
} from "./types.js";

export interface WatchListener {
  readonly onStart: (start: WatchStartMessage) => void;
  readonly onEvent: (event: WatchEvent) => void;
  readonly onEnded: (because: WatchEndedMessage["because"] | "connection-lost") => void;
  readonly onRefused: (code: string) => void;
}

let socket: Socket<ServerToClient, ClientToServer> | undefined;
const noticeListeners = new Set<(topic: NoticeTopic, id: string) => void>();
const watches = new Map<string, WatchListener>();

function ask(sessionId: string, listener: WatchListener): void {
  socket?.emit("watch", { sessionId }, (answer: WatchAnswer) => {
    if (watches.get(sessionId) !== listener) return;
    if (answer.ok) {
      listener.onStart(answer.start);
    } else {
      watches.delete(sessionId);
      listener.onRefused(answer.code);
    }
  });
}

/** Opens the socket if it is not open. The cookie goes with the upgrade. `onRefused`: a try of it, the first or a later one, failed. */
export function connect(onRefused: () => void): void {
  if (socket !== undefined) return;
  socket = io({ path: LIVE_PATH, transports: ["websocket"], reconnectionDelayMax: 10_000 });
  socket.on("notice", (notice) => {
    for (const listener of noticeListeners) listener(notice.topic, notice.id);
  });
  socket.on("connect_error", onRefused);
  socket.on("connect", () => {
    for (const [sessionId, listener] of watches) ask(sessionId, listener);
  });
  socket.on("watch:event", (message) => {
    watches.get(message.sessionId)?.onEvent(message.event);
  });
  socket.on("watch:ended", (message) => {
    const listener = watches.get(message.sessionId);
    watches.delete(message.sessionId);
    listener?.onEnded(message.because);
  });
}

/** Closes the socket; watches end. */
export function disconnect(): void {
  socket?.disconnect();
  socket = undefined;
  for (const listener of watches.values()) listener.onEnded("connection-lost");
  watches.clear();
}

/** Adds a listener of notices; answers how to remove it. */
export function onNotice(listener: (topic: NoticeTopic, id: string) => void): () => void {
  noticeListeners.add(listener);
  return () => {
    noticeListeners.delete(listener);
  };
}

/** Watches a running session until the answered function is called or the session ends. One watch a session and page. */
export function watchSession(sessionId: string, listener: WatchListener): () => void {
  watches.set(sessionId, listener);
  if (socket?.connected === true) ask(sessionId, listener);
  return () => {
    if (watches.get(sessionId) !== listener) return;
    watches.delete(sessionId);
    socket?.emit("unwatch", { sessionId });
  };
}
