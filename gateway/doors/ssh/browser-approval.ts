/**
 * Signing in by the word of a signed-in browser: the terminal shows a link and two digits, and waits. Any login gets a link, also one
 * that is nobody's, and each wait that comes to nothing takes as long; who is at the terminal has to answer nothing.
 */
import type { Connection, KeyboardAuthContext } from "ssh2";
import { refused, type Actor, type LoginName, type Outcome } from "../../domain/index.js";
import type { TerminalWait } from "../../broker/index.js";
import type { DoorContext } from "./door-deps.js";
import { showBanner, type RawPeer } from "./ssh2-shims.js";

export interface BrowserAsk {
  readonly client: Connection;
  readonly attempt: KeyboardAuthContext;
  /** Undefined: what was typed is no name. */
  readonly name: LoginName | undefined;
  readonly sourceAddress: string;
  readonly onWait: (isWaiting: boolean) => void;
}

/** Answers the person who approved in time. Ends at once when the client leaves or begins something else. */
export async function approveInBrowser(context: DoorContext, ask: BrowserAsk): Promise<Outcome<Actor>> {
  const { factors } = context.broker;
  const { name, sourceAddress } = ask;
  const login = name?.login ?? "";
  const asked = await factors.askTerminal({ login, purpose: "ssh", subject: subjectOf(name), sourceAddress });
  if (!asked.ok) return asked;
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  ask.client.once("close", leave);
  ask.attempt.once("abort", leave);
  ask.onWait(true);
  try {
    if (!show(ask, asked.value)) leave();
    const outcome = await factors.awaitTerminal(asked.value.id, gone.signal);
    return gone.signal.aborted ? refused("terminal-approval-refused") : outcome;
  } finally {
    ask.onWait(false);
    ask.client.off("close", leave);
    ask.attempt.off("abort", leave);
  }
}

/** What the browser shows: the account asked for, or nothing for the menu. */
function subjectOf(name: LoginName | undefined): string {
  if (name === undefined || name.assetName === null) return "";
  return name.accountLogin === null ? name.assetName : `${name.accountLogin}@${name.assetName}`;
}

/** In both languages, since nobody is known yet: Chinese as a banner, English with no prompt (RFC 4256 §3.2). False: the client has left. */
function show({ client, attempt }: BrowserAsk, wait: TerminalWait): boolean {
  const { url, number } = wait;
  const peer = client as unknown as RawPeer;
  if (peer._sock.destroyed) return false;
  try {
    showBanner(peer, `gatehouse: 请在 90 秒内打开 ${url} ，输入 ${number}，用通行密钥批准`);
    const line = `gatehouse: within 90 s open ${url} , enter ${number} and approve with your passkey`;
    attempt.prompt([], "", line, () => undefined);
    return true;
  } catch {
    return false;
  }
}
