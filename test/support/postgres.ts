/**
 * A real PostgreSQL of a test's own: a fresh cluster in a temporary folder, on a free port of 127.0.0.1, gone when stopped.
 * As root it runs as the system's user `postgres`, because the server refuses root.
 */
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "./free-port.js";

const run = promisify(execFile);
const INSTALLED = "/usr/lib/postgresql";
const START_MS = 30_000;

export interface TestPostgres {
  readonly url: string;
  /** The postmaster's process id, for signals of the test's own. */
  readonly pid: () => number;
  /** Makes one more empty database on the same server and answers its URL. */
  createDatabase(name: string): Promise<string>;
  /** Ends the server at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same data and port. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<TestPostgres> {
  const bin = await binaries();
  const folder = await mkdtemp(join(tmpdir(), "gatehouse-postgres-"));
  const port = await freePort();
  if (isRoot()) await run("chown", ["postgres:postgres", folder]);
  await chmod(folder, 0o700);
  const data = join(folder, "data");
  await asPostgres(join(bin, "initdb"), [
    "-D",
    data,
    "-U",
    "gatehouse",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--locale=C",
    "-N",
  ]);
  let server = await startServer(bin, folder, data, port);
  const psql = (sql: string): Promise<unknown> =>
    run(join(bin, "psql"), [
      "-X",
      "-q",
      "-h",
      "127.0.0.1",
      "-p",
      String(port),
      "-U",
      "gatehouse",
      "-c",
      sql,
      "postgres",
    ]);
  const url = (name: string): string => `postgres://gatehouse@127.0.0.1:${port}/${name}`;
  await psql("CREATE DATABASE gatehouse");
  return {
    url: url("gatehouse"),
    pid: () => server.pid ?? 0,
    async createDatabase(name) {
      await psql(`CREATE DATABASE "${name}"`);
      return url(name);
    },
    kill: () => end(server, "SIGQUIT"),
    async restart() {
      await end(server, "SIGQUIT");
      server = await startServer(bin, folder, data, port);
    },
    async stop() {
      await end(server, "SIGQUIT");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function binaries(): Promise<string> {
  const versions = (await readdir(INSTALLED)).map(Number).filter(Number.isFinite);
  if (versions.length === 0) throw new Error(`no PostgreSQL under ${INSTALLED}`);
  return join(INSTALLED, String(Math.max(...versions)), "bin");
}

async function startServer(bin: string, folder: string, data: string, port: number): Promise<ChildProcess> {
  // Nothing here must outlive a power cut; a crash of the server alone loses nothing all the same.
  const settings = ["fsync=off", "full_page_writes=off", "listen_addresses=127.0.0.1"];
  const flags = ["-D", data, "-p", String(port), "-k", folder, ...settings.flatMap((setting) => ["-c", setting])];
  const [command, args] = commandAs(join(bin, "postgres"), flags);
  const server = spawn(command, args, { stdio: "ignore", cwd: "/" });
  for (let waited = 0; waited < START_MS; waited += 50) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
    const ready = await run(join(bin, "pg_isready"), ["-q", "-h", "127.0.0.1", "-p", String(port)]).then(
      () => true,
      () => false,
    );
    if (ready) return server;
    await pause(50);
  }
  await end(server, "SIGQUIT");
  throw new Error("PostgreSQL did not start");
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill(signal);
  await ended;
}

async function asPostgres(program: string, args: readonly string[]): Promise<void> {
  const [command, all] = commandAs(program, args);
  await run(command, all, { cwd: "/" });
}

/** `setpriv` becomes the program itself, so that a signal to the child reaches the server. */
function commandAs(program: string, args: readonly string[]): [string, string[]] {
  if (!isRoot()) return [program, [...args]];
  return ["setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", program, ...args]];
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
