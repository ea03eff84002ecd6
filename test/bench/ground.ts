/**
 * What all measurements stand on: a gateway in front of a real sshd and of the echo target, a second sshd as the jump of `ssh -J`,
 * seeded people, and OpenSSH's client with one configuration for every way.
 */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { code, startGatehouse, until, type Gatehouse } from "../support/gatehouse.js";
import { addAsset } from "../support/lab.js";
import { startSshd, type TestSshd } from "../support/sshd.js";
import { startChild } from "./child.js";
import { newKey } from "./keys.js";
import { recordEightHours, type LongRecording } from "./long-recording.js";
import { seedPeople, withData, type Seeded } from "./seed.js";

export interface Timed {
  readonly ms: number;
  readonly code: number | null;
  readonly bytes: number;
  readonly said: string;
}

export interface Ground {
  readonly house: Gatehouse;
  readonly target: TestSshd;
  /** Alone, for the relay: where the echo target listens and what opens it. */
  readonly echo: { readonly port: number; readonly username: string; readonly privateKey: string };
  readonly loadTarget: string;
  readonly load: readonly Seeded[];
  readonly long: LongRecording;
  /** Runs ssh through the gate as the next person who was not used yet. */
  gate(factor: "key" | "password", more: readonly string[], command: string, counted?: boolean): Promise<Timed>;
  /** Runs ssh straight to the target, by way of the jump, or through a bare relay. */
  ssh(
    way: "direct" | "jumped" | "relayed",
    more: readonly string[],
    command: string,
    counted?: boolean,
  ): Promise<Timed>;
  /** Waits until the gateway has nothing left to do, so that what it owes one run does not fall into the next. */
  quiet(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const RUN_MS = 120_000;
const QUIET_MS = 400;
const QUIET_SHARE = 0.08;
const QUIET_WITHIN_MS = 60_000;
const TICKS_A_SECOND = 100;
const EXEC_PEOPLE = 120;

/** CPU seconds a process, or one thread of it, used so far. */
export function cpuSeconds(pid: number, thread?: number): number {
  const place = thread === undefined ? String(pid) : `${pid}/task/${thread}`;
  const fields = readFileSync(`/proc/${place}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
  return Number(match?.[1]) * 1024;
}

function sshConfig(laid: Pick<Laid, "folder" | "house" | "target" | "jump" | "relayPort">): string {
  const { folder, house, target, jump, relayPort } = laid;
  const common = [
    "UserKnownHostsFile /dev/null",
    "StrictHostKeyChecking no",
    "LogLevel ERROR",
    "IdentitiesOnly yes",
    "IdentityAgent none",
    "HostName 127.0.0.1",
  ];
  const host = (name: string, lines: readonly string[]): string => [`Host ${name}`, ...lines].join("\n  ");
  const at = ({ port, login, keyFile }: TestSshd): string[] => [
    `Port ${port}`,
    `User ${login}`,
    `IdentityFile ${keyFile}`,
  ];
  const file = join(folder, "config");
  const hosts = [
    host("direct", at(target)),
    host("jump", at(jump)),
    host("jumped", [...at(target), "ProxyJump jump"]),
    host("relayed", [...at(target).slice(1), `Port ${relayPort}`]),
    host("gate", [`Port ${house.sshPort}`]),
    host("*", common),
  ];
  writeFileSync(file, `${hosts.join("\n")}\n`);
  return file;
}

/** Runs ssh to its end. Its output goes to nowhere, or is counted. */
function run(args: readonly string[], env: NodeJS.ProcessEnv, counted: boolean): Promise<Timed> {
  const from = performance.now();
  const child = spawn("ssh", args, { env, stdio: ["pipe", counted ? "pipe" : "ignore", "pipe"], detached: true });
  let bytes = 0;
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => (bytes += chunk.length));
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, "SIGKILL"), RUN_MS);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exit) => {
      clearTimeout(timer);
      resolve({ ms: performance.now() - from, code: exit, bytes, said });
    });
  });
}

function askpass(folder: string): string {
  const file = join(folder, "askpass");
  const cases = '*assword*) printf "%s\\n" "$GATE_PASSWORD" ;;\n*ode*) printf "%s\\n" "$GATE_CODE" ;;\n*) exit 1 ;;';
  writeFileSync(file, `#!/bin/sh\ncase "$1" in\n${cases}\nesac\n`, { mode: 0o700 });
  return file;
}

/** Lays it with so many people for load; what was started is stopped again when something fails. `profile`: where the gateway's CPU profile goes. */
export async function layGround(loadPeople: number, profile?: string): Promise<Ground> {
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of undo.splice(0).reverse()) await one();
  };
  try {
    return await lay(loadPeople, profile, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function lay(
  loadPeople: number,
  profile: string | undefined,
  undo: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const target = await startSshd();
  undo.push(() => target.stop());
  const jump = await startSshd();
  undo.push(() => jump.stop());
  const echoTarget = await startChild("echo-target.ts");
  undo.push(() => echoTarget.stop());
  const { port } = await echoTarget.ask<{ port: number }>("listen");
  const { privateKey } = newKey();
  const relay = await startChild("bare-relay.ts");
  undo.push(() => relay.stop());
  const way = { port: target.port, username: target.login, privateKey: target.privateKey };
  const { port: relayPort } = await relay.ask<{ port: number }>("listen", way);
  const house = await startGatehouse({
    env: {
      GATEHOUSE_ALLOW_TARGETS: `127.0.0.1:${target.port},127.0.0.1:${port}`,
      GATEHOUSE_SESSION_BYTES_PER_SECOND: String(2 ** 32),
      GATEHOUSE_MAX_SESSIONS: "4000",
      GATEHOUSE_IDLE_MINUTES: "720",
      GATEHOUSE_SWEEP_SECONDS: "60",
      GATEHOUSE_LOG_LEVEL: "warn",
      ...(profile === undefined
        ? {}
        : {
            NODE_OPTIONS: `--import=${join(import.meta.dirname, "profile.mjs")}`,
            GATEHOUSE_BENCH_PROFILE: profile,
          }),
    },
  });
  undo.push(async () => {
    if (profile !== undefined) await house.kill("SIGTERM");
    await house.stop();
  });
  const asset = { login: target.login, secret: target.privateKey, port: target.port };
  const real = await addAsset(house, { name: "real-01", ...asset });
  const load = await addAsset(house, { name: "echo-01", port, login: "load", secret: privateKey });
  await house.kill("SIGTERM");
  const seeded = await withData(house.data, async (data) => {
    const people = await seedPeople(data, { prefix: "x", count: EXEC_PEOPLE, accountId: real.accountId });
    const crowd = await seedPeople(data, { prefix: "l", count: loadPeople, accountId: load.accountId });
    return { people, crowd, long: await recordEightHours(data, people[0]?.login ?? "") };
  });
  await house.restart();
  return build({
    folder,
    house,
    target,
    jump,
    relayPort,
    stop,
    echo: { port, username: "load", privateKey },
    ...seeded,
  });
}

interface Laid {
  readonly folder: string;
  readonly house: Gatehouse;
  readonly target: TestSshd;
  readonly jump: TestSshd;
  readonly relayPort: number;
  readonly stop: () => Promise<void>;
  readonly echo: Ground["echo"];
  readonly people: readonly Seeded[];
  readonly crowd: readonly Seeded[];
  readonly long: LongRecording;
}

function build(laid: Laid): Ground {
  const { folder, house, target } = laid;
  const config = sshConfig(laid);
  const answers = askpass(folder);
  const keys = join(folder, "keys");
  mkdirSync(keys, { mode: 0o700 });
  const fresh = laid.people.values();
  const base = { PATH: process.env["PATH"] ?? "", HOME: folder, TERM: "xterm" };
  const gateRun: Ground["gate"] = async (factor, more, command, counted = false) => {
    const { value: person } = fresh.next();
    if (person === undefined) throw new Error("every seeded person was used");
    const keyFile = join(keys, person.login);
    writeFileSync(keyFile, person.privateKey, { mode: 0o600 });
    const secrets = { GATE_PASSWORD: person.password, GATE_CODE: await code(person.totp) };
    const env = { ...base, ...secrets, SSH_ASKPASS: answers, SSH_ASKPASS_REQUIRE: "force" };
    const way = factor === "key" ? ["-i", keyFile] : ["-o", "PubkeyAuthentication=no"];
    const login = `${person.login}@${target.login}@real-01`;
    return run(["-F", config, ...way, ...more, "-l", login, "gate", command], env, counted);
  };
  return {
    house,
    target,
    echo: laid.echo,
    loadTarget: "load@echo-01",
    load: laid.crowd,
    long: laid.long,
    gate: gateRun,
    ssh: (way, more, command, counted = false) => run(["-F", config, ...more, way, command], base, counted),
    quiet: () => untilQuiet(house),
    restart: async () => {
      await house.kill("SIGTERM");
      await house.restart();
    },
    stop: laid.stop,
  };
}

async function untilQuiet(house: Gatehouse): Promise<void> {
  const pid = house.process.pid ?? 0;
  await until(
    "the gateway to be quiet",
    async () => {
      const before = cpuSeconds(pid);
      const from = performance.now();
      await pause(QUIET_MS);
      return ((cpuSeconds(pid) - before) * 1_000) / (performance.now() - from) < QUIET_SHARE;
    },
    QUIET_WITHIN_MS,
  );
}

const LINE_BYTES = 128;

/** A file of text in the target's home: log lines with numbers that differ, and lines of base64, by turns. */
export function writeText(target: TestSshd, name: string, bytes: number): string {
  const file = join(target.home, name);
  if (existsSync(file)) return file;
  const random = execFileSync("openssl", ["rand", "-base64", String(Math.ceil(bytes * 0.4))], { maxBuffer: 2 * bytes });
  const parts: string[] = [];
  let length = 0;
  for (let n = 0; length < bytes; n += 1) {
    const at = (n * 65) % (random.length - 65);
    const noise = random.toString("latin1", at, at + 64).replaceAll("\n", "");
    const log = `2026-11-03T10:${n % 60}:${n % 59} host-${n % 17} app[${1_000 + (n % 97)}]: request ${n} took ${n % 1_013} ms status ${n % 5 === 0 ? 500 : 200}`;
    const line = n % 2 === 0 ? `${noise}\n` : `${log.slice(0, LINE_BYTES)}\n`;
    parts.push(line);
    length += line.length;
  }
  writeFileSync(file, parts.join("").slice(0, bytes));
  chmodSync(file, 0o644);
  return file;
}
