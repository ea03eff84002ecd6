/**
 * One desktop as this door holds it: the broker's live session, its one connection to guacd, its channel, and the browser that is
 * there or may come back. guacd's connection belongs to the session; whoever ends it, both sides end at once.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { LiveChannel, LiveSession } from "../../broker/index.js";
import type { Actor, DesktopChoices, EndReason } from "../../domain/index.js";
import type { BrowserConnection } from "./browser-connection.js";
import { dialDesktop } from "./dial.js";
import type { DoorContext } from "./door-deps.js";
import type { Drive } from "./drive.js";
import { endOf } from "./endings.js";
import { codeOf, STATUS, wordOfCode, wordOfEnd, type LastWord } from "./errors.js";
import { Frost } from "./frost.js";
import { Held } from "./guac/held.js";
import { PerMinute } from "./guac/rates.js";
import type { Rights } from "./guac/rights.js";
import type { GuacdLink } from "./guacd-link.js";
import { Inward } from "./inward.js";
import { Keystrokes } from "./keystrokes.js";
import { Outward } from "./outward.js";
import type { DesktopProtocol } from "./protocols/index.js";
import { View } from "./view.js";

export interface DesktopAsk {
  readonly actor: Actor;
  readonly choices: DesktopChoices;
  readonly protocol: DesktopProtocol;
  /** Called once, when nothing is left of it. */
  readonly onDone: () => void;
}

interface Parts {
  readonly channel: LiveChannel;
  readonly outward: Outward;
  readonly keys: Keystrokes;
}

export class DesktopSession {
  readonly live: LiveSession;
  readonly #context: DoorContext;
  readonly #ask: DesktopAsk;
  readonly #view = new View((timestamp) => this.#link?.tell("sync", timestamp));
  readonly #held = new Held();
  readonly #rights: () => Rights;
  /** Of the session, not of one browser: who comes back starts no new minute. */
  readonly #pastes: PerMinute;
  readonly #uploads: PerMinute;
  #parts: Parts | undefined;
  #link: GuacdLink | undefined;
  /** Present while dialling: settles the dial, so that nothing stays lent. */
  #giveUp: ((word: LastWord) => void) | undefined;
  #touch = false;
  #drive: Drive | undefined;
  #inward: Inward | undefined;
  /** Who is being served or shown back in. */
  #browser: BrowserConnection | undefined;
  #detaching: Promise<void> = Promise.resolve();
  #returning: Promise<void> = Promise.resolve();
  /** Settles when what a browser left under way is written down. */
  #leaving: Promise<void> = Promise.resolve();
  #writing: Promise<void> | undefined;
  #returnTimer: NodeJS.Timeout | undefined;
  readonly #beat: NodeJS.Timeout;
  readonly #frost = new Frost();
  /** When the node goes down, once that is known. */
  #drainsAt: number | undefined;
  #ended = false;
  #finishing = false;
  /** Whether the broker knows of an operator who is there. */
  #joined = true;
  #word: LastWord | undefined;

  constructor(context: DoorContext, live: LiveSession, ask: DesktopAsk) {
    this.#context = context;
    this.live = live;
    this.#ask = ask;
    this.#pastes = new PerMinute(context.limits.clipboardsPerMinute);
    this.#uploads = new PerMinute(context.limits.filesPerMinute);
    const files = (action: "rdp.upload" | "rdp.download"): boolean => context.drive !== null && live.allows(action);
    const barred = live.snapshot.obligations?.includes("no-download") === true;
    this.#rights = () => ({
      copy: live.allows("rdp.copy"),
      paste: live.allows("rdp.paste"),
      upload: files("rdp.upload"),
      download: files("rdp.download") && !barred,
    });
    this.#beat = setInterval(() => this.#tick(), Math.min(1_000, context.limits.browserStallMs / 2));
  }

  get ended(): boolean {
    return this.#ended || this.#finishing || this.live.ended;
  }
  get actor(): Actor {
    return this.#ask.actor;
  }

  /** Opens the channel, dials, and serves the browser that asked for it. Never rejects. */
  async start(browser: BrowserConnection): Promise<void> {
    this.#browser = browser;
    this.#greet(browser);
    try {
      const { width, height, dpi } = this.#ask.choices;
      const opened = await this.live.openChannel({
        kind: "desktop",
        action: this.#ask.protocol.action,
        detail: this.live.snapshot.assetName,
        desktop: { width, height, dpi },
      });
      if (!opened.ok) return await this.finish(wordOfCode(opened.code));
      if (this.ended) return;
      this.#parts = this.#makeParts(opened.value);
      this.#serve(browser);
      await this.#dial(this.#parts);
    } catch (error) {
      await this.#failed(error);
    }
  }

  /** The operator is back with a return ticket, from the same page session. Never rejects. */
  rejoin(actor: Actor, browser: BrowserConnection, client: string): Promise<void> {
    if (this.#browser !== undefined) {
      this.#browser.finish({ code: "conflict", status: STATUS.sessionConflict });
      this.#detach();
    }
    this.#browser = browser;
    browser.listen({ onMessage: () => undefined, onTaken: () => undefined, onGone: () => this.#lost(browser) });
    return (this.#returning = this.#returning.then(() => this.#letIn(actor, browser, client)));
  }

  /** One after the other: of returns that cross, the latest is served, and none takes another's picture. Never rejects. */
  async #letIn(actor: Actor, browser: BrowserConnection, client: string): Promise<void> {
    try {
      await this.#detaching;
      if (this.#browser !== browser) return;
      const rejoined = await this.live.rejoin(actor, client);
      if (!rejoined.ok) return browser.finish(wordOfCode(rejoined.code));
      this.#joined = true;
      if (this.#browser === undefined) return this.#detach();
      if (this.#browser !== browser) return;
      if (this.ended || this.#parts === undefined) return browser.finish(this.#word ?? wordOfCode("grant-ended"));
      this.#greet(browser);
      await this.#showAgain(this.#parts, browser);
    } catch (error) {
      await this.#failed(error);
    }
  }

  /**
   * The broker's order: both sides end at once, without waiting for anything. Resolves when what was under way and what was left
   * is written down, for which the recording is still open. Never rejects.
   */
  ending(because: EndReason): Promise<void> {
    if (this.#ended) return this.#writtenDown();
    this.#ended = true;
    this.#inward?.stop();
    this.#frost.end();
    this.#parts?.outward.stop();
    this.#link?.leave();
    this.#giveUp?.(wordOfEnd(because));
    this.#browser?.finish(this.#word ?? wordOfEnd(because));
    clearInterval(this.#beat);
    clearTimeout(this.#returnTimer);
    void this.#clear();
    return this.#writtenDown();
  }

  #greet(browser: BrowserConnection): void {
    browser.tell("", "session", this.live.id);
    if (this.#drainsAt !== undefined) browser.tell("", "drain", this.#drainsAt);
  }

  freeze(frozen: boolean): void {
    this.#frost.set(frozen);
    this.#link?.hold("frozen", frozen);
    this.#inward?.freeze();
  }

  /** The node goes down at `endsAt`: the operator is told, also one who comes back. */
  drain(endsAt: number): void {
    this.#drainsAt = endsAt;
    this.#browser?.tell("", "drain", endsAt);
  }

  /** The door's own ending; the operator is told at once. Resolves when the recording is closed. */
  async finish(word: LastWord): Promise<void> {
    if (this.#ended || this.#finishing) return;
    this.#finishing = true;
    const because = endOf(word, this.#parts?.outward.seen === true);
    this.#word = word;
    this.#link?.leave();
    this.#giveUp?.(word);
    this.#inward?.stop();
    this.#frost.end();
    this.#browser?.finish(word);
    await this.#writtenDown();
    await this.#attempt(() => this.live.end(because));
    await this.ending(because);
  }

  /** What ends goes on ending, whatever fails on the way. */
  async #attempt(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#context.log("error", "a desktop was not closed in order", { session: this.live.id, error: String(error) });
    }
  }

  #admits(): boolean {
    return !this.ended && !this.#frost.on && this.#context.broker.sessions.stillAdmitted(this.live.admission);
  }

  #nowMs(): number {
    return this.#context.clock.monotonicUs() / 1_000;
  }

  #openLink(): GuacdLink | undefined {
    return this.#link?.open === true ? this.#link : undefined;
  }

  #makeParts(channel: LiveChannel): Parts {
    const outward = new Outward({
      live: this.live,
      channel,
      view: this.#view,
      link: () => this.#openLink(),
      rights: this.#rights,
      limits: this.#context.limits,
      size: this.#ask.choices,
      onOver: (word) => (this.#giveUp === undefined ? void this.finish(word) : this.#giveUp(word)),
      onFailure: (error) => void this.#failed(error),
      onAck: (stream, status, bytes) => this.#inward?.acknowledged(stream, status, bytes),
      nowMs: () => this.#nowMs(),
    });
    return { channel, outward, keys: new Keystrokes(channel.tap, this.#context.keepKeys) };
  }

  async #dial(parts: Parts): Promise<void> {
    const failure = await dialDesktop(this.#context, {
      live: this.live,
      choices: this.#ask.choices,
      protocol: this.#ask.protocol,
      rights: this.#rights(),
      outward: parts.outward,
      onDrive: (drive) => (this.#drive = drive),
      onLink: (link, giveUp) => {
        this.#link = link;
        this.#giveUp = giveUp;
      },
      onReady: (names) => this.#ready(names),
      onDrain: () => this.#inward?.flow(),
      onCertificateChanged: (shown) => {
        this.#word = wordOfCode("target-key-changed");
        return this.#context.broker.sessions.hostKeyChanged(this.live.admission, shown);
      },
      onClosed: (word) => void this.finish(word),
    });
    this.#giveUp = undefined;
    if (failure !== undefined) await this.finish(failure);
  }

  /** guacd is there, though the desktop is not yet: what was typed before went nowhere. */
  #ready(names: readonly string[]): void {
    this.#touch = names.includes("enable-touch");
    if (this.#frost.on) this.#link?.hold("frozen", true);
  }

  #serve(browser: BrowserConnection): void {
    const parts = this.#parts;
    if (parts === undefined || this.ended) return;
    const inward = new Inward({
      browser,
      live: this.live,
      channel: parts.channel,
      link: () => this.#openLink(),
      held: this.#held,
      keys: parts.keys,
      syncs: this.#view.syncs,
      rights: this.#rights,
      touch: () => this.#touch,
      limits: this.#context.limits,
      pastes: this.#pastes,
      uploads: this.#uploads,
      nowMs: () => this.#nowMs(),
      frost: this.#frost,
      admits: () => this.#admits(),
      onLeave: () => void this.finish(wordOfEnd("left")),
      onFailure: (error) => void this.#failed(error),
      onAck: (stream, status) => parts.outward.acknowledged(stream, status),
    });
    this.#inward = inward;
    inward.freeze();
    this.#view.attach(browser);
    browser.listen({
      onMessage: (bytes) => inward.take(bytes),
      onTaken: () => parts.outward.flow(),
      onGone: () => this.#lost(browser),
    });
  }

  async #showAgain(parts: Parts, browser: BrowserConnection): Promise<void> {
    this.#view.expect();
    try {
      const picture = await this.live.picture(parts.channel);
      // What was handed to the recorder before the picture is drawn by now, or comes after it.
      await parts.outward.settled();
      if (this.#browser !== browser || browser.gone || this.ended) return this.#view.forget();
      clearTimeout(this.#returnTimer);
      this.#view.welcome(browser, picture);
      this.#serve(browser);
    } catch (error) {
      this.#view.forget();
      throw error;
    }
  }

  #lost(browser: BrowserConnection): void {
    if (this.#browser === browser) this.#detach();
  }

  /** The browser is gone, the desktop stays: it is recorded on, and ends when nobody comes back in time. */
  #detach(): void {
    this.#browser = undefined;
    if (this.ended) return;
    const left = this.#inward?.close() ?? Promise.resolve();
    // Whether it failed is heard where the desktop is left alone.
    const settled = (): void => undefined;
    this.#leaving = Promise.all([this.#leaving, left]).then(settled, settled);
    this.#inward = undefined;
    this.#view.detach();
    this.#parts?.outward.detached();
    clearTimeout(this.#returnTimer);
    this.#returnTimer = setTimeout(() => void this.finish(wordOfEnd("left")), this.#context.limits.returnMs);
    if (!this.#joined) return;
    this.#joined = false;
    this.#detaching = this.#detaching.then(() => this.#leftAlone(left)).catch((error: unknown) => this.#failed(error));
  }

  async #leftAlone(left: Promise<void>): Promise<void> {
    await left;
    if (this.ended) return;
    await this.live.detached();
    const still = await this.#context.broker.identity.refresh(this.#ask.actor);
    if (!still.ok) await this.finish(wordOfEnd("left"));
  }

  #tick(): void {
    if (this.#browser?.stalled !== true) return;
    this.#context.log("warn", "a browser does not read", { session: this.live.id });
    this.#browser.close();
  }

  async #failed(error: unknown): Promise<void> {
    if (this.ended) return;
    this.#context.log("error", "a desktop failed", { session: this.live.id, error: String(error) });
    await this.finish(wordOfCode(codeOf(error)));
  }

  /** What the session leaves is written into the recording while it is open; a recorder that hangs may not keep it open. */
  #writtenDown(): Promise<void> {
    return (this.#writing ??= Promise.race([
      this.#writeDown(),
      wait(this.#context.limits.writeDownMs, undefined, { ref: false }),
    ]));
  }

  /** Never rejects; each part is written whatever becomes of the others. */
  async #writeDown(): Promise<void> {
    await this.#leaving;
    await this.#attempt(async () => this.#inward?.endFiles());
    await this.#attempt(async () => this.#parts?.outward.close());
    await this.#attempt(async () => {
      const left = await this.#drive?.left(this.#context.limits.sweepMs);
      for (const { name, size, sha256 } of left?.files ?? [])
        await this.live.tap.note("session", { drive: name, size, sha256 });
      if (left?.whole === false) await this.live.tap.note("session", { drive: "", more: true });
    });
    await this.#attempt(async () => this.#parts?.channel.close(null));
  }

  async #clear(): Promise<void> {
    await this.#writtenDown();
    try {
      await this.#drive?.wipe();
    } catch (error) {
      this.#context.log("error", "a drive could not be wiped", { session: this.live.id, error: String(error) });
    }
    this.#ask.onDone();
  }
}
