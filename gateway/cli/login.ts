/**
 * `gatehouse login` and `logout`: a key for this device that opens the gate without a code until the working day ends. The key is
 * made here and never leaves; a signed-in browser approves it. Whoever gives up, or is refused, leaves nothing behind.
 */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { sanitise } from "../domain/index.js";
import { call, Refused, Unanswered } from "./client.js";
import {
  forgetKey,
  keepKey,
  keptLogin,
  keyFiles,
  newKeyPair,
  type KeyFiles,
  type KeyPair,
} from "./device-key-files.js";
import { localMinute, readyLines, type LoginTexts } from "./login-texts.js";

const RETRY_MS = 1_000;
const MOST_FAILURES = 5;

export interface LoginInput {
  readonly url: string;
  readonly login: string;
  /** What the browser and the list of keys show. */
  readonly name: string;
  /** `agent`: no file holds the key. `file`: no agent does. `both`: the file, and the agent when one runs. */
  readonly keep: "agent" | "file" | "both";
  readonly home: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly texts: LoginTexts;
  readonly say: (line: string) => void;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

interface Started {
  readonly url: string;
  readonly number: string;
  readonly expiresAt: number;
  readonly token: string;
}
type State =
  | { readonly state: "pending" }
  | {
      readonly state: "done";
      readonly login: string;
      readonly key: { readonly createdAt: number; readonly expiresAt: number };
      readonly ssh: { readonly host: string; readonly port: number };
    };
type Done = Extract<State, { readonly state: "done" }>;

/** Answers the exit code; rejects with one plain line. 130: given up. */
export async function login(input: LoginInput): Promise<number> {
  const { url, texts, say } = input;
  const hasAgent = (input.environment["SSH_AUTH_SOCK"] ?? "") !== "";
  if (input.keep === "agent" && !hasAgent) throw new Error(texts.agentNeeded());
  const pair = newKeyPair();
  const body = { login: input.login, name: input.name, publicKey: pair.publicKey };
  const asked = await call("/auth/device-logins", { method: "POST", body }, anyone(url)).catch((error: unknown) => {
    throw inWords(input, error);
  });
  const started = (await asked.json()) as Started;
  try {
    if (!/^[0-9]{2}$/.test(started.number) || !isLinkOf(url, started.url)) throw new Error(texts.odd(url));
    say(texts.open(sanitise(started.url, 500)));
    say(texts.number(started.number, 90));
    const done = await approved(input, started);
    if (done === undefined) {
      await end(url, started.token);
      return 130;
    }
    await settle(input, pair, started.token, done);
    return 0;
  } catch (error) {
    await end(url, started.token);
    throw inWords(input, error);
  }
}

/** What `call` says of a gateway, in the terminal's language; anything else as it is. */
function inWords({ url, texts }: Pick<LoginInput, "url" | "texts">, error: unknown): unknown {
  if (error instanceof Refused) return new Error(texts.refused(error.title, error.code), { cause: error });
  if (!(error instanceof Unanswered)) return error;
  const { message, certificate } = error;
  const said = certificate === undefined ? texts.away(message, url) : texts.certificate(message, url, certificate);
  return new Error(said, { cause: error });
}

/** Who follows the link shows a passkey there: it leads to the very gateway that was named, or nowhere. */
function isLinkOf(url: string, link: unknown): boolean {
  return typeof link === "string" && URL.canParse(link) && new URL(link).origin === new URL(url).origin;
}

const anyone = (url: string) => ({ url, cookie: "" });

/** Asks until there is an answer; undefined when the person gave up. A gateway that is away for a moment is asked again. */
async function approved({ url, signal }: LoginInput, { token }: Started): Promise<Done | undefined> {
  for (let failures = 0; !signal.aborted;) {
    try {
      const answer = await call(`/auth/device-logins/${token}`, { signal }, anyone(url));
      const state = (await answer.json()) as State;
      if (state.state === "done") return state;
      failures = 0;
    } catch (error) {
      // A refusal is final; only silence has a cause.
      if (signal.aborted) return undefined;
      if (!(error instanceof Error) || error.cause === undefined || ++failures > MOST_FAILURES) throw error;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

/** Keeps the key, ends the one it replaces, and says how to use it. */
async function settle(input: LoginInput, pair: KeyPair, token: string, done: Done): Promise<void> {
  const { url, texts, say, environment, keep } = input;
  const { host, port } = done.ssh;
  const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
  if (!isPort || !/^[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}$/.test(host) || !/^[a-z][a-z0-9._-]{0,31}$/.test(done.login))
    throw new Error(texts.odd(url));
  const files = keyFiles(input.home, url);
  const before = keptLogin(files);
  const seconds = Math.max(1, Math.floor((done.key.expiresAt - done.key.createdAt) / 1000));
  const inAgent = keep !== "file" && (environment["SSH_AUTH_SOCK"] ?? "") !== "";
  if (before !== undefined) await dropFromAgent(files, environment);
  const taken = inAgent && (await sshAdd(["-q", "-t", String(seconds), "-"], environment, pair.privateKey));
  if (keep === "agent" && !taken) throw new Error(texts.agentRefused());
  keepKey(files, pair, { url, token, expiresAt: done.key.expiresAt }, keep === "agent");
  if (before !== undefined) await end(before.url, before.token);
  say(texts.done(done.login, localMinute(done.key.expiresAt)));
  if (keep !== "agent") say(texts.inFile(files.privateKey));
  if (taken) say(texts.inAgent());
  else if (inAgent) say(texts.noAgent());
  say(texts.lines());
  const keyFile = keep === "agent" ? files.publicKey : files.privateKey;
  for (const line of readyLines({ login: done.login, host, port, keyFile })) say(`  ${line}`);
}

/** Ends link and key there; what the gateway does not know any more needs no end. */
async function end(url: string, token: string): Promise<"ended" | "gone" | "unanswered"> {
  try {
    await call(`/auth/device-logins/${token}`, { method: "DELETE" }, anyone(url));
    return "ended";
  } catch (error) {
    return error instanceof Unanswered ? "unanswered" : "gone";
  }
}

function sshAdd(args: readonly string[], environment: NodeJS.ProcessEnv, input = ""): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn("ssh-add", args, { env: environment, stdio: ["pipe", "ignore", "ignore"] });
    child.on("error", () => resolve(false));
    child.on("close", (code) => resolve(code === 0));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

async function dropFromAgent(files: KeyFiles, environment: NodeJS.ProcessEnv): Promise<void> {
  if ((environment["SSH_AUTH_SOCK"] ?? "") !== "") await sshAdd(["-q", "-d", files.publicKey], environment);
}

/** Retires the key at the gate and removes it here, whatever the gate answers. */
export async function logout(
  input: Pick<LoginInput, "url" | "home" | "environment" | "texts" | "say">,
): Promise<number> {
  const { url, texts, say, environment } = input;
  const files = keyFiles(input.home, url);
  const kept = keptLogin(files);
  await dropFromAgent(files, environment);
  const how = kept === undefined ? undefined : await end(kept.url, kept.token);
  forgetKey(files);
  if (how === undefined) say(texts.nothing());
  else say(how === "ended" ? texts.ended() : how === "gone" ? texts.goneAlready() : texts.unanswered(url));
  return how === undefined || how === "unanswered" ? 1 : 0;
}
