/**
 * The desktop door on a real HTTP server, over a broker that grants as told and keeps what it heard, with a scripted guacd on a
 * real socket. The broker holds no rule of its own; the scripted guacd is the hostile party.
 */
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import WebSocket from "ws";
import {
  createDesktopDoor,
  createDesktopProbe,
  type DesktopDoor,
  type DesktopDoorLimits,
} from "../../gateway/doors/rdp/index.js";
import {
  asId,
  done,
  GatehouseError,
  refused,
  type Action,
  type Actor,
  type ClipboardRecord,
  type EndReason,
  type ErrorCode,
  type Outcome,
  type TransferRecord,
} from "../../gateway/domain/index.js";
import type {
  Broker,
  ChannelAsk,
  DialPlan,
  LiveChannel,
  LiveSession,
  OpenSession,
  RedeemedTicket,
} from "../../gateway/broker/index.js";
import { encodeInstruction, GuacamoleError, InstructionParser } from "../../recordings/codec/index.js";

/** The id of the house's nth session. */
export function sessionNumber(nth: number): string {
  return `01900000-0000-7000-8000-${String(nth).padStart(12, "0")}`;
}

export const CHOICES = {
  width: 1024,
  height: 768,
  dpi: 96,
  keyboardLayout: "en-us-qwerty",
  timeZone: "Asia/Shanghai",
} as const;
export const PASSWORD = "pässwörd 😀;,.";

/** What guacd 1.3.0 asks for, as far as it matters here. */
export const ARGS = (
  "VERSION_1_3_0 hostname port domain username password width height dpi security ignore-cert disable-audio enable-printing " +
  "enable-drive drive-path disable-download disable-upload enable-audio-input enable-sftp static-channels recording-path " +
  "disable-copy disable-paste server-layout timezone"
).split(" ");

export class FakeDesktopBroker implements Pick<Broker, "sessions" | "desktops" | "identity"> {
  actions: Action[] = ["rdp.connect"];
  plan: DialPlan = {
    assetName: "desk-01",
    address: "127.0.0.1",
    port: 3389,
    username: "BANK\\wang",
    hostKey: "certificate-unchecked",
    legacyAlgorithms: false,
    desktop: { security: "any", acceptsMissing: false },
    credential: { kind: "password", password: PASSWORD },
  };
  answer: "open" | ErrorCode = "open";
  refreshes = true;
  tapFails = false;
  tapDelayMs = 0;
  /** How long a channel takes to open. */
  openMs = 0;
  /** What was ever handed to a tap. */
  handed = 0;
  /** Everything in the order it happened: `graphics`, `key`, `pointer`, … */
  readonly log: string[] = [];
  graphics = "";
  readonly inputs: { readonly bytes: string; readonly secret: boolean; readonly endsLine: boolean }[] = [];
  readonly clips: ClipboardRecord[] = [];
  readonly transfers: TransferRecord[] = [];
  readonly files: { readonly ask: ChannelAsk; bytes: string; closed: string | null | undefined }[] = [];
  readonly refusals: { readonly what: string; readonly path?: string; readonly because: string }[] = [];
  readonly notes: unknown[] = [];
  readonly ends: EndReason[] = [];
  /** Certificates that were reported as changed. */
  readonly keyChanges: string[] = [];
  readonly dialFailures: ErrorCode[] = [];
  /** How long a picture takes, and whether it shows what was drawn meanwhile. */
  pictureMs = 0;
  pictureIsLate = false;
  touches = 0;
  frozen = false;
  detachments = 0;
  rejoins = 0;
  opens = 0;
  lent = 0;
  tickets = new Map<string, RedeemedTicket>();
  #count = 0;
  #live: { open: OpenSession; ended: boolean; id: string } | undefined;

  get sessionId(): string {
    return this.#live?.id ?? "";
  }

  ticket(sessionId: string | null = null): string {
    const ticket = Buffer.alloc(32, (this.#count += 1)).toString("base64url");
    this.tickets.set(ticket, {
      sessionId: sessionId === null ? null : asId(sessionId),
      accountLogin: "wang",
      assetName: "desk-01",
      protocol: "rdp",
      choices: CHOICES,
    });
    return ticket;
  }

  readonly desktops = {
    redeemTicket: (_actor: Actor, ticket: string): Promise<Outcome<RedeemedTicket>> => {
      const found = this.tickets.get(ticket);
      this.tickets.delete(ticket);
      return Promise.resolve(found === undefined ? refused("ticket-refused") : done(found));
    },
  } as unknown as Broker["desktops"];

  readonly identity = {
    refresh: (actor: Actor) => Promise.resolve(this.refreshes ? done(actor) : refused("unauthenticated")),
  } as unknown as Broker["identity"];

  readonly sessions = {
    open: (input: OpenSession) => {
      if (this.answer !== "open") return Promise.resolve({ kind: "refused", code: this.answer });
      return Promise.resolve({ kind: "open", session: this.#session(input) });
    },
    dial: async (_admission: unknown, use: (plan: DialPlan) => Promise<unknown>) => {
      this.lent += 1;
      try {
        return done(await use(this.plan));
      } catch (error) {
        if (!(error instanceof GatehouseError)) throw error;
        this.dialFailures.push(error.code);
        return refused(error.code);
      } finally {
        this.lent -= 1;
      }
    },
    hostKeyChanged: (_admission: unknown, shown: string) => {
      this.keyChanges.push(shown);
      this.end("target-unreachable");
      return Promise.resolve();
    },
    stillAdmitted: () => this.#live?.ended === false && !this.frozen,
  } as unknown as Broker["sessions"];

  /** The broker's own ending: expiry, revocation, a manager's stop. */
  end(because: EndReason): void {
    const live = this.#live;
    if (live === undefined || live.ended) return;
    live.ended = true;
    this.ends.push(because);
    void Promise.resolve(live.open.onEnd(because)).then(() => this.log.push("recording closed"));
  }

  freeze(frozen: boolean): void {
    this.frozen = frozen;
    this.#live?.open.onFreeze?.(frozen);
  }

  drain(endsAt: number): void {
    this.#live?.open.onDrain?.(endsAt);
  }

  async #taken(what: string, note?: () => void): Promise<void> {
    this.handed += 1;
    if (this.tapDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.tapDelayMs));
    if (this.tapFails) throw new GatehouseError("recorder-failed", "the recorder failed");
    this.log.push(what);
    note?.();
  }

  #session(open: OpenSession): LiveSession {
    const id = sessionNumber((this.opens += 1));
    const row = { open, ended: false, id };
    this.#live = row;
    return {
      id: asId(id),
      admission: {} as LiveSession["admission"],
      grant: {} as LiveSession["grant"],
      snapshot: { assetName: "desk-01", actions: this.actions } as unknown as LiveSession["snapshot"],
      tap: {
        note: (_kind: string, detail: unknown) => {
          this.notes.push(detail);
          this.log.push("note");
          return Promise.resolve();
        },
      } as unknown as LiveSession["tap"],
      get ended() {
        return row.ended;
      },
      endsAt: Infinity,
      allows: (action) => this.actions.includes(action),
      openChannel: async (ask) => {
        const opened = this.actions.includes(ask.action) ? done(this.#channel(ask)) : refused("not-granted");
        await new Promise((resolve) => setTimeout(resolve, this.openMs));
        return opened;
      },
      refuseChannel: () => Promise.resolve(),
      transfer: (_channel, record) => {
        this.transfers.push(record);
        this.log.push("transfer");
        return Promise.resolve();
      },
      clipboard: (_channel, record) => this.#taken("clipboard", () => this.clips.push(record)),
      detached: () => {
        this.detachments += 1;
        return Promise.resolve();
      },
      rejoin: () => {
        this.rejoins += 1;
        return Promise.resolve(done(undefined));
      },
      picture: async () => {
        const atUs = this.log.length;
        await new Promise((resolve) => setTimeout(resolve, this.pictureMs));
        return { atUs: this.pictureIsLate ? this.log.length : atUs, state: "4.size,1.0,4.1024,3.768;" };
      },
      refuseInChannel: (_channel, detail) => {
        this.refusals.push(detail);
        return Promise.resolve();
      },
      touch: () => (this.touches += 1),
      end: (because) => {
        this.end(because);
        return Promise.resolve();
      },
    };
  }

  #channel(ask: ChannelAsk): LiveChannel {
    const heard = { ask, bytes: "", closed: undefined as string | null | undefined };
    if (ask.kind === "file") this.files.push(heard);
    const file = (bytes: Uint8Array): Promise<void> =>
      this.#taken("file", () => (heard.bytes += Buffer.from(bytes).toString("latin1")));
    return {
      kind: ask.kind,
      close: (exit) => {
        heard.closed = exit;
        return Promise.resolve();
      },
      tap: {
        number: 1,
        graphics: async (bytes: Uint8Array) => {
          if (bytes.length > 65_536) throw new RangeError("too long a chunk");
          const text = Buffer.from(bytes).toString();
          await this.#taken("graphics", () => (this.graphics += text));
          return this.log.length;
        },
        pointer: (x: number, y: number, mask: number) => this.#taken(`pointer ${x} ${y} ${mask}`),
        input: (bytes: Uint8Array, mark: { secret: boolean; endsLine: boolean }) =>
          ask.kind === "file"
            ? file(bytes)
            : this.#taken("key", () => this.inputs.push({ bytes: Buffer.from(bytes).toString(), ...mark })),
        output: file,
      } as unknown as LiveChannel["tap"],
    };
  }
}

/** One connection as the scripted guacd holds it. */
export class GuacdPeer {
  readonly heard: string[][] = [];
  closed = false;
  /** Heard what is no instruction, as guacd hears it when a handshake is given up. */
  abandoned = false;
  readonly socket: Socket;
  readonly #parser = new InstructionParser();

  constructor(socket: Socket, script: (peer: GuacdPeer, instruction: string[]) => void) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => (this.closed = true));
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const { opcode, args } of this.#parser.feed(chunk)) {
          this.heard.push([opcode, ...args]);
          script(this, [opcode, ...args]);
        }
      } catch (error) {
        if (!(error instanceof GuacamoleError)) throw error;
        this.abandoned = true;
        socket.end();
      }
    });
  }

  say(...elements: (string | number)[]): void {
    this.socket.write(encodeInstruction(elements));
  }
  raw(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }
  of(opcode: string): string[][] {
    return this.heard.filter((one) => one[0] === opcode);
  }
}

export const PICTURE: readonly (readonly (string | number)[])[] = [
  ["size", 0, 1024, 768],
  ["rect", 0, 0, 0, 1024, 768],
  ["cfill", 14, 0, 0, 64, 96, 255],
  ["sync", 1000],
];

/** The good script: handshake, then a picture. */
export function goodGuacd(peer: GuacdPeer, [opcode]: string[], args: readonly string[] = ARGS): void {
  if (opcode === "select") peer.say("args", ...args);
  if (opcode !== "connect") return;
  peer.say("ready", "$connection");
  for (const one of PICTURE) peer.say(...one);
}

export interface Browser {
  readonly socket: WebSocket;
  readonly heard: string[][];
  readonly raw: Buffer[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  isClosed(): boolean;
  send(...elements: (string | number)[]): void;
  of(opcode: string): string[][];
}

export interface TestDesktopDoor {
  readonly broker: FakeDesktopBroker;
  readonly door: DesktopDoor;
  readonly peers: GuacdPeer[];
  readonly logged: string[];
  readonly port: number;
  /** The one connection guacd has. */
  guacd(): GuacdPeer;
  /** The HTTP status, or the browser. */
  connect(ticket: string, protocols?: readonly string[]): Promise<Browser | number>;
  /** A browser that sees the first picture. */
  desktop(): Promise<Browser>;
  stop(): Promise<void>;
}

export async function until(what: string, fits: () => boolean, withinMs = 10_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!fits()) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const ACTOR = {
  personId: asId("person-wang"),
  webSessionId: asId("web-1"),
  login: "wang",
  locale: "en",
  sourceAddress: "127.0.0.1",
} as unknown as Actor;

export async function startDesktopDoor(
  more: {
    readonly script?: ((peer: GuacdPeer, instruction: string[]) => void) | "none";
    readonly limits?: Partial<DesktopDoorLimits>;
    readonly keepKeys?: boolean;
    readonly shows?: () => Promise<string>;
    readonly drive?: { readonly folder: string; readonly guacdFolder: string };
    readonly guacd?: { readonly host: string; readonly port: number };
  } = {},
): Promise<TestDesktopDoor> {
  const broker = new FakeDesktopBroker();
  const peers: GuacdPeer[] = [];
  const logged: string[] = [];
  const script = more.script === "none" ? () => undefined : (more.script ?? goodGuacd);
  const guacd: Server = createServer(
    (socket) => void peers.push(new GuacdPeer(socket, (peer, said) => script(peer, said))),
  );
  await new Promise<void>((resolve) => guacd.listen(0, "127.0.0.1", resolve));
  const started = process.hrtime.bigint();
  const door = createDesktopDoor({
    broker,
    guacd: more.guacd ?? { host: "127.0.0.1", port: (guacd.address() as AddressInfo).port },
    drive: more.drive ?? null,
    keepKeys: more.keepKeys ?? false,
    probe: more.shows === undefined ? createDesktopProbe() : { scanCertificate: more.shows },
    clock: { now: () => Date.now(), monotonicUs: () => Number((process.hrtime.bigint() - started) / 1_000n) },
    log: (level, message, detail) => logged.push(`${level} ${message} ${JSON.stringify(detail ?? {})}`),
    limits: { lastLineMs: 100, ...more.limits },
  });
  const http = createHttpServer();
  http.on("upgrade", (req, socket, head) => door.handleUpgrade({ req, socket, head, actor: ACTOR }));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const connect = (ticket: string, protocols = ["gatehouse.desktop", `ticket.${ticket}`]): Promise<Browser | number> =>
    openBrowser(port, protocols);
  return {
    broker,
    door,
    peers,
    logged,
    port,
    connect,
    guacd: () => peers.at(-1)!,
    async desktop() {
      const browser = await connect(broker.ticket());
      if (typeof browser === "number") throw new Error(`refused with ${browser}`);
      await until("the first picture", () => browser.of("sync").length > 0);
      return browser;
    },
    async stop() {
      await door.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      for (const peer of peers) peer.socket.destroy();
      await new Promise((resolve) => guacd.close(resolve));
    },
  };
}

function openBrowser(port: number, protocols: readonly string[]): Promise<Browser | number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/desktop`, [...protocols], { perMessageDeflate: false });
  const heard: string[][] = [];
  const raw: Buffer[] = [];
  const parser = new InstructionParser();
  let over = false;
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once("close", (code, reason) => {
      over = true;
      resolve({ code, reason: reason.toString() });
    }),
  );
  socket.on("message", (data: Buffer) => {
    raw.push(data);
    for (const { opcode, args } of parser.feed(data)) heard.push([opcode, ...args]);
  });
  const browser: Browser = {
    socket,
    heard,
    raw,
    closed,
    isClosed: () => over,
    send: (...elements) => socket.send(Buffer.from(encodeInstruction(elements))),
    of: (opcode) => heard.filter((one) => one[0] === opcode),
  };
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(browser));
    socket.once("unexpected-response", (_req, res) => {
      res.resume();
      socket.terminate();
      resolve(res.statusCode ?? 0);
    });
    socket.on("error", (error) => reject(error));
  });
}
