/**
 * guacamole-lite's server without what is unsound in it: it has no port, takes no tokens and no addresses of guacd from anybody,
 * keeps no registry, logs nothing of its own, and leaves the process's signals alone. A WebSocket comes into being only for
 * a place that was given out before, and its `error` is listened to first.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { DESKTOP_PROTOCOL } from "../../domain/index.js";
import { BrowserConnection } from "./browser-connection.js";
import { Server } from "./guacamole-lite.js";
import type { DoorContext } from "./door-deps.js";

/** guacamole-lite's QUIET. As a word it would log everything; below this it has no level. */
export const QUIET = 0;
const nothing = (): void => undefined;

type ServerContext = Pick<DoorContext, "limits" | "clock">;

export class RdpGatewayServer extends Server {
  readonly #places = new WeakMap<IncomingMessage, (browser: BrowserConnection) => void>();
  readonly #context: ServerContext;

  constructor(context: ServerContext) {
    const upgrades = {
      noServer: true,
      // Named, or guacamole-lite's own default port would be merged in.
      port: undefined,
      perMessageDeflate: false,
      maxPayload: context.limits.messageBytes,
      clientTracking: true,
      handleProtocols: () => DESKTOP_PROTOCOL,
    };
    super(upgrades, {}, { maxInactivityTime: 0, log: { level: QUIET, stdLog: nothing, errorLog: nothing } }, {});
    this.#context = context;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const handler = signal === "SIGTERM" ? this.sigTermHandler : this.sigIntHandler;
      if (handler !== null) process.removeListener(signal, handler);
    }
    this.sigTermHandler = null;
    this.sigIntHandler = null;
  }

  /** Makes the WebSocket and hands it out. Whoever may not come in was refused before. */
  admit(req: IncomingMessage, socket: Duplex, head: Buffer, place: (browser: BrowserConnection) => void): void {
    this.#places.set(req, place);
    this.webSocketServer.handleUpgrade(req, socket, head, (webSocket) => {
      this.webSocketServer.emit("connection", webSocket, req);
    });
  }

  override newConnection(webSocket: WebSocket, request: IncomingMessage): void {
    webSocket.on("error", () => webSocket.terminate());
    const place = this.#places.get(request);
    if (place === undefined) return webSocket.terminate();
    this.#places.delete(request);
    const id = ++this.connectionsCount;
    const browser = new BrowserConnection(this.clientOptions, id, webSocket, this.#context);
    this.activeConnections.set(id, browser);
    webSocket.once("close", () => this.activeConnections.delete(id));
    browser.connect();
    place(browser);
  }

  override decryptToken(): never {
    throw new TypeError("this door takes no tokens");
  }
}
