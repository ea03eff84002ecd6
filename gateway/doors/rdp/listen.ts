/**
 * The desktop door: what the page's WebSocket reaches. A ticket is redeemed before any WebSocket exists; whoever shows a bad one
 * gets an HTTP 403 and nothing else. Only tickets open or return to sessions here, and a session serves one browser at a time.
 */
import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { RedeemedTicket } from "../../broker/index.js";
import {
  sanitise,
  DESKTOP_PROTOCOL,
  TICKET_PROTOCOL_PREFIX,
  type Actor,
  type EndReason,
  type SessionId,
} from "../../domain/index.js";
import type { BrowserConnection } from "./browser-connection.js";
import { DesktopSession } from "./desktop-session.js";
import type { DesktopDoorDeps, DoorContext } from "./door-deps.js";
import { wipeLeftovers } from "./drive.js";
import { codeOf, wordOfCode, wordOfEnd } from "./errors.js";
import { DEFAULT_LIMITS } from "./limits.js";
import { protocolFor, type DesktopProtocol } from "./protocols/index.js";
import { RdpGatewayServer } from "./server.js";

export interface UpgradeCall {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Who is signed in; the dispatcher settled that. */
  readonly actor: Actor;
}

export interface DesktopDoor {
  /** Never throws and never rejects; what is refused is answered on the socket. */
  handleUpgrade(call: UpgradeCall): void;
  /** Ends what still runs as `node-drained`. */
  close(): Promise<void>;
}

/** 256 bits in base64url. */
const TICKET = /^[A-Za-z0-9_-]{43}$/;
const CLIENT_LONGEST = 200;

export function createDesktopDoor(deps: DesktopDoorDeps): DesktopDoor {
  const context: DoorContext = { ...deps, limits: { ...DEFAULT_LIMITS, ...deps.limits } };
  return new Door(context);
}

class Door implements DesktopDoor {
  readonly #context: DoorContext;
  readonly #server: RdpGatewayServer;
  readonly #sessions = new Map<SessionId, DesktopSession>();
  #upgrades = 0;
  #closed = false;

  constructor(context: DoorContext) {
    this.#context = context;
    this.#server = new RdpGatewayServer(context);
    if (context.drive === null) return;
    wipeLeftovers(context.drive, context.limits.sweepMs, (session, left) => {
      for (const file of left.files)
        context.log("warn", "a file was left in an earlier run's drive", { session, ...file });
    }).then(
      (count) => count > 0 && context.log("warn", "drives of an earlier run were wiped", { count }),
      (error: unknown) => context.log("error", "the drive folder cannot be read", { error: String(error) }),
    );
  }

  handleUpgrade(call: UpgradeCall): void {
    const { socket } = call;
    // Before anything else: a peer that resets may not end the process.
    socket.on("error", () => socket.destroy());
    if (this.#closed || this.#upgrades >= this.#context.limits.upgrades) return refuse(socket, 503);
    this.#upgrades += 1;
    this.#redeem(call)
      .catch((error: unknown) => {
        this.#context.log("error", "an upgrade failed", { error: String(error) });
        refuse(socket, 500);
      })
      .finally(() => (this.#upgrades -= 1));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(
      [...this.#sessions.values()].map((one) => one.finish({ ...wordOfCode("draining"), code: "node-drained" })),
    );
    // So that the last word is read.
    if (this.#server.activeConnections.size > 0) await wait(this.#context.limits.lastLineMs);
    this.#server.close();
  }

  async #redeem(call: UpgradeCall): Promise<void> {
    const { req, socket, head, actor } = call;
    const ticket = ticketOf(req);
    if (ticket === undefined) return refuse(socket, 403);
    const redeemed = await this.#context.broker.desktops.redeemTicket(actor, ticket);
    const protocol = redeemed.ok ? protocolFor(redeemed.value.protocol) : undefined;
    if (!redeemed.ok || protocol === undefined) return refuse(socket, 403);
    const returned = redeemed.value.sessionId === null ? undefined : this.#returnTo(redeemed.value.sessionId, actor);
    if (redeemed.value.sessionId !== null && returned === undefined) return refuse(socket, 403);
    if (this.#closed || socket.destroyed) return refuse(socket, 503);
    const client = sanitise(req.headers["user-agent"] ?? "", CLIENT_LONGEST);
    this.#server.admit(req, socket, head, (browser) => {
      if (returned !== undefined) void returned.rejoin(actor, browser, client);
      else void this.#open({ actor, browser, client, protocol, redeemed: redeemed.value });
    });
  }

  /** One's own running desktop here; the broker asked already, and is asked again. */
  #returnTo(id: SessionId, actor: Actor): DesktopSession | undefined {
    const session = this.#sessions.get(id);
    const own = session?.actor.personId === actor.personId && session.actor.webSessionId === actor.webSessionId;
    return own && !session.ended ? session : undefined;
  }

  /** Never rejects: what goes wrong is told to the browser. */
  async #open(ask: {
    readonly actor: Actor;
    readonly browser: BrowserConnection;
    readonly client: string;
    readonly protocol: DesktopProtocol;
    readonly redeemed: RedeemedTicket;
  }): Promise<void> {
    const { actor, browser, client, protocol, redeemed } = ask;
    const made: { session?: DesktopSession; early?: EndReason; frozen?: boolean; drainsAt?: number } = {};
    try {
      const opened = await this.#context.broker.sessions.open({
        actor,
        accountLogin: redeemed.accountLogin,
        assetName: redeemed.assetName,
        protocol: redeemed.protocol,
        client,
        onEnd: (because) => {
          if (made.session !== undefined) return made.session.ending(because);
          made.early = because;
          return Promise.resolve();
        },
        onFreeze: (frozen) => {
          made.frozen = frozen;
          made.session?.freeze(frozen);
        },
        onDrain: (endsAt) => {
          made.drainsAt = endsAt;
          made.session?.drain(endsAt);
        },
      });
      if (opened.kind === "ask") return browser.finish(wordOfCode("no-grant"));
      if (opened.kind === "refused") return browser.finish(wordOfCode(opened.code));
      const { session: live } = opened;
      const session = new DesktopSession(this.#context, live, {
        actor,
        choices: redeemed.choices,
        protocol,
        onDone: () => this.#sessions.delete(live.id),
      });
      made.session = session;
      if (made.frozen === true) session.freeze(true);
      if (made.drainsAt !== undefined) session.drain(made.drainsAt);
      this.#sessions.set(live.id, session);
      if (made.early === undefined) return await session.start(browser);
      browser.finish(wordOfEnd(made.early));
      await session.ending(made.early);
    } catch (error) {
      this.#context.log("error", "a desktop could not be opened", { error: String(error) });
      browser.finish(wordOfCode(codeOf(error)));
    }
  }
}

/** The ticket among the offered subprotocols, when ours is offered too; RFC 6455 §11.3.4. */
function ticketOf(req: IncomingMessage): string | undefined {
  const offered = (req.headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
  const tickets = offered.filter((one) => one.startsWith(TICKET_PROTOCOL_PREFIX));
  const ticket = tickets[0]?.slice(TICKET_PROTOCOL_PREFIX.length) ?? "";
  return offered.includes(DESKTOP_PROTOCOL) && tickets.length === 1 && TICKET.test(ticket) ? ticket : undefined;
}

function refuse(socket: Duplex, status: 403 | 500 | 503): void {
  if (socket.destroyed) return;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
