/** A manager's side of a live watch without a browser: socket.io as the page speaks it. */
import { io } from "socket.io-client";
import type { Api } from "./gatehouse.js";

export interface DesktopWatcher {
  /** What a watcher draws first, as the gate sent it. */
  readonly start: { readonly channels: readonly { readonly kind: string; readonly screen: string }[] };
  /** Every event's type, and the graphics as text. */
  readonly events: readonly { readonly type: string; readonly [key: string]: unknown }[];
  graphicsBytes(): number;
  /** Resolves with why the watch ended. */
  readonly ended: Promise<string>;
  /** Sends what no watcher may. */
  emit(event: string, ...args: unknown[]): void;
  close(): void;
}

export async function connectWatcher(api: Api, sessionId: string): Promise<DesktopWatcher> {
  const socket = io(api.base, {
    path: "/live",
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
    extraHeaders: { cookie: api.cookie, origin: api.base },
  });
  const events: { type: string; [key: string]: unknown }[] = [];
  let bytes = 0;
  socket.on("watch:event", ({ event }: { event: { type: string; bytes?: Uint8Array } }) => {
    events.push(event);
    if (event.type === "graphics") bytes += event.bytes?.byteLength ?? 0;
  });
  const ended = new Promise<string>((resolve) => {
    socket.on("watch:ended", ({ because }: { because: string }) => resolve(because));
    socket.on("disconnect", () => resolve("disconnected"));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("connect_error", reject);
  });
  const answer = (await socket.timeout(15_000).emitWithAck("watch", { sessionId })) as
    { readonly ok: true; readonly start: DesktopWatcher["start"] } | { readonly ok: false; readonly code: string };
  if (!answer.ok) {
    socket.disconnect();
    throw new Error(`the watch was refused: ${answer.code}`);
  }
  return {
    start: answer.start,
    events,
    graphicsBytes: () => bytes,
    ended,
    emit: (event, ...args) => void socket.emit(event, ...args),
    close: () => socket.disconnect(),
  };
}
