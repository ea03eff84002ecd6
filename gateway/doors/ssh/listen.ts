/**
 * The accept loop: caps, login grace, rekeying by bytes and time, and one clock tick for all connections. Each accepted
 * socket is handed to ssh2; whatever a peer sends or fails to send ends that peer's connection alone.
 */
import { createServer, type Server as NetServer, type Socket } from "node:net";
import ssh2, { type ClientInfo, type Connection, type Server } from "ssh2";
import { GatehouseError } from "../../domain/index.js";
import { FAST_CIPHERS, OPERATOR_ALGORITHMS } from "./algorithms.js";
import { authenticate, type SignedIn } from "./authenticate.js";
import { OperatorConnection } from "./connection.js";
import { Crowd, plainAddress } from "./crowd.js";
import { codeText } from "./errors.js";
import { DEFAULT_LIMITS, type DoorContext, type SshDoorDeps } from "./door-deps.js";
import { assertNativeBinding, hangUp, installPtyModes, preferCiphers, type RawPeer } from "./ssh2-shims.js";

const TICK_MS = 1_000;
/** OpenSSH's client says its KEXINIT without waiting for ours, and before its version 10 names CTR before GCM. */
const OPENSSH = /^OpenSSH_\d/;

export interface SshDoor {
  /** Rejects with `internal` when the address is taken. Answers the port it listens on. */
  listen(): Promise<{ readonly port: number }>;
  /** Takes no more connections, waits at most `graceMs` for the open ones, then cuts them. */
  close(graceMs: number): Promise<void>;
  /** How many connections are open. */
  readonly connections: number;
}

interface Guest {
  readonly socket: Socket;
  readonly arrivedAt: number;
  /** Since when it waits for a browser's word, and how long it did before: time that the login grace does not count. */
  waitingSince: number | undefined;
  excusedUs: number;
  attempted: boolean;
  signedIn: SignedIn | undefined;
  connection: OperatorConnection | undefined;
}

export function createSshDoor(deps: SshDoorDeps): SshDoor {
  assertNativeBinding();
  installPtyModes();
  return new Door({ ...deps, limits: { ...DEFAULT_LIMITS, ...deps.limits } });
}

class Door implements SshDoor {
  readonly #context: DoorContext;
  readonly #crowd: Crowd;
  readonly #guests = new Map<Socket, Guest>();
  /** Connections whose sessions are not closed yet. */
  readonly #finishing = new Set<Promise<void>>();
  readonly #ssh: Server;
  readonly #net: NetServer;
  #tick: NodeJS.Timeout | undefined;
  #refusedSinceTick = 0;

  constructor(context: DoorContext) {
    this.#context = context;
    this.#crowd = new Crowd(context.limits);
    this.#ssh = new ssh2.Server({
      hostKeys: [context.hostKey],
      ident: "Gatehouse",
      algorithms: OPERATOR_ALGORITHMS,
      keepaliveInterval: context.limits.keepaliveMs,
      keepaliveCountMax: 3,
    });
    this.#ssh.on("connection", (client: Connection, info: ClientInfo) => this.#greet(client, info));
    this.#net = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  get connections(): number {
    return this.#guests.size;
  }

  listen(): Promise<{ readonly port: number }> {
    const { host, port } = this.#context.listen;
    return new Promise((resolve, reject) => {
      this.#net.once("error", (error) =>
        reject(
          new GatehouseError("internal", `the ssh door cannot listen on ${host} port ${port}: ${error.message}`, error),
        ),
      );
      this.#net.listen({ host, port, backlog: 1_024 }, () => {
        this.#net.removeAllListeners("error");
        this.#net.on("error", (error) => this.#context.log("error", "ssh listener failed", { error: error.message }));
        this.#tick = setInterval(() => this.#onTick(), TICK_MS);
        const address = this.#net.address();
        resolve({ port: typeof address === "object" && address !== null ? address.port : port });
      });
    });
  }

  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#net.close(() => resolve()));
    const cut = setTimeout(() => {
      for (const socket of this.#guests.keys()) socket.destroy();
    }, graceMs);
    for (const guest of this.#guests.values()) if (guest.connection?.idle !== false) guest.socket.destroy();
    await closed;
    clearTimeout(cut);
    clearInterval(this.#tick);
    await Promise.all(this.#finishing);
  }

  #accept(socket: Socket): void {
    const address = socket.remoteAddress;
    socket.on("error", () => socket.destroy());
    if (address === undefined) return void socket.destroy();
    const entry = this.#crowd.enter(socket, address);
    if (!entry.admitted) {
      this.#refusedSinceTick += 1;
      return void socket.destroy();
    }
    if (entry.evict !== undefined) (entry.evict as Socket).destroy();
    const arrivedAt = this.#context.clock.monotonicUs();
    const stranger = { attempted: false, signedIn: undefined, connection: undefined };
    this.#guests.set(socket, { socket, arrivedAt, waitingSince: undefined, excusedUs: 0, ...stranger });
    socket.once("close", () => {
      this.#crowd.leave(socket);
      this.#guests.delete(socket);
    });
    // A half-closed peer is of no use on SSH; without this it would hold its place for ever.
    socket.once("end", () => socket.end());
    this.#ssh.injectSocket(socket);
  }

  /** The peer said its version: everything it does from here on is listened to. */
  #greet(client: Connection, { header }: ClientInfo): void {
    const socket = (client as unknown as { readonly _sock: Socket })._sock;
    const guest = this.#guests.get(socket);
    client.on("error", () => socket.destroy());
    if (guest === undefined) return void socket.destroy();
    this.#crowd.hear(socket);
    if (OPENSSH.test(header.versions.software)) preferCiphers(client as unknown as RawPeer, FAST_CIPHERS);
    const sourceAddress = plainAddress(socket.remoteAddress ?? "");
    authenticate(client, this.#context, {
      sourceAddress,
      onAttempt: () => {
        guest.attempted = true;
      },
      onWait: (isWaiting) => this.#excuse(guest, isWaiting),
      onSignedIn: (signedIn) => {
        guest.signedIn = signedIn;
      },
      onGiveUp: (why) => {
        this.#context.log("info", "ssh sign-in ended", { sourceAddress, why });
        hangUp(client as unknown as RawPeer, `gatehouse: ${codeText("en", why)}`);
      },
    });
    client.once("ready", () => {
      if (guest.signedIn === undefined) return void socket.destroy();
      this.#crowd.know(socket);
      const connection = new OperatorConnection(client, guest.signedIn, this.#context);
      guest.connection = connection;
      const finished = connection.finished.catch((error: unknown) => {
        this.#context.log("error", "ssh connection failed", { error: String(error) });
      });
      this.#finishing.add(finished);
      void finished.then(() => this.#finishing.delete(finished));
    });
  }

  #excuse(guest: Guest, isWaiting: boolean): void {
    const now = this.#context.clock.monotonicUs();
    if (guest.waitingSince !== undefined) guest.excusedUs += now - guest.waitingSince;
    guest.waitingSince = isWaiting ? now : undefined;
  }

  /** One connection's fault must not stop the clock of the others. */
  #tickOf(connection: OperatorConnection, socket: Socket): void {
    try {
      connection.tick();
    } catch (error) {
      this.#context.log("error", "ssh connection failed", { error: String(error) });
      socket.destroy();
    }
  }

  #onTick(): void {
    const { limits, clock, log } = this.#context;
    const now = clock.monotonicUs();
    for (const guest of this.#guests.values()) {
      const waitedUs = guest.excusedUs + (guest.waitingSince === undefined ? 0 : now - guest.waitingSince);
      const ageMs = (now - guest.arrivedAt - waitedUs) / 1_000;
      if (guest.connection !== undefined) this.#tickOf(guest.connection, guest.socket);
      else if (ageMs > (guest.attempted ? limits.loginGraceMs : limits.handshakeMs)) guest.socket.destroy();
    }
    if (this.#refusedSinceTick > 0)
      log("warn", "ssh connections over the caps were refused", { count: this.#refusedSinceTick });
    this.#refusedSinceTick = 0;
  }
}
