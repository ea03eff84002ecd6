/**
 * A device key with the tools that people automate with: real Ansible, ssh, scp and rsync, by the lines that `gatehouse login` prints and the
 * README shows. Nothing is ever asked: what would ask leaves a mark. After "sign out everywhere" the same playbook reaches nothing, its kept
 * connections included.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, until } from "../support/gatehouse.js";
import { addAsset, startLab, type Lab, type Operator } from "../support/lab.js";
import { makeSoftwareAuthenticator, type SoftwareAuthenticator } from "../support/software-authenticator.js";
import { finish, type Finished } from "../support/ssh-client.js";
import { startSshd, type TestSshd } from "../support/sshd.js";

const ALL = ["ssh.shell", "ssh.exec", "sftp.read", "sftp.write"];
const PLAYBOOK = `
- hosts: all
  gather_facts: false
  remote_user: nobody
  tasks:
    - ansible.builtin.ping:
    - ansible.builtin.copy: { content: "by ansible on {{ inventory_hostname }}\\n", dest: "~/ansible.txt" }
    - ansible.builtin.command: whoami
      register: who
    - ansible.builtin.shell: echo {{ who.stdout }} >> ansible.txt
    - ansible.builtin.fetch: { src: ansible.txt, dest: "{{ kept }}/{{ inventory_hostname }}", flat: true }
    - ansible.builtin.file: { path: "~/ansible.txt", state: absent }
`;

/** Its own defaults, but for the runner's list of known hosts, which stays as it is. */
const KEPT_CONNECTIONS =
  "-C -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
const NO_CONNECTION_KEPT = "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";

interface Ceremony {
  readonly handle: string;
  readonly options: never;
}
/** One machine of the contractor's: its home, and the lines that `gatehouse login` printed there. */
interface Machine {
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly lines: ReadonlyMap<string, string>;
  readonly inventory: string;
}

let lab: Lab;
let db: TestSshd;
let folder: string;
let who: Operator & { readonly device: SoftwareAuthenticator };
let byFile: Machine;
let byAgent: Machine;
const children: ChildProcess[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-tools-"));
  db = await startSshd();
  lab = await startLab({ allow: [`127.0.0.1:${db.port}`] });
  who = await seat(ALL);
  const { accountId } = await addAsset(lab.house, {
    name: "db-01",
    port: db.port,
    login: db.login,
    secret: db.privateKey,
  });
  await grant(who, accountId);
  byFile = await logIn(who, newMachine("file"), "--file");
  const agent = newMachine("agent");
  const socket = join(agent.folder, "agent");
  children.push(spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" }));
  await until("the ssh-agent", () => existsSync(socket));
  byAgent = await logIn(who, { ...agent, env: { ...agent.env, SSH_AUTH_SOCK: socket } }, "--agent");
});
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
  await lab?.stop();
  await db?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** An operator with a grant on web-01 and a passkey. */
async function seat(actions: readonly string[]): Promise<Operator & { readonly device: SoftwareAuthenticator }> {
  const operator = await lab.operator(actions);
  const device = makeSoftwareAuthenticator(lab.house.http);
  const { handle, options } = await operator.api.call<Ceremony>("POST", "/me/passkeys/options");
  await operator.api.call("POST", "/me/passkeys", { handle, name: "laptop", response: device.register(options) });
  return { ...operator, device };
}

/** A second grant, as the first was asked for and given. */
async function grant(person: Operator, accountId: string): Promise<void> {
  const entitled = { personId: person.id, accountId, actions: ALL, to: null };
  await (await lab.house.as("grace")).call("POST", "/entitlements", entitled);
  const asked = { items: [{ accountId, actions: ALL }], reason: "both, by one playbook", durationMs: 3_600_000 };
  const { id, digest } = await person.api.call("POST", "/requests", { ...asked, workOrder: "WO-8" });
  const approval = { verdict: "approved", reason: "agreed", digest };
  await (await lab.house.as("carol")).call("POST", `/requests/${id as string}/approval`, approval);
}

/** A home of its own, where whatever asks for a secret leaves the file `asked`. */
function newMachine(name: string): Machine {
  const home = join(folder, name);
  mkdirSync(home);
  const askpass = join(home, "askpass");
  writeFileSync(askpass, `#!/bin/sh\necho "$1" >> ${home}/asked\nexit 1\n`, { mode: 0o700 });
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    LC_ALL: "C.UTF-8",
    SSH_ASKPASS: askpass,
    SSH_ASKPASS_REQUIRE: "force",
  };
  return { env, folder: home, lines: new Map(), inventory: "" };
}

/** `gatehouse login`, approved by its person; answers the machine with the lines to copy. */
async function logIn(person: typeof who, machine: Machine, keep: "--file" | "--agent"): Promise<Machine> {
  const named = ["--url", lab.house.http, "--login", person.login, "--name", "build box", keep];
  const child = spawn(process.execPath, ["gateway/gatehouse.mjs", "login", ...named], {
    cwd: ROOT,
    env: machine.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const gone = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [, link = ""] = await until("the link", () => /\/a\/(\S+)/.exec(said) ?? undefined);
  const [, number = ""] = await until("the number", () => /enter (\d\d)/.exec(said) ?? undefined);
  const { ceremony } = await person.api.call<{ ceremony: Ceremony }>("GET", `/terminal-approvals/${link}`);
  const proof = { handle: ceremony.handle, response: person.device.signIn(ceremony.options) };
  await person.api.call("POST", `/terminal-approvals/${link}/approval`, { number, ...proof });
  expect([await gone, said]).toEqual([0, said]);
  const lines = [...said.matchAll(/^ {2}(ssh|scp|rsync|Ansible) +(.*)$/gm)].map(
    ([, tool = "", line = ""]) => [tool, line] as const,
  );
  expect(lines).toHaveLength(4);
  const loggedIn = { ...machine, lines: new Map(lines) };
  const inventory = [`web-01 ${line(loggedIn, "Ansible")}`, `db-01 ${line(loggedIn, "Ansible", db.login, "db-01")}`];
  return { ...loggedIn, inventory: `${inventory.join("\n")}\n` };
}

const line = (machine: Machine, tool: string, account = lab.account.login, asset = "web-01"): string =>
  (machine.lines.get(tool) ?? "").replace("ACCOUNT", account).replace("ASSET", asset);

/** The inventory that both READMEs show, with this lab's names. */
function inventoryOfReadme(machine: Machine): string {
  const [shown, zh] = ["README.md", "README.zh-CN.md"].map(
    (name) => /```ini\n(\[gate\][^]*?)```/.exec(readFileSync(join(ROOT, name), "utf8"))?.[1] ?? "",
  ) as [string, string];
  expect(zh).toBe(shown);
  const [, key = ""] = / -i (\S+)"/.exec(machine.lines.get("Ansible") ?? "") ?? [];
  const names = [
    ["/home/alice/.ssh/gatehouse-gate.example.cn", key],
    ["gate.example.cn", "127.0.0.1"],
    ["2222", String(lab.house.sshPort)],
    ["alice", who.login],
    ["account=root", `account=${lab.account.login}`],
    ["account=postgres", `account=${db.login}`],
  ] as const;
  for (const [name] of names) expect(shown).toContain(name);
  return names.reduce((text, [name, here]) => text.replace(name, here), shown);
}

/** `ansible-playbook` to its end, with no terminal and nobody to ask. */
async function play(
  machine: Machine,
  more: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): Promise<Finished> {
  const [hosts, book, kept] = ["hosts.ini", "book.yml", "kept"].map((name) => join(machine.folder, name)) as [
    string,
    string,
    string,
  ];
  rmSync(kept, { recursive: true, force: true });
  mkdirSync(kept);
  writeFileSync(hosts, machine.inventory);
  writeFileSync(book, PLAYBOOK);
  const child = spawn("ansible-playbook", ["-i", hosts, "-e", `kept=${kept}`, ...options, book], {
    cwd: machine.folder,
    detached: true,
    env: {
      ...machine.env,
      ANSIBLE_NOCOLOR: "1",
      ANSIBLE_HOST_KEY_CHECKING: "False",
      ANSIBLE_SSH_ARGS: KEPT_CONNECTIONS,
      ...more,
    },
  });
  return finish(child, undefined, 60_000);
}

/** What the playbook brought home: who it was on each asset, and what it wrote there. */
function brought(machine: Machine): Record<string, string> {
  const kept = join(machine.folder, "kept");
  return Object.fromEntries(readdirSync(kept).map((name) => [name, readFileSync(join(kept, name), "utf8")]));
}
const asPlayed = () => ({
  "web-01": `by ansible on web-01\n${lab.account.login}\n`,
  "db-01": `by ansible on db-01\n${db.login}\n`,
});
const wasAsked = (machine: Machine): boolean => existsSync(join(machine.folder, "asked"));

/** The line as it was printed, in a shell of the machine's. */
function runLine(machine: Machine, tool: string, file: string, rest = ""): Promise<Finished> {
  const options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
  const typed = `${line(machine, tool).replace("FILE", file)}${rest}`.replace(/\b(ssh -p|scp -P)/, (found) =>
    found.replace(" ", ` ${options} `),
  );
  const child = spawn("sh", ["-c", typed], { cwd: machine.folder, detached: true, env: machine.env });
  return finish(child, undefined, 30_000);
}

test.each([
  ["as it comes", {}],
  ["with pipelining", { ANSIBLE_PIPELINING: "True" }],
  [
    "with pipelining and a connection for each step",
    { ANSIBLE_PIPELINING: "True", ANSIBLE_SSH_ARGS: NO_CONNECTION_KEPT },
  ],
  [
    "by scp and a connection for each step",
    { ANSIBLE_SSH_TRANSFER_METHOD: "scp", ANSIBLE_SSH_ARGS: NO_CONNECTION_KEPT },
  ],
])("with the key in a file, Ansible plays to two assets, %s", async (_, more) => {
  const played = await play(byFile, more);
  expect([played.code, played.code === 0 ? "" : played.stdout.toString()]).toEqual([0, ""]);
  expect(brought(byFile)).toEqual(asPlayed());
  expect(wasAsked(byFile)).toBe(false);
  // Nothing was mistaken for a home on the targets.
  for (const { home } of [lab.sshd, db]) expect(readdirSync(home).filter((name) => name.startsWith("~"))).toEqual([]);
});

test("with the key in an ssh-agent, Ansible goes by the inventory of the README, and ssh, scp and rsync by the lines that were printed", async () => {
  expect(readdirSync(join(byAgent.folder, ".ssh")).filter((name) => !/\.(pub|json)$/.test(name))).toEqual([]);
  const played = await play({ ...byAgent, inventory: inventoryOfReadme(byAgent) });
  expect([played.code, played.code === 0 ? "" : played.stdout.toString()]).toEqual([0, ""]);
  expect(brought(byAgent)).toEqual(asPlayed());
  for (const tool of ["scp", "rsync"]) {
    writeFileSync(join(byAgent.folder, `by-${tool}.txt`), `by ${tool}\n`);
    const copied = await runLine(byAgent, tool, `by-${tool}.txt`);
    expect([tool, copied.code, copied.stderr]).toEqual([tool, 0, ""]);
  }
  const read = await runLine(byAgent, "ssh", "", " 'cat by-scp.txt by-rsync.txt; rm -f by-scp.txt by-rsync.txt'");
  expect([read.stdout.toString(), read.stderr]).toEqual(["by scp\nby rsync\n", ""]);
  expect(wasAsked(byAgent)).toBe(false);
});

test("without the right to a shell, Ansible plays without a terminal of its own, and is told in plain words with one", async () => {
  const person = await seat(["ssh.exec", "sftp.read", "sftp.write"]);
  const machine = await logIn(person, newMachine("no-shell"), "--file");
  const only = ["--limit", "web-01"];
  const told = await play(machine, { ANSIBLE_PIPELINING: "True" }, only);
  expect([told.code, told.stdout.toString()]).toEqual([
    4,
    expect.stringContaining("your grant does not hold ssh.shell"),
  ]);
  const played = await play(machine, { ANSIBLE_SSH_USETTY: "False" }, only);
  expect([played.code, played.code === 0 ? "" : played.stdout.toString()]).toEqual([0, ""]);
  expect(wasAsked(machine)).toBe(false);
});

test("after signing out everywhere the same playbook reaches nothing, by neither key and by no connection that was kept", async () => {
  expect((await play(byFile)).code).toBe(0);
  const kept = () => readdirSync(join(byFile.folder, ".ansible", "cp"));
  expect(kept()).toHaveLength(2);
  await who.api.call("POST", "/page-sessions/sign-out-everywhere", {});
  await until("the kept connections to end", () => kept().length === 0, 2_500);
  for (const machine of [byFile, byAgent]) {
    const played = await play(machine);
    expect([played.code, played.stdout.toString().match(/UNREACHABLE!/g)]).toEqual([
      4,
      ["UNREACHABLE!", "UNREACHABLE!"],
    ]);
    expect(brought(machine)).toEqual({});
    expect(wasAsked(machine)).toBe(false);
  }
});
