/**
 * A real guacd 1.3.0 for tests: unpacked by `npm test` (test/desktop-lab), run in the foreground by an unprivileged user in
 * a folder of its own, reachable on loopback alone. Needs root to start. It can be killed, frozen and counted: guacd keeps
 * one child for each connection, so no child means no session.
 */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import place from "../desktop-lab/guacd-folder.json" with { type: "json" };
import { freePort } from "./free-port.js";
import { untilListening } from "./sshd.js";

export interface TestGuacd {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly pid: number;
  /** The user and group it runs as; not a user of this machine. */
  readonly uid: number;
  /** Process ids of guacd's children: one for each connection it holds. */
  children(): number[];
  /** Ends every connection it holds, whatever state it is in. */
  release(): void;
  /** Resolves once no child is left; rejects after `withinMs` (5 s). */
  untilIdle(withinMs?: number): Promise<void>;
  /** A new empty folder that guacd may write, under the same path for it and for us. Removed by `stop`. */
  driveFolder(): string;
  /** Everything it logged. */
  log(): string;
  /** Ends guacd and every connection's process at once, as a crash would. */
  kill(): Promise<void>;
  /** Stops every process in its tracks: connections stay open and nothing is said. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export interface GuacdOptions {
  readonly logLevel?: "error" | "warning" | "info" | "debug";
  /** A port to take, e.g. that of a guacd that was killed; a free one otherwise. */
  readonly port?: number;
}

/** Process ids that run directly under one. */
function childrenOf(pid: number): number[] {
  // ps answers 1 when there are none.
  const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return stdout.split(/\s+/).filter(Boolean).map(Number);
}

/** Signals what is there; a process that has just ended is no error. */
function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== "ESRCH") throw problem;
    }
  }
}

export async function startGuacd(options: GuacdOptions = {}): Promise<TestGuacd> {
  const { folder, uid } = place;
  if (!existsSync(join(folder, "complete"))) throw new Error(`no guacd in ${folder}: run npm test, which unpacks it`);
  const port = options.port ?? (await freePort());
  const command = ["/usr/sbin/guacd", "-f", "-b", "127.0.0.1", "-l", String(port), "-L", options.logLevel ?? "info"];
  const child = spawn("/usr/sbin/chroot", [`--userspec=${uid}:${uid}`, folder, ...command], {
    cwd: "/",
    env: { HOME: "/home/guacd", LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const pid = child.pid ?? 0;
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const all = (): number[] => (ended() ? [] : [pid, ...childrenOf(pid)]);
  const kill = async (): Promise<void> => {
    // The parent is stopped first, or it could fork between the look and the blow.
    signal(ended() ? [] : [pid], "SIGSTOP");
    signal(all(), "SIGKILL");
    await gone;
  };
  const atExit = (): void => signal(all(), "SIGKILL");
  process.once("exit", atExit);
  const drives: string[] = [];
  await untilListening(port);
  return {
    host: "127.0.0.1",
    port,
    pid,
    uid,
    children: () => childrenOf(pid),
    release: () => signal(childrenOf(pid), "SIGKILL"),
    async untilIdle(withinMs = 5_000) {
      const until = Date.now() + withinMs;
      while (childrenOf(pid).length > 0) {
        if (Date.now() > until) {
          const held = childrenOf(pid);
          // What hangs is told of once, and is not handed on to the next test.
          signal(held, "SIGKILL");
          throw new Error(`guacd still holds ${held.length} connections`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    driveFolder() {
      const drive = join(folder, "drives", randomBytes(8).toString("hex"));
      mkdirSync(drive, { mode: 0o700 });
      chownSync(drive, uid, uid);
      drives.push(drive);
      return drive;
    },
    log: () => said.join(""),
    kill,
    freeze: () => signal(all(), "SIGSTOP"),
    thaw: () => signal(all(), "SIGCONT"),
    async stop() {
      await kill();
      process.removeListener("exit", atExit);
      for (const drive of drives) rmSync(drive, { recursive: true, force: true });
    },
  };
}
