/**
 * Signing in on one connection: a signed key and a one-time code, a password and a one-time code, a signed device key, or the word
 * of a signed-in browser (browser-approval.ts); nothing else. What was right or wrong is decided by the broker at the end, in one
 * step; until then every login, key and password is answered alike (promise 8). A key counts only when the signature over this
 * very exchange verifies (RFC 4252 §7).
 */
import { createHash } from "node:crypto";
import ssh2, {
  type AuthContext,
  type Connection,
  type KeyboardAuthContext,
  type ParsedKey,
  type PublicKeyAuthContext,
} from "ssh2";
import { parseLoginName, type Actor, type ErrorCode, type LoginName } from "../../domain/index.js";
import { approveInBrowser } from "./browser-approval.js";
import type { DoorContext } from "./door-deps.js";
import { codeOf } from "./errors.js";

export interface SignedIn {
  readonly actor: Actor;
  readonly name: LoginName;
}

export interface SignInHooks {
  readonly sourceAddress: string;
  /** The first attempt came: the handshake is over. */
  readonly onAttempt: () => void;
  /** A wait for a browser's word begins or ends: bounded by its link, not by the login grace. */
  readonly onWait: (isWaiting: boolean) => void;
  /** Called once, before the library says `ready`. */
  readonly onSignedIn: (signedIn: SignedIn) => void;
  /** Too many tries, a peer that breaks the rules or a gate that cannot judge: the connection must end. */
  readonly onGiveUp: (why: ErrorCode) => void;
}

const METHODS: ("publickey" | "keyboard-interactive")[] = ["publickey", "keyboard-interactive"];
/** RSA needs a SHA-2 signature; the library gives no hash name for the SHA-1 form. */
const KEY_TYPES = new Set([
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
]);
const LONGEST_ANSWER = 1_024;

interface Progress {
  username: string | undefined;
  keyFingerprint: string | undefined;
  /** Keys that a round failed with: not welcome again, so that the client goes on to the next or to the password. */
  readonly refusedKeys: Set<string>;
  password: string | undefined;
  rounds: number;
  offers: number;
  refused: boolean;
  over: boolean;
}

/** Attaches to a connection that has not signed in. */
export function authenticate(client: Connection, context: DoorContext, hooks: SignInHooks): void {
  const progress: Progress = {
    username: undefined,
    keyFingerprint: undefined,
    refusedKeys: new Set(),
    password: undefined,
    rounds: 0,
    offers: 0,
    refused: false,
    over: false,
  };
  const failed = (error: unknown): void => {
    context.log("error", "sign-in failed", { error: String(error) });
    giveUp(progress, hooks, codeOf(error));
  };
  client.on("authentication", (attempt: AuthContext) => {
    if (progress.over) return attempt.reject();
    hooks.onAttempt();
    progress.username ??= attempt.username;
    if (attempt.username !== progress.username) return giveUp(progress, hooks, "invalid-input");
    switch (attempt.method) {
      case "publickey":
        return void offerKey(attempt, progress, context, hooks).catch(failed);
      case "password": {
        const password: unknown = (attempt as { readonly password?: unknown }).password;
        if (typeof password !== "string" || password.length > LONGEST_ANSWER) return attempt.reject(METHODS);
        if (++progress.offers > context.limits.keyOffers) return giveUp(progress, hooks, "too-many-tries");
        progress.password = password;
        return attempt.reject(["keyboard-interactive"], true);
      }
      case "keyboard-interactive":
        return void converse(client, attempt, progress, context, hooks).catch(failed);
      default:
        return attempt.reject(METHODS);
    }
  });
}

function giveUp(progress: Progress, hooks: SignInHooks, why: ErrorCode): void {
  progress.over = true;
  hooks.onGiveUp(why);
}

async function offerKey(
  attempt: PublicKeyAuthContext,
  progress: Progress,
  context: DoorContext,
  hooks: SignInHooks,
): Promise<void> {
  if (++progress.offers > context.limits.keyOffers) return giveUp(progress, hooks, "too-many-tries");
  const key = readKey(attempt);
  const fingerprint = fingerprintOf(attempt.key.data);
  if (key === undefined || progress.refusedKeys.has(fingerprint)) return attempt.reject(METHODS);
  // Every readable key is welcome to sign: which keys are known is not told.
  if (attempt.signature === undefined || attempt.blob === undefined) return attempt.accept();
  const hash = (attempt as { readonly hashAlgo?: string }).hashAlgo;
  if (key.verify(attempt.blob, attempt.signature, hash) !== true) return attempt.reject(METHODS);
  const name = parseLoginName(attempt.username);
  const { sourceAddress } = hooks;
  // Asked for every key that signed: one that is no device key of this person's costs the same and is not told apart.
  const asked = { login: name?.login ?? "", fingerprint, sourceAddress };
  const outcome = await context.broker.factors.signInByDeviceKey(asked);
  if (progress.over) return;
  if (outcome.ok && name !== undefined) return letIn(attempt, progress, hooks, { actor: outcome.value, name });
  progress.keyFingerprint = fingerprint;
  attempt.reject(["keyboard-interactive"], true);
}

function letIn(attempt: AuthContext, progress: Progress, hooks: SignInHooks, signedIn: SignedIn): void {
  progress.over = true;
  hooks.onSignedIn(signedIn);
  attempt.accept();
}

/** As OpenSSH prints it. */
function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

function readKey(attempt: PublicKeyAuthContext): ParsedKey | undefined {
  const { algo, data } = attempt.key;
  const hash = (attempt as { readonly hashAlgo?: string }).hashAlgo;
  if (!KEY_TYPES.has(algo) || (algo === "ssh-rsa" && hash !== "sha256" && hash !== "sha512")) return undefined;
  const parsed = ssh2.utils.parseKey(data);
  if (parsed instanceof Error) return undefined;
  const [key] = [parsed].flat() as readonly (ParsedKey | undefined)[];
  return key?.type === algo ? key : undefined;
}

type Ask = (text: string, instruction: string) => Promise<string | undefined>;

function asker(attempt: KeyboardAuthContext): Ask {
  return (text, instruction) =>
    new Promise((resolve) => {
      attempt.prompt([{ prompt: text, echo: false }], "", instruction, (answers: unknown) => {
        const answer: unknown = Array.isArray(answers) && answers.length === 1 ? answers[0] : undefined;
        resolve(typeof answer === "string" && answer.length <= LONGEST_ANSWER ? answer : undefined);
      });
    });
}

async function converse(
  client: Connection,
  attempt: KeyboardAuthContext,
  progress: Progress,
  context: DoorContext,
  hooks: SignInHooks,
): Promise<void> {
  if (++progress.rounds > context.limits.signInRounds) return giveUp(progress, hooks, "too-many-tries");
  const answers = await gather(asker(attempt), progress);
  const { keyFingerprint } = progress;
  progress.keyFingerprint = undefined;
  progress.password = undefined;
  // Undefined: the client began something else meanwhile, or answered what was not asked.
  if (answers === undefined || progress.over) return attempt.reject(METHODS);
  const name = parseLoginName(attempt.username);
  const { sourceAddress } = hooks;
  const outcome =
    answers.password === ""
      ? await approveInBrowser(context, { client, attempt, name, sourceAddress, onWait: hooks.onWait })
      : await context.broker.identity.signIn({
          login: name?.login ?? "",
          ...(answers.password !== undefined
            ? { password: answers.password }
            : keyFingerprint !== undefined
              ? { keyFingerprint }
              : {}),
          code: answers.code,
          sourceAddress,
          via: answers.password === undefined ? "ssh-key" : "ssh-password",
        });
  if (progress.over) return;
  if (outcome.ok && name !== undefined) return letIn(attempt, progress, hooks, { actor: outcome.value, name });
  progress.refused = true;
  if (keyFingerprint !== undefined) progress.refusedKeys.add(keyFingerprint);
  if (progress.rounds >= context.limits.signInRounds) return giveUp(progress, hooks, "too-many-tries");
  attempt.reject(METHODS);
}

/** Ends in "assword: ", by which scripts know it; the two ideographs are all that a client without UTF-8 may spoil. */
const PASSWORD_PROMPT = "(empty / 留空: browser) Password: ";

/** Password first, then code; no code after an empty password, which asks for the browser. After a signed key the code alone; an empty one falls back to the password. */
async function gather(
  ask: Ask,
  progress: Progress,
): Promise<{ readonly password: string | undefined; readonly code: string } | undefined> {
  const refused = progress.refused ? "gatehouse: sign-in refused" : "";
  let { password } = progress;
  if (progress.keyFingerprint !== undefined && password === undefined) {
    const hint = `gatehouse: key ${progress.keyFingerprint} signed. Empty: use a password or the browser instead.`;
    const code = await ask("One-time code: ", refused === "" ? hint : `${refused}\n${hint}`);
    if (code === undefined) return undefined;
    if (code.trim() !== "") return { password: undefined, code: code.trim() };
    password = await ask(PASSWORD_PROMPT, "");
  } else if (password === undefined) password = await ask(PASSWORD_PROMPT, refused);
  if (password === undefined || password === "") return password === "" ? { password, code: "" } : undefined;
  const code = await ask("One-time code: ", "");
  return code === undefined ? undefined : { password, code: code.trim() };
}
