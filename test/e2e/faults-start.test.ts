/** What a start refuses, and how it says so: one plain line a fault, no stack, nothing half open; and what `doctor` makes of it. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort } from "../support/free-port.js";
import { ROOT, until } from "../support/gatehouse.js";
import { startGuacd } from "../support/guacd.js";

const folder = mkdtempSync(join(tmpdir(), "gatehouse-start-"));
const real = join(folder, "real");
const demo = join(folder, "demo");
const started: ChildProcess[] = [];
let ports: { readonly ssh: number; readonly http: number };
beforeAll(async () => {
  ports = { ssh: await freePort(), http: await freePort() };
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function environment(data: string, over: Record<string, string> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: folder,
    GATEHOUSE_DATA: data,
    GATEHOUSE_SSH_LISTEN: `127.0.0.1:${ports.ssh}`,
    GATEHOUSE_HTTP_LISTEN: `127.0.0.1:${ports.http}`,
    GATEHOUSE_PUBLIC_URL: `http://localhost:${ports.http}`,
    GATEHOUSE_RESERVE_BYTES: "67108864",
    ...over,
  };
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a verb that must end by itself. */
function gatehouse(args: readonly string[], env: NodeJS.ProcessEnv): Ended {
  const done = spawnSync(process.execPath, ["gateway/gatehouse.mjs", ...args], {
    cwd: ROOT,
    env,
    encoding: "utf8",
    timeout: 30_000,
  });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

/** Refused with exit code 1 and one `gatehouse:` sentence, with no stack and no log line of something left open. */
function expectRefused(done: Ended, what: RegExp): void {
  expect(done.code, done.stdout + done.stderr).toBe(1);
  const said = done.stderr.split("\n").filter((line) => line.startsWith("gatehouse: "));
  expect(said.length, done.stderr).toBe(1);
  expect(done.stderr).toMatch(what);
  expect(done.stderr).not.toMatch(/\n\s+at |node:internal|Error:/);
}

/** Starts and waits until it serves; answers how long that took and all it printed. */
async function serve(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ ms: number; output: () => string; stop: () => Promise<number | null> }> {
  const from = Date.now();
  const child = spawn(process.execPath, ["gateway/gatehouse.mjs", "start", ...args], { cwd: ROOT, env });
  started.push(child);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await until(
    "the gateway to serve",
    async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${output}`);
      const answer = await fetch(`http://127.0.0.1:${ports.http}/readyz`).catch(() => undefined);
      return (
        answer?.ok === true && (args.length === 0 ? output.includes("evidence key") : output.includes("Three lines"))
      );
    },
    60_000,
  );
  return {
    ms: Date.now() - from,
    output: () => output,
    stop: () => {
      const over = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
      child.kill("SIGTERM");
      return over;
    },
  };
}

const found = (pattern: RegExp, text: string): string => pattern.exec(text)?.[1] ?? "";

test("a real installation: its first start makes keys that nobody else may read, its second finds all as it was and is quick; a demo takes it not", async () => {
  const first = await serve([], environment(real));
  const link = /bootstrap#\S{20,}/.exec(first.output())?.[0] ?? "";
  expect(link).not.toBe("");
  for (const path of [real, join(real, "keys")]) expect(statSync(path).mode & 0o077, path).toBe(0);
  expect(statSync(join(real, "keys", "master.key")).mode & 0o777).toBe(0o600);
  expect(gatehouse(["doctor", "--ready"], environment(real)).code).toBe(0);
  const healthy = gatehouse(["doctor"], environment(real));
  expect(healthy.stdout).not.toContain("FAIL");
  expect(healthy.code).toBe(0);
  expect(await first.stop()).toBe(0);

  const second = await serve([], environment(real));
  expect(second.ms).toBeLessThan(6_000);
  for (const pattern of [/host key (\S+)/, /evidence key (\S+)/]) {
    expect(found(pattern, second.output())).not.toBe("");
    expect(found(pattern, second.output())).toBe(found(pattern, first.output()));
  }
  expect(second.output()).not.toContain(link);
  expect(await second.stop()).toBe(0);
  expectRefused(gatehouse(["start", "--demo"], environment(real)), /belongs to a real installation/);
});

test("a demo: its second start reuses everything; a real start takes it not; every answer is marked", async () => {
  const first = await serve(["--demo"], environment(demo));
  expect((await fetch(`http://127.0.0.1:${ports.http}/readyz`)).headers.get("x-gatehouse-demo")).toBe("1");
  const people = readFileSync(join(demo, "demo.json"), "utf8");
  expect(statSync(join(demo, "demo.json")).mode & 0o777).toBe(0o600);
  expect(await first.stop()).toBe(0);
  const second = await serve(["--demo"], environment(demo));
  expect(second.ms).toBeLessThan(6_000);
  expect(readFileSync(join(demo, "demo.json"), "utf8")).toBe(people);
  expect(await second.stop()).toBe(0);
  expectRefused(gatehouse(["start"], environment(demo)), /belongs to a demo/);
});

test("doctor names a directory that does not answer, in the terminal's language, and fails for it", () => {
  const secret = join(folder, "reader");
  writeFileSync(secret, "heron-secret-7");
  const directory = {
    GATEHOUSE_LDAP_URL: "ldaps://localhost:1",
    GATEHOUSE_LDAP_BIND_DN: "cn=reader,dc=example,dc=org",
    GATEHOUSE_LDAP_BIND_PASSWORD_FILE: secret,
    GATEHOUSE_LDAP_BASE_DN: "dc=example,dc=org",
    GATEHOUSE_OIDC_ISSUER: "http://localhost:1",
    GATEHOUSE_OIDC_CLIENT_ID: "gate",
  };
  const en = gatehouse(["doctor"], environment(real, directory));
  expect(en.code).toBe(1);
  expect(en.stdout).toMatch(/^FAIL {2}oidc: http:\/\/localhost:1 does not answer/m);
  expect(en.stdout).toMatch(/^FAIL {2}ldap: ldaps:\/\/localhost:1 does not answer/m);
  const zh = gatehouse(["doctor"], environment(real, { ...directory, LC_ALL: "zh_CN.UTF-8" }));
  expect(zh.stdout).toMatch(/^FAIL {2}ldap: .*无响应/m);
  expect(zh.stdout).toMatch(/^ok {4}break-glass: 有两名安全管理员之后方可封存/m);
  for (const { stdout, stderr } of [en, zh]) expect(stdout + stderr).not.toContain("heron-secret-7");
});

test("doctor changes nothing: a database that holds nothing yet is left so, and every line of its is in the terminal's language", () => {
  const database = join(folder, "empty.db");
  writeFileSync(database, "");
  const over = { GATEHOUSE_DATABASE_URL: `sqlite:${database}`, GATEHOUSE_TIME_ZONE: "Asia/Shanghai" };
  const fresh = environment(join(folder, "fresh-look"), over);
  expect(gatehouse(["doctor"], fresh).stdout).toMatch(/^ok {4}database: .*empty\.db, empty/m);
  const zh = gatehouse(["doctor"], { ...fresh, LC_ALL: "zh_CN.UTF-8" })
    .stdout.trim()
    .split("\n");
  expect(zh.length).toBeGreaterThan(12);
  expect(zh.join("\n")).toMatch(/^ok {4}database: .*empty\.db，空库/m);
  for (const line of zh) expect(line).toMatch(/\p{Script=Han}|^ok {4}node: v(?:2[2-9]|[3-9]\d)/u);
});

test("a master key that others may read is refused, by start and by doctor", () => {
  const key = join(real, "keys", "master.key");
  chmodSync(key, 0o644);
  try {
    expectRefused(gatehouse(["start"], environment(real)), /master\.key/);
    const doctor = gatehouse(["doctor"], environment(real));
    expect(doctor.stdout).toMatch(/^FAIL {2}master key: .*644.*chmod 600/m);
    expect(doctor.code).toBe(1);
  } finally {
    chmodSync(key, 0o600);
  }
});

test("doctor says which guacd answers and what it cannot do, what is none, and what is wrong with the folder for files", async () => {
  const guacd = await startGuacd();
  const drive = guacd.driveFolder();
  const other = createServer((socket) => void socket.on("error", () => undefined).end("SSH-2.0-OpenSSH_9.2\r\n"));
  const port = await freePort();
  await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
  try {
    const looked = async (env: Record<string, string>): Promise<string> => {
      const child = spawn(process.execPath, ["gateway/gatehouse.mjs", "doctor"], {
        cwd: ROOT,
        env: { ...environment(real), ...env },
      });
      let text = "";
      child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
      await new Promise((resolve) => child.once("close", resolve));
      return text;
    };
    const good = await looked({ GATEHOUSE_GUACD: `127.0.0.1:${guacd.port}`, GATEHOUSE_DRIVE: drive });
    expect(good).toMatch(/^ok {4}guacd: guacd 1\.3\.0 on loopback, cannot pin certificates/m);
    expect(good).toMatch(/^ok {4}drive: /m);
    chmodSync(drive, 0o777);
    const bad = await looked({ GATEHOUSE_GUACD: `127.0.0.1:${port}`, GATEHOUSE_DRIVE: drive });
    expect(bad).toMatch(/^FAIL {2}guacd: .*not guacd.*GATEHOUSE_GUACD/m);
    expect(bad).toMatch(/^FAIL {2}drive: others can reach .*chmod o-rwx/m);
  } finally {
    other.close();
    await guacd.stop();
  }
});

test("a master key that is gone or another is refused: nothing is made anew over what it sealed", () => {
  const key = join(demo, "keys", "master.key");
  const kept = readFileSync(key);
  try {
    rmSync(key);
    expectRefused(gatehouse(["start", "--demo"], environment(demo)), /master\.key|master key/);
    expect(() => statSync(key)).toThrow();
    writeFileSync(key, Buffer.from(kept.map((byte) => byte ^ 1)), { mode: 0o600 });
    expectRefused(gatehouse(["start", "--demo"], environment(demo)), /master\.key|master key/);
  } finally {
    writeFileSync(key, kept, { mode: 0o600 });
  }
});

test("configuration errors are told all at once, each with its key, and no value that could be a secret", () => {
  const wrong = environment(join(folder, "none"), {
    GATEHOUSE_SSH_LISTEN: "nowhere",
    GATEHOUSE_MAX_SESSIONS: "-3",
    GATEHOUSE_DATABASE_URL: "mysql://root:hunter2@db/x",
    GATEHOUSE_NO_SUCH_KEY: "hunter3",
    GATEHOUSE_LOG_LEVEL: "loud",
  });
  const keys = ["SSH_LISTEN", "MAX_SESSIONS", "DATABASE_URL", "NO_SUCH_KEY", "LOG_LEVEL"];
  const done = gatehouse(["start"], wrong);
  expectRefused(done, /configuration was refused/);
  const doctor = gatehouse(["doctor"], wrong);
  expect(doctor.code).toBe(1);
  for (const key of keys) {
    expect(done.stderr).toContain(`GATEHOUSE_${key}: `);
    expect(doctor.stdout).toMatch(new RegExp(`^FAIL  configuration: GATEHOUSE_${key}: `, "m"));
  }
  expect(done.stderr + doctor.stdout).not.toMatch(/hunter/);
  expect(() => statSync(join(folder, "none"))).toThrow();
});

test.each<[string, readonly string[], Record<string, string>, RegExp]>([
  [
    "plain HTTP for all the world",
    ["start"],
    { GATEHOUSE_HTTP_LISTEN: "0.0.0.0:8080" },
    /GATEHOUSE_HTTP_LISTEN: plain HTTP is served on loopback only/,
  ],
  [
    "plain HTTP for all the world over IPv6",
    ["start"],
    { GATEHOUSE_HTTP_LISTEN: "[::]:8080" },
    /plain HTTP is served on loopback only/,
  ],
  [
    "a demo for all the world",
    ["start", "--demo"],
    { GATEHOUSE_SSH_LISTEN: "0.0.0.0:2222" },
    /a demo listens on loopback only/,
  ],
  ["a certificate without its key", ["start"], { GATEHOUSE_TLS_CERT: "/etc/hostname" }, /set both or neither/],
  [
    "a configuration file that is not",
    ["start"],
    { GATEHOUSE_CONFIG: "/nowhere/at.all" },
    /there is no file \/nowhere\/at\.all/,
  ],
  [
    "a database that does not answer",
    ["start"],
    { GATEHOUSE_DATABASE_URL: "postgres://gate:hunter2@127.0.0.1:1/x" },
    /database/,
  ],
  ["a policy folder that is not", ["start"], { GATEHOUSE_POLICIES: "/nowhere" }, /polic|nowhere/],
])("%s is refused at start", (_name, args, over, what) => {
  const done = gatehouse(args, environment(join(folder, `fresh-${Math.random()}`), over));
  expectRefused(done, what);
  expect(done.stderr).not.toContain("hunter2");
});

test("a policy bundle whose cases fail is refused whole", () => {
  const policies = join(folder, "policies");
  cpSync(join(ROOT, "policies", "default"), policies, { recursive: true });
  const file = join(
    policies,
    spawnSync("sh", ["-c", `cd ${policies} && ls *.cedar | head -1`], { encoding: "utf8" }).stdout.trim(),
  );
  writeFileSync(file, `${readFileSync(file, "utf8")}\nforbid(principal, action, resource);\n`);
  expectRefused(
    gatehouse(["start"], environment(join(folder, "fresh-policy"), { GATEHOUSE_POLICIES: policies })),
    /polic|case/i,
  );
});

test("a folder that holds something else, and recordings whose people are gone, are refused", () => {
  const strange = join(folder, "strange");
  mkdirSync(strange);
  writeFileSync(join(strange, "thesis.txt"), "mine");
  expectRefused(gatehouse(["start"], environment(strange)), /thesis\.txt/);
  expect(readFileSync(join(strange, "thesis.txt"), "utf8")).toBe("mine");
  const orphan = join(folder, "orphan");
  cpSync(real, orphan, { recursive: true });
  rmSync(join(orphan, "gatehouse.db"));
  for (const more of ["gatehouse.db-wal", "gatehouse.db-shm"]) rmSync(join(orphan, more), { force: true });
  writeFileSync(join(orphan, "recordings", "01900000-0000-7000-8000-000000000001.ghr"), "x");
  expectRefused(gatehouse(["start"], environment(orphan)), /no people/);
});

test.each([["ssh"], ["http"]] as const)(
  "a %s port that is taken is said in one sentence with the port, and nothing is left half open",
  async (which) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(ports[which], "127.0.0.1", resolve));
    try {
      const done = gatehouse(["start"], environment(join(folder, `fresh-${which}`)));
      expectRefused(done, new RegExp(`in use.*${ports[which]}`));
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  },
);

test("doctor speaks to programs as well, and says when nothing runs here", () => {
  const asked = gatehouse(["doctor", "--json"], environment(join(folder, "fresh-doctor")));
  const lines = asked.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { what: string; ok: boolean; detail: string });
  expect(lines.map(({ what }) => what)).toEqual(
    expect.arrayContaining(["configuration", "master key", "database", "recordings", "gateway"]),
  );
  expect(lines.every(({ ok }) => ok)).toBe(true);
  expect(asked.code).toBe(0);
  expect(() => statSync(join(folder, "fresh-doctor"))).toThrow();
  const ready = gatehouse(["doctor", "--ready"], environment(real));
  expect(ready.stdout).toMatch(/^FAIL {2}gateway: /m);
  expect(ready.code).toBe(1);
  const away = gatehouse(
    ["doctor"],
    environment(real, { GATEHOUSE_DATABASE_URL: "postgres://gate:hunter2@127.0.0.1:1/x" }),
  );
  expect(away.stdout).toMatch(/^FAIL {2}database: /m);
  expect(away.stdout).not.toContain("hunter2");
  expect(away.code).toBe(1);
});
