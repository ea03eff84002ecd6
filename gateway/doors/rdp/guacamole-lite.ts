/**
 * The three classes of guacamole-lite that this door stands on, typed. The package has no types and exports the server alone, so
 * the other two are required by their files; nothing else here knows where they lie. What is typed is what is used or overridden.
 */
import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { WebSocket, WebSocketServer } from "ws";

const load = createRequire(import.meta.url);

export interface LiteLogger {
  log(level: number, ...what: unknown[]): void;
}

export interface LiteServer extends EventEmitter {
  readonly webSocketServer: WebSocketServer;
  readonly clientOptions: Readonly<Record<string, unknown>>;
  readonly callbacks: Readonly<Record<string, unknown>>;
  connectionsCount: number;
  readonly activeConnections: Map<number, { close(): void }>;
  sigTermHandler: (() => void) | null;
  sigIntHandler: (() => void) | null;
  newConnection(webSocket: WebSocket, request: IncomingMessage): unknown;
  decryptToken(token: string): unknown;
  close(): void;
}

export interface LiteClientConnection extends EventEmitter {
  readonly webSocket: WebSocket;
  readonly connectionId: number;
  connect(...options: unknown[]): void;
  decryptToken(): unknown;
  mergeConnectionOptions(): unknown;
  send(message: string | Uint8Array): void;
  sendMessageToGuacd(message: Uint8Array): void;
  sendErrorToClient(message: string, code?: string): void;
  close(error?: Error): void;
}

export interface LiteGuacdClient extends EventEmitter {
  readonly STATE_CLOSED: number;
  state: number;
  readonly guacdConnection: Socket;
  readonly activityCheckInterval: NodeJS.Timeout;
  processConnectionOpen(): void;
  sendHandshakeReply(names: readonly string[]): void;
  processInstruction(opcode: string, args: readonly string[]): void;
  send(data: string | Uint8Array): void;
  close(error?: Error): void;
}

type Made<Args extends unknown[], Instance> = new (...args: Args) => Instance;

export const Server = load("guacamole-lite") as Made<[object, object, object, object], LiteServer>;
export const ClientConnection = load("guacamole-lite/lib/ClientConnection.js") as Made<
  [options: object, connectionId: number, webSocket: WebSocket, query: object, callbacks: object],
  LiteClientConnection
>;
export const GuacdClient = load("guacamole-lite/lib/GuacdClient.js") as Made<
  [at: { readonly host: string; readonly port: number }, selector: string, settings: object, logger: LiteLogger],
  LiteGuacdClient
>;
