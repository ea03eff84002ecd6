/**
 * One Gatehouse session as this door holds it: the broker's live session, the one connection to its target, frozen or
 * not, ended or not. Dialling begins at once, beside the client's own next steps; only the broker's proof opens it.
 */
import { done, GatehouseError, refused, type Actor, type EndReason, type Outcome } from "../../domain/index.js";
import type { LiveSession, OpenSession, Reachable } from "../../broker/index.js";
import type { ErrorCode } from "../../domain/index.js";
import type { DoorContext } from "./door-deps.js";
import { codeOf } from "./errors.js";
import { reachTarget, type Reached } from "./target-client.js";
import { Upstream } from "./upstream.js";

export type OpenedGate =
  | { readonly kind: "open"; readonly session: GateSession }
  | { readonly kind: "ask"; readonly reachable: Reachable }
  | { readonly kind: "refused"; readonly code: ErrorCode };

export type SessionAsk = Pick<OpenSession, "actor" | "accountLogin" | "assetName" | "client"> & {
  /** Called once, when the session must end now. */
  readonly onEnd: (because: EndReason) => void;
  readonly onFreeze: (frozen: boolean) => void;
  /** The gate is going down and will end the session at this wall-clock moment. */
  readonly onDrain: (endsAt: number) => void;
};

const FAILURES: Record<Reached["kind"], ErrorCode> = {
  ready: "grant-ended",
  "key-changed": "target-key-changed",
  "credential-refused": "target-credential-refused",
  "too-old": "target-too-old",
  unreachable: "target-unreachable",
};

/** Opens a session and begins to dial. */
export async function openGateSession(context: DoorContext, ask: SessionAsk): Promise<OpenedGate> {
  const made: { session?: GateSession; early?: EndReason } = {};
  const opened = await context.broker.sessions.open({
    actor: ask.actor,
    accountLogin: ask.accountLogin,
    assetName: ask.assetName,
    protocol: "ssh",
    client: ask.client,
    onEnd: (because) => {
      if (made.session === undefined) made.early = because;
      else made.session.ending(because);
    },
    onFreeze: (frozen) => made.session?.freeze(frozen),
    onDrain: ask.onDrain,
  });
  if (opened.kind !== "open") return opened;
  const session = new GateSession(context, opened.session, ask);
  made.session = session;
  if (made.early !== undefined) session.ending(made.early);
  else void session.upstream();
  return { kind: "open", session };
}

export class GateSession {
  readonly live: LiveSession;
  readonly #context: DoorContext;
  readonly #ask: SessionAsk;
  readonly #cuts = new Set<() => void>();
  readonly #abort = new AbortController();
  #ended: EndReason | undefined;
  #upstream: Upstream | undefined;
  #dialled: Promise<Outcome<Upstream>> | undefined;
  #failure: ErrorCode | undefined;
  #frozen: { readonly until: Promise<void>; readonly thaw: () => void } | undefined;

  constructor(context: DoorContext, live: LiveSession, ask: SessionAsk) {
    this.#context = context;
    this.live = live;
    this.#ask = ask;
  }

  get actor(): Actor {
    return this.#ask.actor;
  }
  get ended(): boolean {
    return this.#ended !== undefined || this.live.ended;
  }
  /** Why the target could not be opened, once that is known. */
  get failure(): ErrorCode | undefined {
    return this.#failure;
  }
  /** Undefined until the target was reached. */
  get connected(): Upstream | undefined {
    return this.#upstream;
  }

  /** Whether a byte may pass at this very moment. */
  admits(): boolean {
    return !this.ended && this.#context.broker.sessions.stillAdmitted(this.live.admission);
  }

  /** The connection to the target, dialled once. */
  upstream(): Promise<Outcome<Upstream>> {
    this.#dialled ??= this.#dial().catch((error: unknown) => {
      this.#context.log("error", "dial failed", { session: this.live.id, error: String(error) });
      return refused(codeOf(error));
    });
    return this.#dialled;
  }

  /** Resolves at once unless frozen. */
  async thawed(): Promise<void> {
    while (this.#frozen !== undefined) await this.#frozen.until;
  }

  freeze(frozen: boolean): void {
    if (frozen === (this.#frozen !== undefined)) return;
    if (frozen) {
      let thaw = (): void => undefined;
      const until = new Promise<void>((resolve) => {
        thaw = resolve;
      });
      this.#frozen = { until, thaw };
    } else {
      const was = this.#frozen;
      this.#frozen = undefined;
      was?.thaw();
    }
    this.#ask.onFreeze(frozen);
  }

  /** Adds what must be cut when the session ends; answers how to take it away. */
  onEnding(cut: () => void): () => void {
    if (this.ended) cut();
    else this.#cuts.add(cut);
    return () => this.#cuts.delete(cut);
  }

  /** The broker's order to end: the target is cut at once. */
  ending(because: EndReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = because;
    this.#abort.abort();
    this.#upstream?.destroy();
    for (const cut of this.#cuts) cut();
    this.#cuts.clear();
    this.freeze(false);
    this.#ask.onEnd(because);
  }

  /** The door's own ending; resolves when the recording is closed, never rejects. */
  async end(because: EndReason): Promise<void> {
    this.ending(because);
    try {
      await this.live.end(because);
    } catch (error) {
      this.#context.log("error", "a session could not be closed", { session: this.live.id, error: String(error) });
    }
  }

  async #dial(): Promise<Outcome<Upstream>> {
    const { sessions } = this.#context.broker;
    const { admission } = this.live;
    let reached: Reached | undefined;
    const outcome = await sessions.dial(admission, async (plan) => {
      reached = await reachTarget(plan, this.#context.limits.dialMs, this.#abort.signal);
      // Thrown, so that the broker logs which of them it was.
      if (reached.kind !== "ready" && reached.kind !== "key-changed")
        throw new GatehouseError(FAILURES[reached.kind], `the target was not opened: ${reached.kind}`);
      return reached;
    });
    const ready = reached?.kind === "ready" ? reached : undefined;
    if (outcome.ok && outcome.value.kind === "ready" && this.admits()) {
      const { client, socket } = outcome.value;
      this.#upstream = new Upstream(client, socket, () => void this.end("target-closed"));
      return done(this.#upstream);
    }
    ready?.socket.destroy();
    this.#failure = outcome.ok ? FAILURES[outcome.value.kind] : outcome.code;
    if (outcome.ok && outcome.value.kind === "key-changed")
      await sessions.hostKeyChanged(admission, outcome.value.shown);
    return outcome.ok ? refused(this.#failure) : outcome;
  }
}
