/**
 * `-L` (direct-tcpip, RFC 4254 §7.2): only to a host and port that the grant names, dialled by the target and never by the
 * gate, recorded in bytes, and ended when SSH shows inside it.
 */
import { sanitise, type ForwardTarget } from "../../domain/index.js";
import { Bridge } from "./bridge.js";
import type { DoorContext } from "./door-deps.js";
import { codeText } from "./errors.js";
import { forwardFilter } from "./filters.js";
import type { OpenedGate } from "./gate-session.js";
import { Outlet, type SocketValve } from "./outlet.js";
import type { RawChannel } from "./ssh2-shims.js";
import type { Texts } from "./texts.js";

export interface ForwardDeps {
  readonly context: DoorContext;
  /** Undefined at the menu. */
  readonly opening: Promise<OpenedGate> | undefined;
  readonly valve: SocketValve;
  readonly texts: Texts;
}

export interface AskedForward {
  readonly accept: () => unknown;
  /** Answers the open request with a line that the client shows. */
  readonly refuse: (text: string) => void;
  readonly host: string;
  readonly port: number;
}

/** Host names compare without case, addresses as written. */
export function forwardNamed(list: readonly ForwardTarget[], host: string, port: number): boolean {
  return list.some((named) => named.port === port && named.host.toLowerCase() === host.toLowerCase());
}

export async function serveForward(deps: ForwardDeps, asked: AskedForward): Promise<void> {
  const { texts, context, opening } = deps;
  const opened = await opening;
  if (opened?.kind !== "open") return asked.refuse(texts.forwardNoSession());
  const { session } = opened;
  const where = sanitise(`${asked.host}:${asked.port}`, 300);
  const named = forwardNamed(session.live.grant.limits.forwardTo, asked.host, asked.port);
  if (!session.live.allows("ssh.forward") || !named) {
    const because = session.live.allows("ssh.forward") ? "not-named" : "not-granted:ssh.forward";
    await session.live.refuseChannel({ kind: "forward", detail: where, because });
    return asked.refuse(texts.forwardElsewhere(where));
  }
  const live = await session.live.openChannel({
    kind: "forward",
    action: "ssh.forward",
    detail: where,
    forwardTo: { host: asked.host, port: asked.port },
  });
  if (!live.ok) return asked.refuse(codeText(session.actor.locale, live.code));
  const upstream = await session.upstream();
  const target =
    upstream.ok && session.admits()
      ? await upstream.value.forward(asked.host, asked.port).catch(() => undefined)
      : undefined;
  const raw = target === undefined || !session.admits() ? undefined : (asked.accept() as RawChannel | undefined);
  if (target === undefined || raw === undefined) {
    target?.outlet.close();
    await live.value.close(null);
    return asked.refuse(texts.targetRefusedChannel());
  }
  raw.on("error", () => undefined);
  const outlet = new Outlet(raw, deps.valve);
  const bridge = new Bridge({
    operator: { raw, outlet },
    target,
    channel: live.value,
    session,
    filter: forwardFilter(texts.forwardSsh()),
    inFlightBytes: context.limits.inFlightBytes,
    halfClose: true,
    cutText: texts.keepsNoMore(),
    say: async (text) => {
      await live.value.tap.gate(text);
      await session.live.refuseInChannel(live.value, { what: "ssh-in-forward", because: "ssh-in-forward" });
    },
  });
  const forget = session.onEnding(() => bridge.cut());
  await bridge.run();
  forget();
  outlet.close();
  await live.value.close(null);
}
