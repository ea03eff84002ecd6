/**
 * xrdp's session manager for tests. xrdp looks for it on one port only, so all test files of this machine share one: the first
 * starts it, the last to leave ends it. One that is already there, as the machine's own service, is used and left alone.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

const folder = "/run/xrdp/gatehouse-tests";
const holders = join(folder, "holders");
const pidFile = join(folder, "pid");
/** Compiled into xrdp unless /etc/xrdp/sesman.ini says otherwise. */
const port = 3350;
let held = 0;

const config = `[Globals]
ListenAddress=127.0.0.1
ListenPort=${port}
EnableUserWindowManager=true
UserWindowManager=.xsession
DefaultWindowManager=startwm.sh
ReconnectScript=reconnectwm.sh
[Security]
AllowRootLogin=false
MaxLoginRetry=4
AlwaysGroupCheck=false
RestrictOutboundClipboard=none
RestrictInboundClipboard=none
[Sessions]
X11DisplayOffset=10
MaxSessions=200
KillDisconnected=false
DisconnectedTimeLimit=0
IdleTimeLimit=0
Policy=Default
[Logging]
LogFile=${join(folder, "log")}
LogLevel=INFO
EnableSyslog=false
[Xorg]
param=/usr/lib/xorg/Xorg
param=-config
param=xrdp/xorg.conf
param=-noreset
param=-nolisten
param=tcp
param=-logfile
param=.xorgxrdp.%s.log
[Chansrv]
FuseMountName=thinclient_drives
FileUmask=077
[ChansrvLogging]
LogLevel=INFO
EnableSyslog=false
`;

/** It listens on one of the two loopback addresses, by the machine's choice. */
async function answers(): Promise<boolean> {
  const tries = ["127.0.0.1", "::1"].map(
    (host) =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, host, () => {
          socket.destroy();
          resolve(true);
        });
        socket.once("error", () => resolve(false));
      }),
  );
  return (await Promise.all(tries)).includes(true);
}

function lives(pid: number): boolean {
  return pid > 0 && existsSync(`/proc/${pid}`);
}

/** One process at a time decides about starting and ending; a lock older than 20 s belongs to one that died. */
async function alone<T>(act: () => Promise<T>): Promise<T> {
  const lock = join(folder, "lock");
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== "EEXIST") throw problem;
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > 20_000) rmSync(lock, { recursive: true, force: true });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  try {
    return await act();
  } finally {
    rmdirSync(lock);
  }
}

async function start(): Promise<void> {
  writeFileSync(join(folder, "sesman.ini"), config);
  const args = ["--nodaemon", "--config", join(folder, "sesman.ini")];
  const child = spawn("/usr/sbin/xrdp-sesman", args, { cwd: "/", detached: true, stdio: "ignore" });
  child.unref();
  writeFileSync(pidFile, String(child.pid ?? 0));
  for (let tries = 0; tries < 200; tries += 1) {
    if (await answers()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("xrdp-sesman did not start");
}

/** Makes sure that a session manager answers, until the same process calls `leaveSesman` as often. Needs root. */
export async function joinSesman(): Promise<void> {
  // Without group and mode every login waits 16 s for its channel server.
  execFileSync("install", ["--directory", "--group=xrdp", "--mode=3777", "/run/xrdp/sockdir"]);
  mkdirSync(holders, { recursive: true });
  await alone(async () => {
    writeFileSync(join(holders, String(process.pid)), "");
    if (!(await answers())) await start();
  });
  held += 1;
}

export async function leaveSesman(): Promise<void> {
  held -= 1;
  if (held > 0) return;
  await alone(async () => {
    rmSync(join(holders, String(process.pid)), { force: true });
    for (const name of readdirSync(holders)) {
      if (lives(Number(name))) return;
      rmSync(join(holders, name), { force: true });
    }
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : 0;
    if (lives(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder)) process.kill(pid, "SIGTERM");
    rmSync(pidFile, { force: true });
    for (let tries = 0; lives(pid) && tries < 100; tries += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  });
}
