/**
 * Serves one started channel of an open session: rights, recording, the target's side, the bridge, the exit. Every way
 * out either closes a recorded channel or counts a refused one (promise 2).
 */
import type { LiveChannel } from "../../broker/index.js";
import { sanitise, type Action } from "../../domain/index.js";
import { Bridge } from "./bridge.js";
import type { DoorContext, PasswordPrompt } from "./door-deps.js";
import { codeText } from "./errors.js";
import { planChannel, readsSecretFirst, type ChannelPlan, type Start } from "./exec.js";
import { passThrough, promptFilter, type Filter } from "./filters.js";
import type { GateSession } from "./gate-session.js";
import type { OperatorChannel } from "./operator-channel.js";
import type { Exit } from "./outlet.js";
import { scpFilter, sftpFilter } from "./sftp-channel.js";
import { moment, personLine, textsFor } from "./texts.js";
import type { TargetChannel, Upstream } from "./upstream.js";

const MOST_REQUESTS_WAITING = 256;
const LONGEST_SIGNAL = 64;

export interface ServedChannel {
  readonly context: DoorContext;
  readonly session: GateSession;
  readonly channel: OperatorChannel;
  /** Told when the bridge stands, so that an end can cut it and a warning reach it. */
  readonly onBridge: (bridge: Bridge, live: LiveChannel) => void;
}

/** Resolves when the channel is over. Never rejects for what a peer does. */
export async function serveChannel(served: ServedChannel, start: Start): Promise<void> {
  const { context, session, channel } = served;
  const { locale } = served.session.actor;
  const texts = textsFor(locale);
  await refuseForbidden(served);
  const plan = planChannel(start, channel.pty !== undefined, context.classifyExec);
  if (plan === undefined) {
    const name = start.type === "subsystem" ? sanitise(start.name, 64) : "";
    await session.live.refuseChannel({ kind: "subsystem", detail: name, because: "unknown-subsystem" });
    return channel.fail(texts.subsystem());
  }
  const missing = missingAction(plan, (action) => session.live.allows(action));
  if (missing !== undefined) {
    const because = plan.why === undefined ? `not-granted:${missing}` : `not-granted:${missing}:${plan.why}`;
    await session.live.refuseChannel({ kind: plan.kind, detail: plan.detail, because });
    return channel.fail(texts.needsAction(missing));
  }
  const dialled = session.upstream();
  const opened = await session.live.openChannel({
    kind: plan.kind,
    action: firstAction(plan, (action) => session.live.allows(action)),
    detail: plan.detail,
    ...(channel.pty === undefined
      ? {}
      : { pty: { term: channel.pty.term, cols: channel.pty.cols, rows: channel.pty.rows } }),
  });
  if (!opened.ok) return channel.fail(codeText(locale, opened.code));
  const upstream = await dialled;
  if (!upstream.ok) {
    await opened.value.close(null);
    await channel.fail(codeText(locale, upstream.code));
    return void session.end("target-unreachable");
  }
  await launch(served, plan, start, opened.value, upstream.value);
}

async function refuseForbidden({ session, channel }: ServedChannel): Promise<void> {
  const texts = textsFor(session.actor.locale);
  for (const what of channel.forbidden) {
    await session.live.refuseChannel({ kind: what, detail: what, because: "never-allowed" });
    await channel.say(texts[what]());
  }
}

function missingAction(plan: ChannelPlan, allows: (action: Action) => boolean): Action | undefined {
  const missing = plan.every.find((action) => !allows(action));
  if (missing !== undefined) return missing;
  return plan.some.length > 0 && !plan.some.some(allows) ? plan.some[0] : undefined;
}

function firstAction(plan: ChannelPlan, allows: (action: Action) => boolean): Action {
  return plan.every[0] ?? plan.some.find(allows) ?? "ssh.shell";
}

async function launch(
  served: ServedChannel,
  plan: ChannelPlan,
  start: Start,
  live: LiveChannel,
  upstream: Upstream,
): Promise<void> {
  const { session, channel, context } = served;
  const texts = textsFor(session.actor.locale);
  if (start.type === "shell" && channel.pty !== undefined) await greet(session, channel, live);
  const { env } = channel;
  if (Object.keys(env).length > 0)
    await session.live.tap.note("session", { channel: live.tap.number, environment: env });
  if (!session.admits()) return close(served, live, undefined);
  let target: TargetChannel;
  try {
    target = await launchOn(upstream, start, channel);
  } catch {
    if (!session.ended) await channel.fail(texts.targetRefusedChannel());
    return close(served, live, undefined);
  }
  if (!session.admits() || channel.closed) {
    target.outlet.close();
    return close(served, live, undefined);
  }
  const say = async (text: string): Promise<void> => {
    await live.tap.gate(channel.line(text));
    await channel.say(text);
  };
  const filter = filterFor(plan, served, live);
  const bridge = new Bridge({
    operator: channel,
    target,
    channel: live,
    session,
    filter,
    inFlightBytes: context.limits.inFlightBytes,
    halfClose: false,
    cutText: texts.keepsNoMore(),
    say,
  });
  const stopRequests = passRequests(served, live, target);
  served.onBridge(bridge, live);
  const { exit } = await bridge.run();
  stopRequests();
  await filter.settled?.();
  await close(served, live, exit);
}

/** Signals and window sizes go to the target as bytes do: recorded first, in order, not while frozen. Answers how to stop. */
function passRequests({ session, channel }: ServedChannel, live: LiveChannel, target: TargetChannel): () => void {
  let over = false;
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  const pass = (record: () => Promise<void>, send: () => void): void => {
    // More than a person can cause is passed over; requests are under no window.
    if (waiting >= MOST_REQUESTS_WAITING) return;
    waiting += 1;
    const step = async (): Promise<void> => {
      await record();
      await session.thawed();
      if (!over && session.admits()) send();
    };
    last = last
      .then(() => (over ? undefined : step()))
      .catch(() => void session.end("recorder-failed"))
      .finally(() => {
        waiting -= 1;
      });
  };
  channel.onSignal = (name) =>
    pass(
      () => session.live.tap.note("session", { channel: live.tap.number, signal: name.slice(0, LONGEST_SIGNAL) }),
      () => target.outlet.request((raw) => raw.signal(name), name),
    );
  channel.onResize = () => {
    const { pty } = channel;
    if (pty === undefined) return;
    const { rows, cols, height, width } = pty;
    pass(
      () => live.tap.resize(cols, rows),
      () => target.outlet.request((raw) => raw.setWindow(rows, cols, height, width)),
    );
  };
  return () => {
    over = true;
    channel.onSignal = undefined;
    channel.onResize = undefined;
  };
}

function launchOn(upstream: Upstream, start: Start, channel: OperatorChannel): Promise<TargetChannel> {
  const how = { pty: channel.pty, env: channel.env };
  if (start.type === "shell") return upstream.shell(how);
  return start.type === "exec" ? upstream.exec(start.command, how) : upstream.subsystem(start.name);
}

function filterFor(plan: ChannelPlan, { context, session }: ServedChannel, live: LiveChannel): Filter {
  const transfer = { session, live, log: context.log, vetoText: textsFor(session.actor.locale).vetoed };
  switch (plan.guard) {
    case "prompt":
      return promptFilter(promptOf(context, plan));
    case "sftp":
      return sftpFilter(transfer);
    case "scp":
      return scpFilter(transfer, plan.every.includes("sftp.read"), plan.path ?? "", plan.detail);
    case "none":
      return passThrough();
  }
}

function promptOf(context: DoorContext, plan: ChannelPlan): PasswordPrompt {
  const prompt = context.createPasswordPrompt();
  if (plan.kind === "exec" && readsSecretFirst(plan.detail)) prompt.output(Buffer.from("Password:\n"));
  return prompt;
}

async function greet(session: GateSession, channel: OperatorChannel, live: LiveChannel): Promise<void> {
  const { snapshot, endsAt } = session.live;
  const who = sanitise(personLine(snapshot), 200);
  const what = sanitise(`${snapshot.accountLogin}@${snapshot.assetName}`, 130);
  const text = textsFor(session.actor.locale).banner(who, what, moment(endsAt), sanitise(snapshot.reason, 120));
  const line = `gatehouse: ${text}\r\n`;
  await live.tap.gate(line);
  await channel.outlet.write(Buffer.from(line));
}

/** The exit is recorded before it is told. */
async function close({ channel, session }: ServedChannel, live: LiveChannel, exit: Exit | undefined): Promise<void> {
  if (exit !== undefined && !session.ended) await live.tap.exit(exit).catch(() => undefined);
  const said = exit === undefined ? null : "code" in exit ? String(exit.code) : exit.signal;
  const closing = live.close(said);
  // A target that closes without an exit (RFC 4254 §6.10 allows it) leaves OpenSSH's client with 255 as well.
  channel.finish(exit ?? { code: 255 });
  await closing;
}
