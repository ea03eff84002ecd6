/**
 * One authenticated connection to a target: TCP to the checked address, exactly the pinned host key, the one credential,
 * nothing else tried. Used by the dial of a session and by the administrators' probes. It knows neither grant nor person.
 */
import { connect, type Socket } from "node:net";
import ssh2, { type Client } from "ssh2";
import { targetAlgorithms } from "./algorithms.js";

export type TargetCredential =
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "key"; readonly privateKey: string; readonly passphrase?: string };

export interface TargetAddress {
  /** A literal address that the broker checked. */
  readonly address: string;
  readonly port: number;
  readonly username: string;
  /** OpenSSH one-line public key. */
  readonly hostKey: string;
  readonly legacyAlgorithms: boolean;
  readonly credential: TargetCredential;
}

export type Reached =
  | { readonly kind: "ready"; readonly client: Client; readonly socket: Socket }
  | { readonly kind: "key-changed"; readonly shown: string }
  | { readonly kind: "credential-refused" }
  /** Nothing in common but, perhaps, what an asset flagged for legacy algorithms would allow. */
  | { readonly kind: "too-old" }
  | { readonly kind: "unreachable" };

/** `type base64 comment` → its parts; undefined when it is no such line. */
export function parseHostKey(line: string): { readonly type: string; readonly blob: Buffer } | undefined {
  const [type, base64] = line.trim().split(/\s+/);
  if (type === undefined || base64 === undefined) return undefined;
  const blob = Buffer.from(base64, "base64");
  return blob.length > 8 ? { type, blob } : undefined;
}

/** A key blob as OpenSSH's one line, without a comment. */
export function hostKeyLine(blob: Buffer): string {
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  const type = blob.toString("latin1", 4, 4 + Math.min(length, 64)).replace(/[^\x21-\x7e]/g, "");
  return `${type} ${blob.toString("base64")}`;
}

/** Whether the handshake failed because the two sides share no algorithm; the library tells by its message alone. */
export function noCommonAlgorithm(error: Error): boolean {
  return /^Handshake failed: no matching/i.test(error.message);
}

type Prompts = readonly { readonly prompt: string; readonly echo?: boolean }[];
/** What the library takes as one method; its published types know less. */
type Method =
  | { readonly type: "publickey"; readonly username: string; readonly key: string; readonly passphrase?: string }
  | { readonly type: "password"; readonly username: string; readonly password: string }
  | {
      readonly type: "keyboard-interactive";
      readonly username: string;
      readonly prompt: (
        name: string,
        instructions: string,
        language: string,
        prompts: Prompts,
        finish: (answers: string[]) => void,
      ) => void;
    };

/** The methods tried, in order: the credential's own; a password also through one hidden keyboard-interactive prompt. */
function authMethods(target: TargetAddress): Method[] {
  const { username, credential } = target;
  if (credential.kind === "key") {
    const key = { type: "publickey" as const, username, key: credential.privateKey };
    return [credential.passphrase === undefined ? key : { ...key, passphrase: credential.passphrase }];
  }
  const { password } = credential;
  let answered = false;
  return [
    { type: "password", username, password },
    {
      type: "keyboard-interactive",
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => {
        const fits = prompts.length === 1 && prompts[0]?.echo !== true && !answered;
        answered ||= fits;
        finish(fits ? [password] : prompts.map(() => ""));
      },
    },
  ];
}

/** Connects and signs in. Never throws; whatever the peer does ends as one of the outcomes within `timeoutMs`. */
export function reachTarget(target: TargetAddress, timeoutMs: number, signal?: AbortSignal): Promise<Reached> {
  const pinned = parseHostKey(target.hostKey);
  if (pinned === undefined) return Promise.resolve({ kind: "key-changed", shown: "" });
  if (signal?.aborted === true) return Promise.resolve({ kind: "unreachable" });
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    const socket = connect({ host: target.address, port: target.port, noDelay: true });
    let shown: string | undefined;
    let stage: "connect" | "auth" | "done" = "connect";
    const settle = (reached: Reached): void => {
      if (stage === "done") return;
      stage = "done";
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      if (reached.kind !== "ready") socket.destroy();
      resolve(reached);
    };
    const fail = (): void => {
      if (shown !== undefined) settle({ kind: "key-changed", shown });
      else settle({ kind: "unreachable" });
    };
    const abort = (): void => settle({ kind: "unreachable" });
    const timer = setTimeout(fail, timeoutMs);
    signal?.addEventListener("abort", abort);
    socket.on("error", fail);
    client.on("error", (error: Error & { readonly level?: string }) => {
      if (error.level === "client-authentication" && stage === "auth") return settle({ kind: "credential-refused" });
      if (/no matching host key format/.test(error.message)) shown ??= "";
      else if (noCommonAlgorithm(error)) return settle({ kind: "too-old" });
      fail();
    });
    client.on("close", fail);
    client.on("handshake", () => {
      if (stage === "connect") stage = "auth";
    });
    client.once("ready", () => settle({ kind: "ready", client, socket }));
    socket.once("connect", () => {
      if (stage === "done") return;
      try {
        client.connect({
          sock: socket,
          username: target.username,
          authHandler: authMethods(target),
          algorithms: targetAlgorithms(target.legacyAlgorithms, pinned.type),
          hostVerifier: (key: Buffer) => {
            const same = key.equals(pinned.blob);
            if (!same) shown = hostKeyLine(key);
            return same;
          },
          readyTimeout: timeoutMs,
          keepaliveInterval: 15_000,
          keepaliveCountMax: 3,
        });
      } catch {
        // A credential that is no readable key.
        settle({ kind: "credential-refused" });
      }
    });
  });
}
