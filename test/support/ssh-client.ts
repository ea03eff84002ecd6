/**
 * Drives the system's own ssh, scp, sftp and rsync against a door, with a password and a code answered by an askpass script
 * that goes by the prompt.
 */
import { spawn, type ChildProcessWithoutNullStreams, type SpawnOptionsWithoutStdio } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Finished {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface Secrets {
  readonly password: string;
  readonly code: string;
}

export class SshClient {
  readonly folder: string;
  readonly #port: number;
  readonly #env: NodeJS.ProcessEnv;

  constructor(port: number, secrets: Secrets) {
    this.#port = port;
    this.folder = mkdtempSync(join(tmpdir(), "gatehouse-ssh-"));
    const askpass = join(this.folder, "askpass");
    writeFileSync(
      askpass,
      '#!/bin/sh\ncase "$1" in\n*assword*) printf "%s\\n" "$GATE_PASSWORD" ;;\n*ode*) printf "%s\\n" "$GATE_CODE" ;;\n*) exit 1 ;;\nesac\n',
      { mode: 0o700 },
    );
    this.#env = {
      PATH: process.env["PATH"],
      HOME: this.folder,
      TERM: "xterm",
      SSH_ASKPASS: askpass,
      SSH_ASKPASS_REQUIRE: "force",
      GATE_PASSWORD: secrets.password,
      GATE_CODE: secrets.code,
    };
  }

  /** Options that every OpenSSH program takes. */
  get options(): string[] {
    return [
      "-F",
      "none",
      "-o",
      "UserKnownHostsFile=/dev/null",
      "-o",
      "StrictHostKeyChecking=no",
      "-o",
      "LogLevel=ERROR",
      "-o",
      "ConnectTimeout=20",
      "-o",
      "IdentitiesOnly=yes",
    ];
  }

  get env(): NodeJS.ProcessEnv {
    return this.#env;
  }

  /** Arguments of ssh up to and with the destination. */
  arguments(login: string, more: readonly string[] = []): string[] {
    return [...this.options, "-p", String(this.#port), ...more, "-l", login, "127.0.0.1"];
  }

  start(
    program: string,
    args: readonly string[],
    options: SpawnOptionsWithoutStdio = {},
  ): ChildProcessWithoutNullStreams {
    return spawn(program, args, { ...options, detached: true, env: { ...this.#env, ...options.env } });
  }

  /** Runs `ssh … login@gate [command]` to its end. */
  ssh(
    login: string,
    command: readonly string[],
    options: { readonly input?: Buffer | string; readonly more?: readonly string[] } = {},
  ): Promise<Finished> {
    return this.run("ssh", [...this.arguments(login, options.more), ...command], options.input);
  }

  run(program: string, args: readonly string[], input?: Buffer | string, timeoutMs = 30_000): Promise<Finished> {
    return finish(this.start(program, args), input, timeoutMs);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Collects what a program says until it is over; killed after `timeoutMs`. */
export function finish(
  child: ChildProcessWithoutNullStreams,
  input?: Buffer | string,
  timeoutMs = 30_000,
): Promise<Finished> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  // The whole group: scp and sftp leave their ssh behind.
  const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, "SIGKILL"), timeoutMs);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString("utf8") });
    });
  });
}
