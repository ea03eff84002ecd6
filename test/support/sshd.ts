/**
 * A real OpenSSH server for tests: Debian's sshd with its own configuration, key and port, and one login of its own whose
 * key is made here. Needs root. `stop` removes the login and everything written.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.js";

export interface TestSshd {
  readonly address: "127.0.0.1";
  readonly port: number;
  /** OpenSSH one-line public key. */
  readonly hostKey: string;
  readonly login: string;
  readonly home: string;
  /** OpenSSH private key text that opens `login`. */
  readonly privateKey: string;
  /** The same key as a file. */
  readonly keyFile: string;
  /** Password of `login`, taken by keyboard-free password authentication. */
  readonly password: string;
  /** Everything the server logged. */
  log(): string;
  /** Stops listening; connections that stand go on. */
  halt(): Promise<void>;
  /** Listens again on the same port, with the same host key or a new one. */
  resume(options?: { readonly newHostKey?: boolean }): Promise<void>;
  /** Ends every connection at once, as a crash of their processes would. */
  cutConnections(): void;
  stop(): Promise<void>;
}

export interface SshdOptions {
  /** Lines added to the configuration, e.g. `Ciphers aes128-cbc`. */
  readonly config?: readonly string[];
  readonly hostKeyType?: "ed25519" | "rsa" | "ecdsa";
}

/** Resolves when the port accepts; rejects after ten seconds. */
export async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}

function makeLogin(folder: string): { readonly login: string; readonly password: string; readonly home: string } {
  const login = `gt${randomBytes(4).toString("hex")}`;
  const password = randomBytes(9).toString("base64url");
  const home = join(folder, "home");
  execFileSync("useradd", ["--create-home", "--home-dir", home, "--shell", "/bin/bash", login]);
  execFileSync("chpasswd", { input: `${login}:${password}\n` });
  mkdirSync(join(home, ".ssh"), { mode: 0o700 });
  writeFileSync(join(home, ".hushlogin"), "");
  return { login, password, home };
}

export async function startSshd(options: SshdOptions = {}): Promise<TestSshd> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-sshd-"));
  chmodSync(folder, 0o755);
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const user = makeLogin(folder);
  const hostKeyFile = join(folder, "host");
  const keyFile = join(folder, "client");
  execFileSync("ssh-keygen", ["-q", "-t", options.hostKeyType ?? "ed25519", "-N", "", "-f", hostKeyFile]);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", keyFile]);
  writeFileSync(join(user.home, ".ssh", "authorized_keys"), readFileSync(`${keyFile}.pub`));
  execFileSync("chown", ["-R", `${user.login}:`, user.home]);
  const port = await freePort();
  const config = join(folder, "config");
  writeFileSync(
    config,
    [
      ...(options.config ?? []),
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKeyFile}`,
      `PidFile ${join(folder, "pid")}`,
      "UsePAM no",
      "PasswordAuthentication yes",
      "KbdInteractiveAuthentication no",
      "StrictModes no",
      "MaxStartups 500:30:1000",
      "MaxSessions 200",
      "AcceptEnv LANG LC_*",
      "UseDNS no",
      "Subsystem sftp /usr/lib/openssh/sftp-server",
      "",
    ].join("\n"),
  );
  const log = join(folder, "log");
  const launch = async (): Promise<ChildProcess> => {
    const launched = spawn("/usr/sbin/sshd", ["-D", "-f", config, "-E", log], { stdio: "ignore" });
    await untilListening(port);
    return launched;
  };
  let child = await launch();
  const halt = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  };
  return {
    address: "127.0.0.1",
    port,
    hostKey: readFileSync(`${hostKeyFile}.pub`, "utf8").trim(),
    privateKey: readFileSync(keyFile, "utf8"),
    keyFile,
    ...user,
    log: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    halt,
    async resume({ newHostKey = false } = {}) {
      if (newHostKey) {
        rmSync(hostKeyFile);
        execFileSync("ssh-keygen", ["-q", "-t", options.hostKeyType ?? "ed25519", "-N", "", "-f", hostKeyFile]);
      }
      child = await launch();
    },
    cutConnections() {
      endAll(["--ppid", String(child.pid ?? 0)]);
      endAll(["-u", user.login]);
    },
    async stop() {
      await halt();
      endAll(["-u", user.login]);
      execFileSync("userdel", ["--force", user.login], { stdio: "ignore" });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Kills what `ps` selects: children of this server, or what runs under the login that was made for it alone. */
function endAll(selection: readonly string[]): void {
  // ps answers 1 when there are none.
  const { stdout } = spawnSync("ps", ["-o", "pid=", ...selection], { encoding: "utf8" });
  for (const id of stdout.split(/\s+/).filter(Boolean)) {
    try {
      process.kill(Number(id), "SIGKILL");
    } catch {
      continue;
    }
  }
}
