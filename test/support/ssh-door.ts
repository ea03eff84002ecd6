/** A door over a fake broker and, when asked, a real sshd behind it; everything a test of the SSH door needs. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createSshDoor,
  type ExecVerdict,
  type PasswordPrompt,
  type SshDoor,
  type SshDoorLimits,
} from "../../gateway/doors/ssh/index.js";
import { FakeBroker } from "./fake-broker.js";
import { SshClient } from "./ssh-client.js";
import type { TestSshd } from "./sshd.js";

export interface TestDoor {
  readonly broker: FakeBroker;
  readonly door: SshDoor;
  readonly port: number;
  readonly client: SshClient;
  readonly logged: string[];
  stop(): Promise<void>;
}

/** A fresh ed25519 key in OpenSSH's own form. */
export function makeOpensshKey(): { readonly privateKey: string; readonly publicKey: string } {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-key-"));
  const file = join(folder, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  const key = { privateKey: readFileSync(file, "utf8"), publicKey: readFileSync(`${file}.pub`, "utf8").trim() };
  rmSync(folder, { recursive: true, force: true });
  return key;
}

/** A stand-in for the policy room's classifier: knows the few words the tests use. */
export function classify(command: string): ExecVerdict {
  const scp = /^scp (?:-[rpqvd] )*-([tf]) (?:-- )?(\S+)$/.exec(command);
  if (scp) return { kind: "scp", reads: scp[1] === "f", writes: scp[1] === "t", path: scp[2] ?? "" };
  if (command.startsWith("rsync --server")) {
    const reads = command.includes("--sender");
    return { kind: "rsync", reads, writes: !reads, path: "" };
  }
  if (command === "/usr/lib/openssh/sftp-server") return { kind: "sftp", reads: true, writes: true, path: "" };
  return /^(?:bash|sh|vim?|tmux)\b/.test(command) ? { kind: "shell", why: "interpreter" } : { kind: "command" };
}

/** Knows one prompt, `Password:`; what follows up to the line's end is secret. */
export function createPasswordPrompt(): PasswordPrompt {
  let asked = false;
  return {
    output: (bytes) => {
      if (Buffer.from(bytes).toString("latin1").trimEnd().endsWith("assword:")) asked = true;
    },
    input: (bytes) => {
      const secret = asked;
      if (asked && Buffer.from(bytes).some((byte) => byte === 13 || byte === 10)) asked = false;
      return [{ bytes, secret }];
    },
  };
}

export async function startDoor(
  sshd?: TestSshd,
  limits: Partial<SshDoorLimits> = {},
  host = "127.0.0.1",
): Promise<TestDoor> {
  const broker = new FakeBroker();
  if (sshd !== undefined) {
    broker.target = {
      address: sshd.address,
      port: sshd.port,
      username: sshd.login,
      hostKey: sshd.hostKey,
      legacyAlgorithms: false,
      credential: { kind: "key", privateKey: sshd.privateKey },
    };
  }
  const logged: string[] = [];
  const door = createSshDoor({
    broker,
    hostKey: makeOpensshKey().privateKey,
    listen: { host, port: 0 },
    publicUrl: "http://localhost:8080",
    classifyExec: classify,
    createPasswordPrompt,
    clock: { now: () => Date.now(), monotonicUs: () => Number(process.hrtime.bigint() / 1_000n) },
    log: (level, message, detail) => logged.push(`${level} ${message} ${JSON.stringify(detail ?? {})}`),
    limits,
  });
  const { port } = await door.listen();
  const client = new SshClient(port, { password: "correct horse", code: "123456" });
  return {
    broker,
    door,
    port,
    client,
    logged,
    async stop() {
      client.dispose();
      await door.close(0);
    },
  };
}

/** Resolves when `what` holds; rejects after `timeoutMs`. */
export async function until(what: () => boolean, timeoutMs = 10_000): Promise<void> {
  const from = Date.now();
  while (!what()) {
    if (Date.now() - from > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
