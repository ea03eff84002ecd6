/**
 * A real RDP target for tests: Debian's xrdp with its own configuration, certificate and port on loopback, and logins of its
 * own whose desktops can be looked into. Needs root. A desktop outlives its viewer, and the same login joins it again: `wipe`
 * ends it. `stop` removes the logins and everything written.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDesktopUser, type DesktopUser } from "./desktop-user.js";
import { joinSesman, leaveSesman } from "./sesman.js";
import { freePort } from "./free-port.js";
import { untilListening } from "./sshd.js";

export interface TestXrdp {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** The certificate it shows, PEM; signed by itself. */
  readonly certificate: string;
  /** A new login whose desktop runs `session` (test/support/desktops.ts). */
  addUser(session: string): DesktopUser;
  /** Everything xrdp logged. */
  log(): string;
  /** Ends xrdp and every connection at once; desktops stay. */
  halt(): Promise<void>;
  /** Listens again on the same port. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export interface XrdpOptions {
  /** What it offers: `negotiate` takes TLS or plain RDP; it never speaks network level authentication. */
  readonly securityLayer?: "negotiate" | "tls" | "rdp";
  /** Lines for the `[Channels]` section, e.g. `cliprdr=false`. */
  readonly channels?: readonly string[];
}

function configuration(folder: string, port: number, options: XrdpOptions): string {
  const channels = ["rdpdr=true", "rdpsnd=true", "drdynvc=true", "cliprdr=true", ...(options.channels ?? [])];
  const globals = {
    ini_version: "1",
    fork: "true",
    port: `tcp://.:${port}`,
    tcp_nodelay: "true",
    security_layer: options.securityLayer ?? "negotiate",
    crypt_level: "high",
    certificate: join(folder, "certificate.pem"),
    key_file: join(folder, "key.pem"),
    ssl_protocols: "TLSv1.2, TLSv1.3",
    allow_channels: "true",
    bitmap_cache: "true",
    bitmap_compression: "true",
    bulk_compression: "true",
    max_bpp: "32",
    new_cursors: "true",
    use_fastpath: "both",
  };
  const xorg = {
    name: "Xorg",
    lib: "libxup.so",
    username: "ask",
    password: "ask",
    ip: "127.0.0.1",
    port: "-1",
    code: "20",
  };
  const lines = (section: object): string[] =>
    Object.entries(section).map(([name, value]) => `${name}=${String(value)}`);
  return [
    "[Globals]",
    ...lines(globals),
    "[Logging]",
    `LogFile=${join(folder, "log")}`,
    "LogLevel=INFO",
    "EnableSyslog=false",
    "[Channels]",
    ...channels,
    "[Xorg]",
    ...lines(xorg),
    "",
  ].join("\n");
}

function makeCertificate(folder: string): void {
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "certificate.pem")];
  const kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=desktop.test"];
  execFileSync("openssl", ["req", ...kind, ...files], { stdio: "ignore" });
}

export async function startXrdp(options: XrdpOptions = {}): Promise<TestXrdp> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-xrdp-"));
  chmodSync(folder, 0o755);
  await joinSesman();
  makeCertificate(folder);
  const port = await freePort();
  const config = join(folder, "xrdp.ini");
  writeFileSync(config, configuration(folder, port, options));
  // A group of its own: xrdp forks for every connection, and all of them end together.
  const launch = async (): Promise<number> => {
    const child = spawn("/usr/sbin/xrdp", ["--nodaemon", "--config", config], {
      cwd: "/",
      detached: true,
      stdio: "ignore",
    });
    await untilListening(port);
    return child.pid ?? 0;
  };
  let group = await launch();
  const end = (): void => {
    if (group > 0) spawnSync("kill", ["-KILL", "--", `-${group}`], { stdio: "ignore" });
    group = 0;
  };
  const halt = async (): Promise<void> => {
    const ended = group;
    end();
    while (ended > 0 && spawnSync("pgrep", ["-g", String(ended), "-r", "R,S,D"]).status === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  process.once("exit", end);
  const users: DesktopUser[] = [];
  const log = join(folder, "log");
  return {
    host: "127.0.0.1",
    port,
    certificate: readFileSync(join(folder, "certificate.pem"), "utf8"),
    addUser(session) {
      const user = makeDesktopUser(folder, session);
      users.push(user);
      return user;
    },
    log: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    halt,
    async resume() {
      group = await launch();
    },
    async stop() {
      await halt();
      process.removeListener("exit", end);
      for (const user of users) await user.remove();
      await leaveSesman();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
