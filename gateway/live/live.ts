/**
 * The socket behind the page: notices that something changed, and live watches. Who connects was decided by the HTTP
 * door's upgrade; this room only speaks socket.io over what it is handed, and asks the broker about everything else.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Server } from "socket.io";
import type { Broker } from "../broker/index.js";
import type { Actor } from "../domain/index.js";
import type { ClientToServer, ServerToClient } from "./messages.js";
import { Seat, type Log } from "./seat.js";

/** The same shape as the HTTP door's `UpgradeCall`. */
export interface UpgradeCall {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly actor: Actor;
}

export interface Live {
  /** For the HTTP door's dispatcher, at `/live`. */
  readonly handleUpgrade: (call: UpgradeCall) => void;
  /** Ends every watch and connection. */
  close(): Promise<void>;
}

/** A client says `watch` and an id: a few dozen bytes. */
const MESSAGE_MAX_BYTES = 4_096;

/** Only WebSocket from the first byte; a `sid` would ask to take over another connection. */
function isPlainWebSocket(request: IncomingMessage): boolean {
  const query = new URLSearchParams((request.url ?? "").split("?", 2)[1] ?? "");
  return query.get("transport") === "websocket" && query.get("EIO") === "4" && !query.has("sid");
}

export function createLive(deps: { readonly broker: Broker; readonly log: Log }): Live {
  const { broker, log } = deps;
  const callers = new WeakMap<IncomingMessage, UpgradeCall>();
  const seats = new Set<Seat>();
  const io = new Server<ClientToServer, ServerToClient>({
    path: "/live",
    serveClient: false,
    transports: ["websocket"],
    allowUpgrades: false,
    destroyUpgrade: false,
    maxHttpBufferSize: MESSAGE_MAX_BYTES,
    perMessageDeflate: false,
    httpCompression: false,
    connectTimeout: 5_000,
    pingInterval: 10_000,
    pingTimeout: 10_000,
  });
  // The engine wants a server to listen on; this one never listens, so that nothing but `handleUpgrade` lets anyone in.
  io.attach(createServer());
  // RFC 6455 §5.5.2 has pings answered. No page can send one, and a peer that reads no answers would fill memory with them.
  (io.engine as unknown as { readonly ws: { readonly options: { autoPong: boolean } } }).ws.options.autoPong = false;
  io.use((socket, next) => {
    next(callers.has(socket.request) ? undefined : new Error("unauthenticated"));
  });
  io.on("connection", (socket) => {
    const caller = callers.get(socket.request);
    if (caller === undefined) {
      socket.disconnect(true);
      return;
    }
    const seat = new Seat(broker, socket, caller.socket, caller.actor, log);
    seats.add(seat);
    socket.once("disconnect", () => seats.delete(seat));
  });
  const stopNotices = broker.onNotice((notice) => {
    for (const seat of seats) void seat.tell(notice);
  });

  return {
    handleUpgrade(call) {
      if (!isPlainWebSocket(call.req)) {
        call.socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", () =>
          call.socket.destroy(),
        );
        return;
      }
      callers.set(call.req, call);
      io.engine.handleUpgrade(call.req, call.socket, call.head);
    },
    async close() {
      stopNotices();
      io.disconnectSockets(true);
      await io.close();
    },
  };
}
