/**
 * The demo's SSH target: a small sshd of its own in this process' child, on a loopback port, with a throw-away host key
 * and one account that opens only with a key made for this run. It gives a real shell in a scratch folder (as `nobody` when
 * started by root), over util-linux's `script` where a pty is asked for. It is a thing to try Gatehouse on, not a product.
 */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import ssh2, { type PseudoTtyInfo, type ServerChannel, type Session } from "ssh2";

const NOBODY = 65_534;
const SFTP_SERVERS = ["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server"];

export interface Sandbox {
  readonly port: number;
  readonly hostKey: string;
  /** OpenSSH private key text that opens the account `demo`. */
  readonly clientKey: string;
  stop(): Promise<void>;
}

interface Terminal {
  readonly info: PseudoTtyInfo;
  cols: number;
  rows: number;
}

function scratchHome(): string {
  const home = mkdtempSync(join(tmpdir(), "gatehouse-sandbox-"));
  writeFileSync(
    join(home, "README.txt"),
    "This is the Gatehouse demo sandbox. Try: ls, cat README.txt, top, vi notes.txt\n",
  );
  chmodSync(home, 0o700);
  if (process.getuid?.() === 0) {
    chownSync(home, NOBODY, NOBODY);
    chownSync(join(home, "README.txt"), NOBODY, NOBODY);
  }
  return home;
}

/** The command run in place of a login: a pty through `script`, whose size can be set from outside by its tty's name. */
function argumentsFor(
  command: string | undefined,
  terminal: Terminal | undefined,
  ttyFile: string,
): readonly [string, string[]] {
  if (terminal === undefined) return command === undefined ? ["/bin/sh", []] : ["/bin/sh", ["-c", command]];
  const inner = `tty > ${ttyFile}; stty rows ${terminal.rows} cols ${terminal.cols}; exec ${
    command === undefined ? "${SHELL:-/bin/sh} -i" : `/bin/sh -c ${quote(command)}`
  }`;
  return ["/usr/bin/script", ["-qefc", inner, "/dev/null"]];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function resizeTty(ttyFile: string, cols: number, rows: number): void {
  if (!existsSync(ttyFile)) return;
  const tty = readFileSync(ttyFile, "utf8").trim();
  if (!/^\/dev\/pts\/\d+$/.test(tty)) return;
  spawn("stty", ["-F", tty, "rows", String(rows), "cols", String(cols)], { stdio: "ignore" }).on(
    "error",
    () => undefined,
  );
}

function runIn(
  home: string,
  program: string,
  args: readonly string[],
  terminal: Terminal | undefined,
): ChildProcessWithoutNullStreams {
  const bash = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
  return spawn(program, args, {
    cwd: home,
    env: {
      HOME: home,
      PATH: "/usr/local/bin:/usr/bin:/bin",
      SHELL: bash,
      USER: "demo",
      LOGNAME: "demo",
      PS1: "demo@sandbox:\\w$ ",
      LANG: "C.UTF-8",
      ...(terminal === undefined ? {} : { TERM: "xterm-256color" }),
    },
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
    detached: true,
  });
}

function connectProcess(
  child: ChildProcessWithoutNullStreams,
  channel: ServerChannel,
  running: Set<ChildProcessWithoutNullStreams>,
): void {
  running.add(child);
  channel.pipe(child.stdin);
  child.stdin.on("error", () => undefined);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on("error", () => channel.exit(127));
  child.on("close", (code, signal) => {
    running.delete(child);
    if (signal === null) channel.exit(code ?? 0);
    else channel.exit(signal.replace(/^SIG/, ""), false, "");
    channel.end();
  });
  channel.on("close", () => killGroup(child));
}

function killGroup(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals = "SIGHUP"): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function serveSession(session: Session, home: string, running: Set<ChildProcessWithoutNullStreams>): void {
  let terminal: Terminal | undefined;
  let child: ChildProcessWithoutNullStreams | undefined;
  const ttyFile = join(home, `.tty-${process.hrtime.bigint()}`);
  session.on("pty", (accept, _reject, info) => {
    const bounded = (value: number, fallback: number): number => (value > 0 && value < 1_000 ? value : fallback);
    terminal = { info, cols: bounded(info.cols, 80), rows: bounded(info.rows, 24) };
    accept?.();
  });
  session.on("window-change", (accept, _reject, info) => {
    resizeTty(ttyFile, info.cols, info.rows);
    accept?.();
  });
  session.on("env", (accept) => accept?.());
  session.on("signal", (accept, _reject, info) => {
    const name = `SIG${info.name}`;
    if (child !== undefined && name in constants.signals) killGroup(child, name as NodeJS.Signals);
    accept?.();
  });
  const start = (channel: ServerChannel, command: string | undefined): void => {
    const [program, args] = argumentsFor(command, terminal, ttyFile);
    child = runIn(home, program, args, terminal);
    connectProcess(child, channel, running);
  };
  session.on("shell", (accept) => start(accept(), undefined));
  session.on("exec", (accept, _reject, info) => start(accept(), info.command));
  session.on("subsystem", (accept, reject, info) => {
    const program = SFTP_SERVERS.find((path) => existsSync(path));
    if (info.name !== "sftp" || program === undefined) return reject();
    child = runIn(home, program, [], undefined);
    connectProcess(child, accept(), running);
  });
}

/** What makes a sandbox the same one after a restart, so that its pinned host key stays true. Kept with mode 0600. */
interface SandboxIdentity {
  readonly port: number;
  readonly host: { readonly private: string; readonly public: string };
  readonly client: { readonly private: string; readonly public: string };
}

function readIdentity(file: string): SandboxIdentity {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as SandboxIdentity;
  // The library writes an ed25519 key that it cannot read about once in 300 times.
  const pair = (): SandboxIdentity["host"] => {
    for (;;) {
      const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync("ed25519");
      const readable = [privateKey, publicKey].every((text) => !(ssh2.utils.parseKey(text) instanceof Error));
      if (readable) return { private: privateKey, public: publicKey.trim() };
    }
  };
  return { port: 0, host: pair(), client: pair() };
}

/**
 * Starts the sandbox on a loopback port: the one in `identityFile`, or a free one, which is then written there. `stop`
 * ends every process it started and removes its scratch folder.
 */
export async function startSandbox(identityFile: string): Promise<Sandbox> {
  const home = scratchHome();
  const identity = readIdentity(identityFile);
  const allowed = ssh2.utils.parseKey(identity.client.public);
  if (allowed instanceof Error) throw allowed;
  const running = new Set<ChildProcessWithoutNullStreams>();
  const server = new ssh2.Server({ hostKeys: [identity.host.private] }, (connection) => {
    connection.on("error", () => connection.end());
    connection.on("authentication", (context) => {
      if (context.method !== "publickey" || context.username !== "demo") return context.reject(["publickey"]);
      const same = context.key.data.equals(allowed.getPublicSSH());
      if (!same) return context.reject(["publickey"]);
      if (context.signature === undefined) return context.accept();
      if (allowed.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo) === true)
        return context.accept();
      return context.reject(["publickey"]);
    });
    connection.on("ready", () => connection.on("session", (accept) => serveSession(accept(), home, running)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(identity.port, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  writeFileSync(identityFile, JSON.stringify({ ...identity, port }), { mode: 0o600 });
  return {
    port,
    hostKey: identity.host.public,
    clientKey: identity.client.private,
    stop: async () => {
      for (const child of running) killGroup(child, "SIGKILL");
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(home, { recursive: true, force: true });
    },
  };
}
