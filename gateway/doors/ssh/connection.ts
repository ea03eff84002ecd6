/**
 * One operator's connection after signing in: its one Gatehouse session, its channels, and their common end. What is asked
 * before a session stands, or at the menu, is refused here; rights are asked of the broker.
 */
import type { Connection } from "ssh2";
import type { Socket } from "node:net";
import type { LiveChannel, LiveSession } from "../../broker/index.js";
import { sanitise, type EndReason } from "../../domain/index.js";
import type { SignedIn } from "./authenticate.js";
import type { Bridge } from "./bridge.js";
import type { DoorContext } from "./door-deps.js";
import { codeOf, codeText, endText } from "./errors.js";
import type { Start } from "./exec.js";
import { serveForward } from "./forward.js";
import { openGateSession, type GateSession, type OpenedGate } from "./gate-session.js";
import { chooseFromMenu } from "./menu-screen.js";
import { receiveSession, type OperatorChannel } from "./operator-channel.js";
import { SocketValve } from "./outlet.js";
import { askForAccess } from "./request-screen.js";
import { RekeyWatch } from "./rekey.js";
import { serveChannel } from "./serve-channel.js";
import { guardPeer, OPEN_FAILURE, openBeingAsked, refuseOpen, type ChannelOpen, type RawPeer } from "./ssh2-shims.js";
import { moment, textsFor, type Texts } from "./texts.js";

/** How long an ended connection may take to read its last line. */
const LAST_LINE_MS = 300;
const FIRST_CHANNEL_MS = 1_200;
const WARNING_MINUTES = [5, 1];

const MOST_REFUSALS_BEFORE = 32;

type Refusal = Parameters<LiveSession["refuseChannel"]>[0];
type Served = { readonly bridge: Bridge; readonly live: LiveChannel };

export class OperatorConnection {
  /** Resolves when the connection is closed and its recording with it. */
  readonly finished: Promise<void>;
  readonly #context: DoorContext;
  readonly #signedIn: SignedIn;
  readonly #peer: RawPeer;
  readonly #socket: Socket;
  readonly #valve: SocketValve;
  readonly #texts: Texts;
  readonly #rekeys: RekeyWatch[];
  readonly #channels = new Map<OperatorChannel, Served | undefined>();
  /** Refused where nobody could be told; said on the next channel. */
  readonly #untold: ("remoteForward" | "streamlocal")[] = [];
  readonly #refusalsBefore: Refusal[] = [];
  #opening: Promise<OpenedGate> | undefined;
  #gate: GateSession | undefined;
  #warned = new Set<number>();
  #menuShown = false;
  #asking = false;
  #ended = false;
  #everServed = false;
  #lastLine: string | undefined;

  constructor(client: Connection, signedIn: SignedIn, context: DoorContext) {
    this.#context = context;
    this.#signedIn = signedIn;
    this.#peer = client as unknown as RawPeer;
    this.#socket = this.#peer._sock;
    this.#valve = new SocketValve(this.#peer);
    this.#texts = textsFor(signedIn.actor.locale);
    this.#rekeys = [new RekeyWatch(this.#peer, context.limits, this.#nowMs())];
    guardPeer(this.#peer, {
      onOverrun: () => this.#socket.destroy(),
      judgeOpen: (open, count) => this.#judge(open, count),
    });
    client.on("session", (accept) =>
      receiveSession(accept(), { valve: this.#valve, onStart: (channel, start) => void this.#serve(channel, start) }),
    );
    client.on("tcpip", (accept, reject, info) => this.#forward(accept, reject, info.destIP, info.destPort));
    client.on("request", (_accept, reject, name) => this.#globalRequest(name, reject));
    const closed = new Promise<void>((resolve) => {
      if (this.#socket.closed) resolve();
      else this.#socket.once("close", () => resolve());
    });
    this.finished = closed.then(() => this.#closed());
    const { accountLogin, assetName } = signedIn.name;
    if (assetName !== null) void this.#begin(accountLogin, assetName);
  }

  /** Whether no session stands here. */
  get idle(): boolean {
    return this.#gate === undefined || this.#gate.ended;
  }

  /** Once a second: rekeying, warnings before the end. */
  tick(): void {
    const nowMs = this.#nowMs();
    for (const rekey of this.#rekeys) if (!rekey.tick(nowMs)) this.#socket.destroy();
    const gate = this.#gate;
    if (gate === undefined || gate.ended) return;
    const left = gate.live.endsAt - this.#context.clock.now();
    for (const minutes of WARNING_MINUTES) {
      if (left > minutes * 60_000 || this.#warned.has(minutes)) continue;
      this.#warned.add(minutes);
      this.#tellTerminals(this.#texts.endsIn(minutes));
    }
  }

  #nowMs(): number {
    return this.#context.clock.monotonicUs() / 1_000;
  }

  /** Begins to open the session; all channels share what comes of it, a failure too. */
  #begin(accountLogin: string | null, assetName: string): Promise<OpenedGate> {
    const opening = this.#open(accountLogin, assetName);
    // Whoever awaits it tells of a failure; until a channel comes nobody does, and that may not end the process.
    opening.catch(() => undefined);
    this.#opening = opening;
    for (const ask of this.#refusalsBefore.splice(0)) this.#logRefusal(ask);
    return opening;
  }

  async #open(accountLogin: string | null, assetName: string): Promise<OpenedGate> {
    const opened = await openGateSession(this.#context, {
      actor: this.#signedIn.actor,
      accountLogin,
      assetName,
      client: this.#clientName(),
      onEnd: (because) => this.#onEnd(because),
      onDrain: (endsAt) => this.#tellTerminals(this.#texts.draining(moment(endsAt))),
      onFreeze: (frozen) => this.#tellTerminals(frozen ? this.#texts.frozen() : this.#texts.thawed()),
    });
    if (opened.kind !== "open") return opened;
    this.#gate = opened.session;
    const left = opened.session.live.endsAt - this.#context.clock.now();
    this.#warned = new Set(WARNING_MINUTES.filter((minutes) => left <= minutes * 60_000));
    void opened.session.upstream().then((upstream) => {
      if (upstream.ok) this.#rekeys.push(new RekeyWatch(upstream.value.peer, this.#context.limits, this.#nowMs()));
    });
    if (this.#ended || this.#socket.destroyed) void opened.session.end("left");
    return opened;
  }

  #clientName(): string {
    const raw = (this.#peer as { readonly _protocol: { readonly _remoteIdentRaw?: Buffer } })._protocol._remoteIdentRaw;
    return sanitise(raw?.toString("latin1") ?? "", 100);
  }

  async #serve(channel: OperatorChannel, start: Start): Promise<void> {
    this.#everServed = true;
    if (this.#lastLine !== undefined) {
      await channel.fail(this.#lastLine);
      return void setTimeout(() => this.#socket.destroy(), LAST_LINE_MS);
    }
    this.#channels.set(channel, undefined);
    try {
      await this.#serveOpen(channel, start);
    } catch (error) {
      this.#failed("ssh channel failed", error);
      await channel.fail(codeText(this.#signedIn.actor.locale, codeOf(error)));
    } finally {
      channel.finish({ code: 255 });
      this.#channels.delete(channel);
    }
  }

  async #serveOpen(channel: OperatorChannel, start: Start): Promise<void> {
    const { actor } = this.#signedIn;
    const opened = await this.#openedFor(channel, start);
    if (opened === undefined) return;
    if (opened.kind === "refused") return channel.fail(codeText(actor.locale, opened.code));
    if (opened.kind === "ask") return channel.fail(this.#noGrant(opened.reachable));
    for (const what of this.#untold.splice(0)) {
      await channel.say(this.#texts[what]());
    }
    const { session } = opened;
    await serveChannel(
      {
        context: this.#context,
        session,
        channel,
        onBridge: (bridge, live) => this.#channels.set(channel, { bridge, live }),
      },
      start,
    );
  }

  /** The session this channel goes into: the one that stands, or what menu and request screen lead to. */
  async #openedFor(channel: OperatorChannel, start: Start): Promise<OpenedGate | undefined> {
    const { actor, name } = this.#signedIn;
    const screen = start.type === "shell" && channel.pty !== undefined;
    if (this.#opening === undefined) {
      if (!screen) return void (await channel.fail(this.#texts.nameAsset(name.login)));
      if (this.#menuShown) return void (await channel.fail(this.#texts.menuOneShell()));
      this.#menuShown = true;
      const chosen = await chooseFromMenu(this.#context, channel, actor, this.#texts);
      if (chosen === undefined) return void channel.finish({ code: 0 });
      await channel.say(this.#texts.opening(sanitise(`${chosen.accountLogin}@${chosen.assetName}`, 130)));
      void this.#begin(chosen.accountLogin, chosen.assetName);
    }
    const opened = await this.#opening;
    if (opened?.kind !== "ask" || !screen) return opened;
    if (this.#asking) return void (await channel.fail(this.#texts.waiting()));
    this.#asking = true;
    const approved = await askForAccess(this.#context, channel, actor, opened.reachable, this.#texts).finally(() => {
      this.#asking = false;
    });
    if (!approved || this.#socket.destroyed) return void channel.finish({ code: 1 });
    return this.#begin(opened.reachable.accountLogin, opened.reachable.assetName);
  }

  #noGrant(reachable: { readonly accountLogin: string; readonly assetName: string }): string {
    return this.#texts.noGrant(sanitise(`${reachable.accountLogin}@${reachable.assetName}`), this.#context.publicUrl);
  }

  #judge(open: ChannelOpen, openChannels: number): { readonly code: number; readonly text: string } | undefined {
    const refuse = (text: string, because: string, code: number = OPEN_FAILURE.prohibited) => {
      const { destIP, destPort, socketPath } = open.data;
      const detail = destIP === undefined ? (socketPath ?? "") : `${destIP}:${destPort ?? 0}`;
      this.#logRefusal({ kind: sanitise(open.type, 64), detail: sanitise(detail), because });
      return { code, text: `gatehouse: ${text}` };
    };
    if (openChannels >= this.#context.limits.channelsPerConnection)
      return refuse(this.#texts.tooManyChannels(), "too-many-channels", OPEN_FAILURE.shortage);
    if (this.#menuShown || (this.#signedIn.name.assetName === null && open.type !== "session"))
      return refuse(this.#texts.menuOneShell(), "at-the-menu");
    if (open.type === "session" || open.type === "direct-tcpip") return undefined;
    const socket = open.type.includes("streamlocal");
    const text = socket
      ? this.#texts.streamlocal()
      : open.type.startsWith("tun@")
        ? this.#texts.tunnel()
        : this.#texts.unknownChannel();
    return refuse(text, "never-allowed");
  }

  /** Puts a refusal on the session's record, once there is one. The first of a flood that comes before are kept. */
  #logRefusal(ask: Refusal): void {
    const opening = this.#opening;
    if (opening === undefined) {
      if (this.#refusalsBefore.length < MOST_REFUSALS_BEFORE) this.#refusalsBefore.push(ask);
      return;
    }
    opening
      .then((opened) => (opened.kind === "open" ? opened.session.live.refuseChannel(ask) : undefined))
      .catch((error: unknown) => this.#failed("a refusal could not be logged", error));
  }

  #forward(accept: () => unknown, reject: () => void, host: string, port: number): void {
    const sender = openBeingAsked(this.#peer)?.sender ?? 0;
    const refuse = (text: string): void => refuseOpen(this.#peer, sender, `gatehouse: ${text}`, reject);
    void serveForward(
      { context: this.#context, opening: this.#opening, valve: this.#valve, texts: this.#texts },
      { accept, refuse, host, port },
    ).catch((error: unknown) => {
      this.#failed("ssh forward failed", error);
      refuse(codeText(this.#signedIn.actor.locale, codeOf(error)));
    });
  }

  #globalRequest(name: string, reject: (() => void) | undefined): void {
    reject?.();
    if (name.startsWith("cancel-")) return;
    const what = name.includes("streamlocal") ? "streamlocal" : "remoteForward";
    this.#logRefusal({ kind: what, detail: what, because: "never-allowed" });
    if (!this.#untold.includes(what)) this.#untold.push(what);
  }

  #failed(what: string, error: unknown): void {
    this.#context.log("error", what, { error: String(error) });
  }

  #tellTerminals(text: string): void {
    for (const [channel, served] of this.#channels) {
      if (channel.pty === undefined || served === undefined) continue;
      served.live.tap.gate(channel.line(text)).then(
        () => channel.say(text),
        () => undefined,
      );
    }
  }

  /** The session must end now: nothing more passes, a last line is tried, and the socket goes whatever the peer does. */
  #onEnd(because: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    const { locale } = this.#signedIn.actor;
    const failure = this.#gate?.failure;
    const text = this.#texts.ended(failure === undefined ? endText(locale, because) : codeText(locale, failure));
    this.#lastLine = text;
    for (const [channel, served] of this.#channels) {
      served?.bridge.cut();
      if (because === "left") channel.finish({ code: 255 });
      else void channel.fail(text);
    }
    // A dial can fail before the client asked for its first channel: leave it the time to be told why.
    setTimeout(() => this.#socket.destroy(), this.#everServed ? LAST_LINE_MS : FIRST_CHANNEL_MS);
  }

  async #closed(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    for (const served of this.#channels.values()) served?.bridge.cut();
    if (opened?.kind !== "open") return;
    await opened.session.end(opened.session.failure === undefined ? "left" : "target-unreachable");
  }
}
