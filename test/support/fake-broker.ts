/**
 * A broker for tests of the SSH door alone: it stands behind the same interface, grants or refuses as told, and keeps what
 * the door handed to its tap. It holds no rule of its own; the real rules are tested in the broker's room.
 */
import {
  asId,
  ChannelCut,
  done,
  GatehouseError,
  refused,
  type Action,
  type Actor,
  type ChannelOutcome,
  type ChannelTap,
  type EndReason,
  type ErrorCode,
  type ForwardTarget,
  type Grant,
  type Locale,
  type Outcome,
  type Tap,
} from "../../gateway/domain/index.js";
import type {
  Admission,
  Broker,
  ChannelAsk,
  DialPlan,
  LiveChannel,
  LiveSession,
  OpenSession,
  Reachable,
  RequestView,
} from "../../gateway/broker/index.js";
import { FakeTerminals } from "./fake-terminals.js";

export interface FakePerson {
  readonly login: string;
  readonly password: string;
  readonly code: string;
  readonly keys: readonly string[];
  readonly deviceKeys?: readonly string[];
  readonly locale: Locale;
}

/** What one channel was heard to do. */
export interface HeardChannel {
  readonly ask: ChannelAsk;
  readonly number: number;
  output: Buffer;
  errors: Buffer;
  input: Buffer;
  secrets: number;
  gate: string[];
  resizes: string[];
  exit: unknown;
  closed: string | null | undefined;
}

/** Whom each of its people works for. */
const VENDORS: readonly string[] = ["Delta", "Harbour"];

export class FakeBroker implements Pick<Broker, "identity" | "access" | "sessions"> {
  readonly people: FakePerson[] = [
    { login: "alice", password: "correct horse", code: "123456", keys: [], locale: "en" },
    { login: "wang", password: "correct horse", code: "123456", keys: [], locale: "zh-CN" },
  ];
  /** Where sessions lead. Undefined: nowhere. */
  target: Omit<DialPlan, "assetName" | "desktop"> | undefined;
  actions: Action[] = ["ssh.shell", "ssh.exec", "sftp.read", "sftp.write", "ssh.forward"];
  forwardTo: ForwardTarget[] = [];
  /** `ask`: entitled without a grant. A code: refused with it. */
  answer: "open" | "ask" | ErrorCode = "open";
  reachableItems: Reachable[] = [];
  lifetimeMs = 3_600_000;
  /** Makes every later tap call reject. */
  tapFails = false;
  /** Delay of each tap call, as a slow disk would make. */
  tapDelayMs = 0;
  /** Does not keep output (for floods); counts it alone. */
  keepOutput = true;
  outputBytes = 0;
  readonly channels: HeardChannel[] = [];
  readonly refusals: { readonly kind: string; readonly detail: string; readonly because: string }[] = [];
  /** Delay of each refusal's log. */
  refusalDelayMs = 0;
  /** As the recorder does: a channel that is closed takes no more. */
  failResizesOfClosed = false;
  /** Later channels may keep so many bytes, then are cut as the recorder's `ChannelCut` does. */
  cutAfterBytes = Infinity;
  readonly notes: { readonly kind: string; readonly detail: unknown }[] = [];
  readonly inChannel: { readonly what: string; readonly path?: string; readonly because: string }[] = [];
  readonly transfers: unknown[] = [];
  readonly opened: OpenSession[] = [];
  readonly signIns: unknown[] = [];
  readonly requests: unknown[] = [];
  readonly keyChanges: string[] = [];
  ends: EndReason[] = [];
  #decide: ((state: "approved" | "denied" | "withdrawn") => void) | undefined;
  withdrawn = 0;
  readonly #live = new Set<{ readonly open: OpenSession; ended: boolean }>();

  readonly identity = {
    signIn: (input: Parameters<Broker["identity"]["signIn"]>[0]): Promise<Outcome<Actor>> => {
      this.signIns.push(input);
      const person = this.people.find((one) => one.login === input.login);
      const first =
        input.keyFingerprint === undefined
          ? person?.password === input.password
          : person?.keys.includes(input.keyFingerprint);
      if (person === undefined || first !== true || person.code !== input.code)
        return Promise.resolve(refused("sign-in-refused"));
      return Promise.resolve(done(this.actor(person, input.sourceAddress)));
    },
    me: (actor: Actor) => Promise.resolve({ ...actor, vendorChain: VENDORS }),
  } as unknown as Broker["identity"];

  readonly terminals = new FakeTerminals(
    (login) => this.people.find((one) => one.login === login),
    (person, sourceAddress) => this.actor(person, sourceAddress),
  );
  readonly factors = this.terminals.factors;

  readonly access = {
    reachable: () => Promise.resolve(this.reachableItems),
    request: (_actor: Actor, input: unknown) => {
      this.requests.push(input);
      return Promise.resolve(
        done({
          id: asId("request-1"),
          state: "pending",
          approverGroups: ["approvers of \u001b[31mBureau"],
          approvals: [],
        } as unknown as RequestView),
      );
    },
    withdraw: () => {
      this.withdrawn += 1;
      this.#decide?.("withdrawn");
      return Promise.resolve(done(undefined));
    },
    get: () =>
      Promise.resolve(
        done({
          id: asId("request-1"),
          state: "denied",
          approverGroups: ["approvers of Bureau"],
          approvals: [{ verdict: "denied", reason: "not \u001b[2Jtoday" }],
        } as unknown as RequestView),
      ),
    waitForDecision: (_actor: Actor, _id: unknown, signal: AbortSignal) =>
      new Promise((resolve) => {
        this.#decide = resolve;
        signal.addEventListener("abort", () => resolve("pending"));
      }),
  } as unknown as Broker["access"];

  readonly sessions = {
    open: (input: OpenSession) => {
      this.opened.push(input);
      if (this.answer === "ask") return Promise.resolve({ kind: "ask", reachable: this.reachable(input) });
      if (this.answer !== "open") return Promise.resolve({ kind: "refused", code: this.answer });
      return Promise.resolve({ kind: "open", session: this.#session(input) });
    },
    dial: async (_admission: Admission, use: (plan: DialPlan) => Promise<unknown>) => {
      if (this.target === undefined) return refused("target-unreachable");
      try {
        return done(await use({ assetName: "web-01", desktop: null, ...this.target }));
      } catch (error) {
        if (error instanceof GatehouseError) return refused(error.code);
        throw error;
      }
    },
    hostKeyChanged: (_admission: Admission, shown: string) => {
      this.keyChanges.push(shown);
      this.end("target-unreachable");
      return Promise.resolve();
    },
    stillAdmitted: () => [...this.#live].some((one) => !one.ended),
  } as unknown as Broker["sessions"];

  actor(person: FakePerson, sourceAddress: string): Actor {
    return {
      personId: asId(`person-${person.login}`),
      login: person.login,
      displayName: person.login.toUpperCase(),
      locale: person.locale,
      unitId: asId("unit"),
      vendorId: null,
      power: null,
      roles: ["operator"],
      sourceAddress,
      credentialEpoch: 1,
    };
  }

  /** Answers the request that waits. */
  decide(state: "approved" | "denied"): void {
    if (state === "approved") this.answer = "open";
    this.#decide?.(state);
  }

  get waiting(): boolean {
    return this.#decide !== undefined;
  }

  /** Ends every live session, as the broker does on expiry, revocation or stop. */
  end(because: EndReason): void {
    for (const one of this.#live) {
      if (one.ended) continue;
      one.ended = true;
      this.ends.push(because);
      void one.open.onEnd(because);
    }
  }

  freeze(frozen: boolean): void {
    for (const one of this.#live) if (!one.ended) one.open.onFreeze?.(frozen);
  }

  get liveSessions(): number {
    return [...this.#live].filter((one) => !one.ended).length;
  }

  reachable(input: Pick<OpenSession, "accountLogin" | "assetName">): Reachable {
    return {
      accountId: asId("account-1"),
      accountLogin: input.accountLogin ?? "demo",
      assetId: asId("asset-1"),
      assetName: input.assetName,
      assetDescription: "",
      protocol: "ssh",
      actions: this.actions,
      grant: null,
      pendingRequestId: null,
    };
  }

  #session(open: OpenSession): LiveSession {
    const row = { open, ended: false };
    this.#live.add(row);
    const endsAt = Date.now() + this.lifetimeMs;
    const end = (because: EndReason): Promise<void> => {
      if (!row.ended) {
        row.ended = true;
        this.ends.push(because);
        void open.onEnd(because);
      }
      return Promise.resolve();
    };
    return {
      id: asId("session-1"),
      admission: { sessionId: "session-1", grantId: "grant-1" } as unknown as Admission,
      grant: { limits: { forwardTo: this.forwardTo }, actions: this.actions } as unknown as Grant,
      snapshot: {
        login: open.actor.login,
        displayName: open.actor.displayName,
        vendorChain: VENDORS,
        contract: null,
        accountLogin: open.accountLogin ?? "demo",
        assetName: open.assetName,
        assetHost: "127.0.0.1",
        assetPort: 22,
        reason: "fix \u001b]0;x\u0007it",
        workOrder: "",
        approvers: [],
        grantFrom: 0,
        grantTo: endsAt,
        actions: this.actions,
        legacyAlgorithms: false,
      },
      tap: {
        note: (kind: string, detail: unknown) => {
          this.notes.push({ kind, detail });
          return this.tapFails ? Promise.reject(new Error("recorder failed")) : Promise.resolve();
        },
      } as unknown as Tap,
      get ended() {
        return row.ended;
      },
      endsAt,
      allows: (action) => this.actions.includes(action),
      openChannel: (ask) => {
        if (row.ended) return Promise.resolve(refused("grant-ended"));
        return Promise.resolve(done(this.#channel(ask)));
      },
      refuseChannel: (ask) => {
        this.refusals.push(ask);
        return Promise.resolve();
      },
      transfer: (_channel, record) => {
        this.transfers.push(record);
        return Promise.resolve();
      },
      refuseInChannel: (_channel, detail) => {
        this.inChannel.push(detail);
        return new Promise((resolve) => setTimeout(resolve, this.refusalDelayMs));
      },
      clipboard: () => Promise.resolve(),
      detached: () => Promise.resolve(),
      rejoin: () => Promise.resolve(refused("not-found")),
      picture: () => Promise.resolve({ atUs: 0, state: "" }),
      touch: () => undefined,
      end,
    };
  }

  #channel(ask: ChannelAsk): LiveChannel {
    const heard: HeardChannel = {
      ask,
      number: this.channels.length + 1,
      output: Buffer.alloc(0),
      errors: Buffer.alloc(0),
      input: Buffer.alloc(0),
      secrets: 0,
      gate: [],
      resizes: [],
      exit: undefined,
      closed: undefined,
    };
    this.channels.push(heard);
    const outputs: Buffer[] = [];
    const errors: Buffer[] = [];
    const inputs: Buffer[] = [];
    Object.defineProperty(heard, "output", { get: () => Buffer.concat(outputs) });
    Object.defineProperty(heard, "errors", { get: () => Buffer.concat(errors) });
    Object.defineProperty(heard, "input", { get: () => Buffer.concat(inputs) });
    const keepBytes = this.cutAfterBytes;
    let kept = 0;
    const step = async (): Promise<void> => {
      if (this.tapFails) throw new Error("recorder failed");
      if (this.tapDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.tapDelayMs));
    };
    const tap: ChannelTap = {
      number: heard.number,
      output: (bytes, stderr) => {
        kept += bytes.length;
        if (kept > keepBytes) return Promise.reject(new ChannelCut(heard.number));
        this.outputBytes += bytes.length;
        if (this.keepOutput) (stderr === true ? errors : outputs).push(Buffer.from(bytes));
        return step();
      },
      input: (bytes, mark) => {
        if (mark.secret) heard.secrets += 1;
        else if (this.keepOutput) inputs.push(Buffer.from(bytes));
        return step();
      },
      graphics: () => step().then(() => 0),
      pointer: () => step(),
      clipboard: () => step(),
      resize: (cols, rows) => {
        if (this.failResizesOfClosed && heard.closed !== undefined) return Promise.reject(new Error("closed"));
        heard.resizes.push(`${cols}x${rows}`);
        return step();
      },
      gate: (text) => {
        heard.gate.push(text);
        return step();
      },
      transfer: () => step(),
      exit: (exit) => {
        heard.exit = exit;
        return step();
      },
      counters: { bytesIn: 0, bytesOut: 0, digested: false },
      close: (): Promise<ChannelOutcome> => Promise.resolve("recorded"),
    };
    return {
      tap,
      kind: ask.kind,
      close: (exit) => {
        heard.closed = exit;
        return Promise.resolve();
      },
    };
  }
}
