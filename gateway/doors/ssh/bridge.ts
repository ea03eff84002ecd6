/**
 * Joins an operator's channel and a target's channel through the session's tap. A byte goes on only after the recorder
 * accepted it (promise 2); each direction keeps its order, holds a bounded number of bytes in flight and pauses its source
 * beyond that. It decides nothing: filters judge, the broker admits.
 */
import type { LiveChannel } from "../../broker/index.js";
import { ChannelCut } from "../../domain/index.js";
import type { Filter, Passed } from "./filters.js";
import type { GateSession } from "./gate-session.js";
import { startIntake } from "./intake.js";
import type { Exit, Outlet } from "./outlet.js";
import { onPeerClose, type RawChannel } from "./ssh2-shims.js";
import type { TargetChannel } from "./upstream.js";

export interface BridgeEnds {
  readonly operator: { readonly raw: RawChannel; readonly outlet: Outlet };
  readonly target: TargetChannel;
  readonly channel: LiveChannel;
  readonly session: GateSession;
  readonly filter: Filter;
  readonly inFlightBytes: number;
  /**
   * Tells the operator the target's EOF at once. Not on session channels: a client that has heard it, and said its own,
   * closes the channel before the exit status could reach it.
   */
  readonly halfClose: boolean;
  /** What is said when the channel may keep no more and is cut. */
  readonly cutText: string;
  /** A line for the operator when a filter or the recorder ends this channel. */
  readonly say: (text: string) => Promise<void>;
}

/** How a bridged channel ended: with the target's own exit, cut by the operator or the gate, or vetoed. */
export type Bridged = { readonly exit: Exit | undefined; readonly cut: boolean };

/** How long a line that nobody reads may hold up the end of a channel. */
const LAST_LINE_MS = 2_000;
const NOTHING: Passed = { toTarget: [], toOperator: [] };

export class Bridge {
  readonly #ends: BridgeEnds;
  readonly #done: Promise<Bridged>;
  #finish: (bridged: Bridged) => void = () => undefined;
  #over = false;
  #vetoed = false;
  #toOperator: Promise<void> = Promise.resolve();
  #toTarget: Promise<void> = Promise.resolve();
  #readOperator: () => void = () => undefined;

  constructor(ends: BridgeEnds) {
    this.#ends = ends;
    this.#done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Resolves when both sides are closed or cut. The caller sends the exit and closes the operator's side. */
  run(): Promise<Bridged> {
    const { operator, target, filter } = this.#ends;
    // The library says `close` when stdout was read to its end, whether stderr was or not: wait for all three.
    let open = 2;
    let closed = false;
    const settle = (): void => {
      if (open === 0 && closed) this.#targetClosed();
    };
    const sourceEnded = (): void => {
      open -= 1;
      if (open > 0) return;
      void this.#pass(filter.ended?.("target") ?? NOTHING, false);
      this.#settleOutput();
      settle();
    };
    const targetClosed = (): void => {
      closed = true;
      settle();
    };
    this.#drain(target.raw, (bytes) => this.#fromTarget(bytes, false), sourceEnded);
    this.#drain(target.raw.stderr, (bytes) => this.#fromTarget(bytes, true), sourceEnded);
    this.#readOperator = this.#drain(
      operator.raw,
      (bytes) => this.#fromOperator(bytes),
      () => {
        void this.#pass(filter.ended?.("operator") ?? NOTHING, false);
        this.#toTarget = this.#toTarget.then(() => target.outlet.eof());
      },
      () => filter.waiting?.() === true,
    );
    target.raw.once("close", targetClosed);
    onPeerClose(operator.raw, () => this.cut());
    if (target.closed()) targetClosed();
    if (operator.raw.incoming.state === "closed") this.cut();
    return this.#done;
  }

  /** Stops both directions at once; nothing more passes. */
  cut(): void {
    this.#end({ exit: undefined, cut: true });
  }

  #end(bridged: Bridged): void {
    if (this.#over) return;
    this.#over = true;
    const { operator, target } = this.#ends;
    this.#ends.filter.close?.();
    operator.outlet.drop();
    target.outlet.close();
    for (const stream of [target.raw, target.raw.stderr, operator.raw]) {
      stream.removeAllListeners("data");
      stream.resume();
    }
    this.#finish(bridged);
  }

  #drain(
    source: NodeJS.ReadableStream,
    take: (bytes: Uint8Array) => Promise<void>,
    ended: () => void,
    waiting: () => boolean = () => false,
  ): () => void {
    const { inFlightBytes, session } = this.#ends;
    return startIntake(source, {
      take: (bytes) => {
        session.live.touch();
        return take(bytes);
      },
      ended,
      fault: () => this.cut(),
      waiting,
      over: () => this.#over,
      inFlightBytes,
    });
  }

  #fromTarget(bytes: Uint8Array, stderr: boolean): Promise<void> {
    const passed = this.#pass(this.#ends.filter.fromTarget(bytes, stderr), stderr);
    this.#readOperator();
    return passed;
  }

  #fromOperator(bytes: Uint8Array): Promise<void> {
    return this.#pass(this.#ends.filter.fromOperator(bytes), false);
  }

  /** Records each part and then lets it go; the two directions wait only for themselves. */
  #pass(passed: Passed, stderr: boolean): Promise<void> {
    const { channel, operator, target } = this.#ends;
    const steps: Promise<void>[] = [];
    if (this.#vetoed) return Promise.resolve();
    if (passed.veto !== undefined) return this.#veto(passed.veto);
    for (const bytes of passed.toOperator) {
      if (bytes.length === 0) continue;
      const accepted = this.#recorded(channel.tap.output(bytes, stderr));
      this.#toOperator = this.#toOperator.then(async () => {
        if (await this.#mayPass(accepted)) await operator.outlet.write(bytes, stderr);
      });
      steps.push(this.#toOperator);
    }
    for (const { bytes, secret } of passed.toTarget) {
      if (bytes.length === 0) continue;
      const last = bytes[bytes.length - 1];
      const accepted = this.#recorded(channel.tap.input(bytes, { endsLine: last === 0x0d || last === 0x0a, secret }));
      this.#toTarget = this.#toTarget.then(async () => {
        if (await this.#mayPass(accepted)) await target.outlet.write(bytes);
      });
      steps.push(this.#toTarget);
    }
    return Promise.all(steps).then(() => undefined);
  }

  /** True when accepted. A recorder that fails ends the session, a full channel itself; nothing is shown that was not taken. */
  #recorded(accepted: Promise<void>): Promise<boolean> {
    return accepted.then(
      () => true,
      (error: unknown) => {
        if (error instanceof ChannelCut) {
          void this.#veto(this.#ends.cutText).catch(() => this.cut());
          return false;
        }
        this.cut();
        void this.#ends.session.end("recorder-failed");
        return false;
      },
    );
  }

  async #mayPass(accepted: Promise<boolean>): Promise<boolean> {
    const { session } = this.#ends;
    if (!(await accepted)) return false;
    await session.thawed();
    return !this.#over && !this.#vetoed && !session.ended;
  }

  /** From here on nothing passes; the channel ends once the line was said, or its reader had the time. */
  async #veto(text: string): Promise<void> {
    if (this.#over || this.#vetoed) return;
    this.#vetoed = true;
    this.#ends.operator.outlet.drop();
    const late = new Promise((resolve) => setTimeout(resolve, LAST_LINE_MS).unref());
    await Promise.race([this.#ends.say(text), late]);
    this.cut();
  }

  /** Both of the target's streams ended. */
  #settleOutput(): void {
    this.#toOperator = this.#toOperator.then(() => {
      if (!this.#over && this.#ends.halfClose) this.#ends.operator.outlet.eof();
    });
  }

  #targetClosed(): void {
    void this.#toOperator.then(() => this.#end({ exit: this.#ends.target.exit(), cut: false }));
  }
}
