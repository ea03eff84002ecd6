/**
 * Owns every upgrade. One listener checks path, origin, cookie and person and hands the socket to what was registered for
 * exactly that path; everything else is answered and closed. It speaks no WebSocket itself: the handler does. Headers are
 * never logged nor repeated: a desktop's ticket travels in one.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Actor, Clock } from "../domain/index.js";
import type { Broker } from "../broker/index.js";
import { rateKey, type Addresses } from "./addresses.js";
import { createBuckets } from "./buckets.js";
import type { Origins } from "./origins.js";
import type { Log } from "./refusals.js";
import type { SessionCookie } from "./session-cookie.js";
import type { Tethers } from "./tethers.js";
import { keepVigil } from "./vigil.js";

export interface UpgradeCall {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Who it is, from rows, at this moment. */
  readonly actor: Actor;
}
/** May go on after it returned; a promise that rejects ends that socket alone. */
export type UpgradeHandler = (call: UpgradeCall) => void | Promise<void>;

export const UPGRADE_LIMITS = {
  /** Open upgraded sockets of one person: a few tabs. */
  perPerson: 16,
  /** Tries from one address: at once, and then a second. */
  tries: { burst: 120, perSecond: 2 },
  /** Upgrades whose person is being looked up, from one address and in all. */
  pendingPerAddress: 16,
  pending: 256,
  /** How long a look-up may take. */
  pendingMs: 5_000,
};

const REASONS: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

interface Deps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly cookie: SessionCookie;
  readonly addresses: Addresses;
  readonly origins: Origins;
  readonly tethers: Tethers;
  readonly log: Log;
  readonly plainOnlyNear: boolean;
}

function refuse(socket: Duplex, status: number): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(
    `HTTP/1.1 ${String(status)} ${REASONS[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
}

/** The exact path, without the slash that some clients add; undefined for what is no path at all. */
function pathOf(request: IncomingMessage): string | undefined {
  const target = request.url ?? "";
  if (!target.startsWith("/") || target.startsWith("//")) return undefined;
  const path = target.split("?", 1)[0] ?? "";
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Counts by key; `enter` answers how to leave, or undefined when full. */
function createCounter(max: number) {
  const counts = new Map<string, number>();
  return (key: string): (() => void) | undefined => {
    const count = counts.get(key) ?? 0;
    if (count >= max) return undefined;
    counts.set(key, count + 1);
    return () => {
      const left = (counts.get(key) ?? 1) - 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    };
  };
}

/** Listens on `server`; answers how to register a path's handler. */
export function dispatchUpgrades(server: Server, deps: Deps): (path: string, handler: UpgradeHandler) => void {
  const handlers = new Map<string, UpgradeHandler>();
  const enterPerson = createCounter(UPGRADE_LIMITS.perPerson);
  const enterAddress = createCounter(UPGRADE_LIMITS.pendingPerAddress);
  const enterPending = createCounter(UPGRADE_LIMITS.pending);
  const tries = createBuckets(UPGRADE_LIMITS.tries, deps.clock);

  const logFailure = (error: unknown): void =>
    deps.log("error", "an upgrade failed", {
      error: error instanceof Error ? (error.stack ?? error.message) : "not an error",
    });

  const admit = async (req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const handler = handlers.get(pathOf(req) ?? "");
    if (handler === undefined) return refuse(socket, 404);
    if (req.method !== "GET" || req.headers.upgrade?.toLowerCase() !== "websocket") return refuse(socket, 400);
    if (deps.plainOnlyNear && !deps.addresses.isNear(req)) return refuse(socket, 403);
    if (!deps.origins.admitsUpgrade(req)) return refuse(socket, 403);
    const cookie = deps.cookie.of(req);
    if (cookie === undefined) return refuse(socket, 401);
    // A page opens its socket by itself, and again whenever it broke: that is no use of the sign-in.
    const resumed = await deps.broker.identity.resume(cookie, deps.addresses.of(req), { quietly: true });
    if (!resumed.ok) return refuse(socket, resumed.code === "unauthenticated" ? 401 : 403);
    if (resumed.value.mustChangePassword === true) return refuse(socket, 403);
    if (socket.destroyed) return;
    const leave = enterPerson(resumed.value.personId);
    if (leave === undefined) return refuse(socket, 429);
    const address = deps.addresses.of(req);
    const stopAsking = keepVigil(deps, { cookie, address, may: () => true, end: () => socket.destroy() });
    socket.once("close", () => {
      leave();
      stopAsking();
    });
    // Not awaited: opening a desktop may take longer than a look-up.
    Promise.resolve(handler({ req, socket, head, actor: resumed.value })).catch((error: unknown) => {
      logFailure(error);
      socket.destroy();
    });
  };

  server.on("upgrade", (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const address = rateKey(deps.addresses.of(req));
    const leaveAddress = tries.take(address) > 0 ? undefined : enterAddress(address);
    const leavePending = leaveAddress === undefined ? undefined : enterPending("all");
    if (leaveAddress === undefined || leavePending === undefined) {
      leaveAddress?.();
      refuse(socket, 429);
      return;
    }
    const tooLong = setTimeout(() => socket.destroy(), UPGRADE_LIMITS.pendingMs);
    admit(req, socket, head)
      .catch((error: unknown) => {
        logFailure(error);
        refuse(socket, 503);
      })
      .finally(() => {
        clearTimeout(tooLong);
        leaveAddress();
        leavePending();
      });
  });

  return (path, handler) => {
    if (handlers.has(path)) throw new Error(`the path ${path} is upgraded already`);
    handlers.set(path, handler);
  };
}
