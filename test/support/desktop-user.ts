/**
 * A login of this machine made for one test desktop, and the ways into that desktop that do not pass the gateway: commands
 * on its display, its clipboard, a picture of its screen.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface DesktopUser {
  readonly login: string;
  readonly password: string;
  readonly home: string;
  /** Replaces what its next desktop shows. */
  show(session: string): void;
  /** Its display, e.g. `:10`; undefined while no desktop runs. */
  display(): string | undefined;
  /** Resolves when the session says that its windows are up; rejects after `withinMs` (15 s). */
  untilShown(withinMs?: number): Promise<void>;
  /** Runs a shell command on the desktop as this user; what it printed. Rejects on failure or after 10 s. */
  run(command: string, input?: string): Promise<Buffer>;
  /** The desktop's own clipboard; empty when its owner does not hand it out within 2 s. */
  clipboard(): Promise<string>;
  setClipboard(text: string): Promise<void>;
  /** The whole screen as PNG, taken at the X server. */
  screenshot(): Promise<Buffer>;
  /** Ends every process of the login, so that the next connection opens a new desktop. */
  wipe(): Promise<void>;
  /** Wipes and removes the login. */
  remove(): Promise<void>;
}

function processesOf(login: string, column: "pid" | "ppid" | "args"): string[] {
  // ps answers 1 when there are none.
  const { stdout } = spawnSync("ps", ["-o", `${column}=`, "-u", login], { encoding: "utf8" });
  return stdout
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

function endAll(login: string, signal: NodeJS.Signals): void {
  for (const pid of processesOf(login, "pid")) {
    try {
      process.kill(Number(pid), signal);
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== "ESRCH") throw problem;
    }
  }
}

/** The session manager's processes that hold this login's desktops. */
function holdersOf(login: string): string[] {
  const parents = new Set(processesOf(login, "ppid"));
  return [...parents].filter((pid) => {
    const { stdout } = spawnSync("ps", ["-o", "comm=", "-p", pid], { encoding: "utf8" });
    return stdout.trim() === "xrdp-sesman";
  });
}

/**
 * Asked to end first, so that the X server takes its lock and socket away. Over only when the session manager knows it too:
 * it would take the next login to the desktop that is just ending.
 */
async function wipe(login: string, home: string): Promise<void> {
  const running = processesOf(login, "pid").length > 0;
  // A desktop that is only coming up ends after ten seconds; one that is up, at once.
  for (let tries = 0; running && !existsSync(join(home, ".shown")) && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const holders = holdersOf(login);
  const left = (): boolean => processesOf(login, "pid").length > 0 || holders.some((pid) => existsSync(`/proc/${pid}`));
  for (let tries = 0; left(); tries += 1) {
    if (tries > 250) throw new Error(`processes of ${login} do not end`);
    endAll(login, tries < 12 ? "SIGTERM" : "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  // Left behind where the channel server could mount the viewer's drive.
  spawnSync("umount", ["--lazy", join(home, "thinclient_drives")], { stdio: "ignore" });
  for (const name of [".shown", "typed"]) rmSync(join(home, name), { force: true });
}

function runOn(login: string, home: string, display: string, command: string, input: string): Promise<Buffer> {
  const variables = [`HOME=${home}`, `DISPLAY=${display}`, "LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"];
  const args = ["-u", login, "--", "env", "-i", ...variables, "sh", "-c", command];
  const child = spawn("runuser", args, { cwd: home, stdio: ["pipe", "pipe", "pipe"], timeout: 10_000 });
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  // A command that does not read its input is no failure.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      if (status === 0) resolve(Buffer.concat(out));
      else reject(new Error(`${command} answered ${String(status)}: ${Buffer.concat(errors).toString()}`));
    });
  });
}

/** Makes the login; its home lies in `folder`, which must be reachable for all. */
export function makeDesktopUser(folder: string, session: string): DesktopUser {
  const login = `gd${randomBytes(4).toString("hex")}`;
  const password = randomBytes(9).toString("base64url");
  const home = join(folder, login);
  execFileSync("useradd", ["--create-home", "--home-dir", home, "--shell", "/bin/bash", login]);
  execFileSync("chpasswd", { input: `${login}:${password}\n` });
  const show = (text: string): void => {
    writeFileSync(join(home, ".xsession"), text);
    chmodSync(join(home, ".xsession"), 0o755);
  };
  show(session);
  const display = (): string | undefined =>
    processesOf(login, "args")
      .map((line) => /Xorg (:\d+) /.exec(line)?.[1])
      .find((found) => found !== undefined);
  const run = async (command: string, input = ""): Promise<Buffer> => {
    const shownOn = display();
    if (shownOn === undefined) throw new Error(`${login} has no desktop`);
    return runOn(login, home, shownOn, command, input);
  };
  return {
    login,
    password,
    home,
    show,
    display,
    run,
    async untilShown(withinMs = 15_000) {
      const until = Date.now() + withinMs;
      while (!existsSync(join(home, ".shown"))) {
        if (Date.now() > until) throw new Error(`the desktop of ${login} did not come up`);
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    },
    // The channel server may own a text that was refused to it, and never hand it out.
    clipboard: async () => (await run("timeout 2 xclip -selection clipboard -out 2>/dev/null || true")).toString(),
    async setClipboard(text) {
      // xclip stays to hand the text out; it must not hold our pipes.
      await run("xclip -selection clipboard -in >/dev/null 2>&1", text);
    },
    screenshot: () => run("import -window root png:-"),
    wipe: () => wipe(login, home),
    async remove() {
      await wipe(login, home);
      execFileSync("userdel", ["--force", login], { stdio: "ignore" });
    },
  };
}
