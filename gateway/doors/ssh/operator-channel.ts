/**
 * One `session` channel of an operator: what was asked before it starts (pty, environment, forbidden forwardings), then
 * its start, accepted in the very event so that no early byte or EOF is lost, then lines of the gate's own.
 */
import type { EventEmitter } from "node:events";
import { envAllowed, type Start } from "./exec.js";
import { Outlet, type Exit, type SocketValve } from "./outlet.js";
import { onPeerClose, ptyModesBeingAsked, type RawChannel } from "./ssh2-shims.js";
import type { Pty } from "./upstream.js";

const LARGEST_SIDE = 512;
const MOST_ENV = 32;

type Reply = (() => unknown) | undefined;

export interface OperatorChannelHooks {
  readonly valve: SocketValve;
  /** `agent` and `x11` are refused; told when the channel has somewhere to say it. */
  readonly onStart: (channel: OperatorChannel, start: Start) => void;
}

export class OperatorChannel {
  readonly raw: RawChannel;
  readonly outlet: Outlet;
  readonly pty: Pty | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Forbidden things asked before the start. */
  readonly forbidden: readonly ("agent" | "x11")[];
  onResize: (() => void) | undefined;
  onSignal: ((name: string) => void) | undefined;
  #closed = false;
  #failing = false;

  constructor(
    raw: RawChannel,
    valve: SocketValve,
    asked: {
      readonly pty: Pty | undefined;
      readonly env: Readonly<Record<string, string>>;
      readonly forbidden: readonly ("agent" | "x11")[];
    },
  ) {
    this.raw = raw;
    this.outlet = new Outlet(raw, valve);
    this.pty = asked.pty;
    this.env = asked.env;
    this.forbidden = asked.forbidden;
    raw.on("error", () => undefined);
    // What waits for a window that will never come is let go, so that nobody waits with it.
    onPeerClose(raw, () => this.outlet.drop());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** One line of the gate: on a terminal on its own line, otherwise on stderr alone. */
  async say(text: string): Promise<void> {
    await this.outlet.write(Buffer.from(this.line(text)), this.pty === undefined);
  }

  /** Exactly what `say` writes; the recording keeps the same. */
  line(text: string): string {
    return this.pty === undefined ? `gatehouse: ${text}\n` : `\r\ngatehouse: ${text}\r\n`;
  }

  /** Says how it ended and closes. */
  finish(exit: Exit): void {
    // A last line that is being said ends the channel itself.
    if (this.#closed || this.#failing) return;
    this.#closed = true;
    this.outlet.exit(exit);
    this.outlet.close();
    this.raw.removeAllListeners("data");
    this.raw.resume();
  }

  /** A last line, as soon as the client reads it, and exit status 255. The first of several is the one that is said. */
  async fail(text: string): Promise<void> {
    if (this.#closed || this.#failing) return;
    this.#failing = true;
    await Promise.race([this.say(text), new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
    this.#failing = false;
    this.finish({ code: 255 });
  }
}

/** Listens to a session channel that was just accepted. */
export function receiveSession(session: EventEmitter, hooks: OperatorChannelHooks): void {
  let pty: Pty | undefined;
  const env: Record<string, string> = {};
  const forbidden: ("agent" | "x11")[] = [];
  let channel: OperatorChannel | undefined;
  const forbid = (what: "agent" | "x11") => (_accept: Reply, reject: Reply) => {
    if (!forbidden.includes(what)) forbidden.push(what);
    reject?.();
  };
  session.on("pty", (accept: Reply, reject: Reply, info: PtyInfo) => {
    if (pty !== undefined || channel !== undefined) return void reject?.();
    pty = readPty(info);
    accept?.();
  });
  session.on("env", (accept: Reply, reject: Reply, info: { readonly key: string; readonly val: string }) => {
    if (!envAllowed(info.key, info.val) || Object.keys(env).length >= MOST_ENV) return void reject?.();
    env[info.key] = info.val;
    accept?.();
  });
  session.on("auth-agent", forbid("agent"));
  session.on("x11", forbid("x11"));
  session.on(
    "window-change",
    (accept: Reply, _reject: Reply, info: { readonly cols: number; readonly rows: number }) => {
      if (pty !== undefined) {
        pty.cols = side(info.cols, pty.cols);
        pty.rows = side(info.rows, pty.rows);
        channel?.onResize?.();
      }
      accept?.();
    },
  );
  session.on("signal", (accept: Reply, _reject: Reply, info: { readonly name: string }) => {
    channel?.onSignal?.(info.name);
    accept?.();
  });
  const start = (accept: Reply, what: Start): void => {
    const raw = accept?.() as RawChannel | undefined;
    if (raw === undefined || channel !== undefined) return;
    channel = new OperatorChannel(raw, hooks.valve, { pty, env, forbidden });
    hooks.onStart(channel, what);
  };
  session.on("shell", (accept: Reply) => start(accept, { type: "shell" }));
  session.on("exec", (accept: Reply, _reject: Reply, info: { readonly command: string }) =>
    start(accept, { type: "exec", command: info.command }),
  );
  session.on("subsystem", (accept: Reply, _reject: Reply, info: { readonly name: string }) =>
    start(accept, { type: "subsystem", name: info.name }),
  );
}

interface PtyInfo {
  readonly term: string;
  readonly cols: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
}

function readPty(info: PtyInfo): Pty {
  return {
    term: /^[\x21-\x7e]{1,64}$/.test(info.term) ? info.term : "xterm",
    cols: side(info.cols, 80),
    rows: side(info.rows, 24),
    width: Math.min(info.width, 65_535),
    height: Math.min(info.height, 65_535),
    modes: ptyModesBeingAsked(),
  };
}

function side(asked: number, otherwise: number): number {
  return asked === 0 ? otherwise : Math.min(asked, LARGEST_SIDE);
}
