/**
 * What someone without a grant meets on a terminal: what is asked, for what reason, how long; who can approve; waiting. It
 * stands wholly before the target's first byte and asks for no secret.
 */
import type { Reachable, RequestView } from "../../broker/index.js";
import { sanitise, type Action, type Actor, type RequestId } from "../../domain/index.js";
import type { DoorContext } from "./door-deps.js";
import { codeText } from "./errors.js";
import { KeySource } from "./key-source.js";
import type { OperatorChannel } from "./operator-channel.js";
import { parseDuration } from "./terminal.js";
import type { Texts } from "./texts.js";

const DEFAULT_DURATION_MS = 3_600_000;
const MOST_TRIES = 3;
const LONGEST_REASON = 500;
const LONGEST_WORK_ORDER = 100;
const CLOCK_MS = 1_000;

interface Screen {
  readonly context: DoorContext;
  readonly actor: Actor;
  readonly texts: Texts;
  readonly keys: KeySource;
}

/** True once the request is approved. False: denied, withdrawn, given up, gone. */
export async function askForAccess(
  context: DoorContext,
  channel: OperatorChannel,
  actor: Actor,
  reachable: Reachable,
  texts: Texts,
): Promise<boolean> {
  const keys = new KeySource(channel, context.limits.menuIdleMs);
  const screen: Screen = { context, actor, texts, keys };
  try {
    const request = await waitingRequest(screen, reachable);
    return request !== undefined && (await waitForDecision(screen, request));
  } finally {
    keys.release();
  }
}

const tell = ({ keys }: Screen, text: string): Promise<void> => keys.show(`gatehouse: ${text}\r\n`);

/** The one that waits already, or a new one. */
async function waitingRequest(screen: Screen, reachable: Reachable): Promise<RequestId | undefined> {
  const { context, actor, texts } = screen;
  await tell(screen, texts.askTitle(sanitise(`${reachable.accountLogin}@${reachable.assetName}`, 130)));
  if (reachable.pendingRequestId !== null) {
    const found = await context.broker.access.get(actor, reachable.pendingRequestId);
    await tell(screen, texts.alreadyFiled(groupsOf(found.ok ? found.value : undefined)));
    return reachable.pendingRequestId;
  }
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const form = await fillIn(screen, reachable);
    if (form === undefined) {
      await tell(screen, texts.gaveUp());
      return undefined;
    }
    const { actions, ...rest } = form;
    const filed = await context.broker.access.request(actor, {
      items: [{ accountId: reachable.accountId, actions }],
      ...rest,
    });
    if (filed.ok) {
      await tell(screen, texts.filed(groupsOf(filed.value)));
      return filed.value.id;
    }
    await tell(screen, codeText(actor.locale, filed.code));
  }
  return undefined;
}

function groupsOf(request: RequestView | undefined): string {
  return (request?.approverGroups ?? []).map((group) => sanitise(group, 80)).join(", ");
}

interface Form {
  readonly actions: readonly Action[];
  readonly reason: string;
  readonly workOrder: string;
  readonly durationMs: number;
}

async function fillIn({ keys, texts }: Screen, reachable: Reachable): Promise<Form | undefined> {
  const has = (action: Action): boolean => reachable.actions.includes(action);
  let actions = (["ssh.shell", "ssh.exec"] as const).filter(has) as Action[];
  const files = (["sftp.read", "sftp.write"] as const).filter(has);
  if (files.length > 0) {
    const answer = actions.length === 0 ? "y" : await keys.line(texts.askFiles(), 3);
    if (answer === undefined) return undefined;
    if (/^[y是]/i.test(answer)) actions = [...actions, ...files];
  }
  await keys.show(`gatehouse: ${texts.askActions(actions.join(" "))}\r\n`);
  const reason = await keys.line(texts.askReason(), LONGEST_REASON);
  if (reason === undefined || reason === "") return undefined;
  const workOrder = await keys.line(texts.askWorkOrder(), LONGEST_WORK_ORDER);
  if (workOrder === undefined) return undefined;
  const durationMs = await askDuration(keys, texts);
  return durationMs === undefined ? undefined : { actions, reason, workOrder, durationMs };
}

async function askDuration(keys: KeySource, texts: Texts): Promise<number | undefined> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const answer = await keys.line(texts.askDuration(), 20);
    if (answer === undefined) return undefined;
    const durationMs = answer === "" ? DEFAULT_DURATION_MS : parseDuration(answer);
    if (durationMs !== undefined) return durationMs;
    await keys.show(`gatehouse: ${texts.badDuration()}\r\n`);
  }
  return undefined;
}

/** Waits with a running clock. Ctrl-C withdraws; hanging up leaves the request as it is. */
async function waitForDecision(screen: Screen, id: RequestId): Promise<boolean> {
  const { context, actor, texts, keys } = screen;
  const over = new AbortController();
  const sinceUs = context.clock.monotonicUs();
  const draw = (): void => {
    const seconds = Math.floor((context.clock.monotonicUs() - sinceUs) / 1_000_000);
    void keys.show(`\r\x1b[Kgatehouse: ${texts.waitingFor(clockText(seconds))}`);
  };
  draw();
  const ticking = setInterval(draw, CLOCK_MS);
  try {
    void watchKeys(screen, id, over);
    let state = await context.broker.access.waitForDecision(actor, id, over.signal);
    while (state === "pending" && !over.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, CLOCK_MS));
      state = await context.broker.access.waitForDecision(actor, id, over.signal);
    }
    if (keys.gone) return false;
    await keys.show("\r\n");
    if (state === "approved") await tell(screen, texts.approved());
    else if (state === "denied") await tell(screen, texts.denied(await denialReason(screen, id)));
    else await tell(screen, state === "lapsed" ? texts.lapsed() : texts.withdrawn());
    return state === "approved";
  } finally {
    clearInterval(ticking);
    over.abort();
  }
}

async function watchKeys({ context, actor, keys }: Screen, id: RequestId, over: AbortController): Promise<void> {
  while (!over.signal.aborted && !keys.gone) {
    const key = await keys.next(over.signal);
    if (key?.type !== "interrupt" && key?.type !== "eof") continue;
    await context.broker.access.withdraw(actor, id).catch((error: unknown) => {
      context.log("error", "a request could not be withdrawn", { request: id, error: String(error) });
    });
    break;
  }
  over.abort();
}

async function denialReason({ context, actor }: Screen, id: RequestId): Promise<string> {
  const found = await context.broker.access.get(actor, id);
  if (!found.ok) return "";
  return sanitise(found.value.approvals.find((approval) => approval.verdict === "denied")?.reason ?? "", 300);
}

function clockText(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}
