/**
 * What a thief, a phisher and a neighbour try at signing in, against a running gateway with a real ssh and passkeys in software: passkeys
 * cloned, replayed and from elsewhere; links at another address, with wrong numbers, of another's; device keys past their right.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Api, code, until } from "../support/gatehouse.js";
import { startLab, type Lab, type Operator } from "../support/lab.js";
import {
  makeSoftwareAuthenticator,
  type Deviation,
  type SignInAnswer,
  type SoftwareAuthenticator,
} from "../support/software-authenticator.js";
import { finish, SshClient } from "../support/ssh-client.js";

const ELSEWHERE = "127.0.0.2";
const LINK = /within 90 s open \S+\/a\/(\S+) , enter (\d\d)/;

interface Ceremony {
  readonly handle: string;
  readonly options: never;
}
/** Somebody with a page session, a passkey and a grant. */
interface Seated extends Operator {
  readonly device: SoftwareAuthenticator;
}

let lab: Lab;
const clients: SshClient[] = [];
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());
afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
});

async function seat(): Promise<Seated> {
  const operator = await lab.operator(["ssh.exec", "ssh.shell"]);
  const device = makeSoftwareAuthenticator(lab.house.http);
  const { handle, options } = await operator.api.call<Ceremony>("POST", "/me/passkeys/options");
  await operator.api.call("POST", "/me/passkeys", { handle, name: "laptop", response: device.register(options) });
  return { ...operator, device };
}

/** Status and problem code. */
async function answer(api: Api, method: string, path: string, body?: unknown): Promise<string> {
  const response = await api.raw(method, path, body);
  const text = await response.text();
  const { code: why = "" } = (text === "" ? {} : JSON.parse(text)) as { readonly code?: string };
  return `${String(response.status)} ${why}`.trim();
}

async function begin(): Promise<Ceremony> {
  return new Api(lab.house.http).call("POST", "/auth/passkey/options");
}

async function enter(handle: string, response: SignInAnswer): Promise<string> {
  return answer(new Api(lab.house.http), "POST", "/auth/passkey/session", { handle, response });
}

async function tryPasskey(device: SoftwareAuthenticator, deviation: Deviation = {}): Promise<string> {
  const { handle, options } = await begin();
  return enter(handle, device.signIn(options, deviation));
}

const NOT_IN = "403 sign-in-refused";

test("a passkey's answer that is another origin's, another's, unverified or altered lets nobody in, and all are told alike", async () => {
  const { device } = await seat();
  const other = await seat();
  const stranger = makeSoftwareAuthenticator(lab.house.http);
  stranger.register({ challenge: "AAAA", rp: { id: "localhost" }, user: { id: "AAAA" } });
  const lies: Deviation[] = [
    { origin: "https://gate.example.evil" },
    { origin: lab.house.http.replace("localhost", "127.0.0.1") },
    { origin: `${lab.house.http}.evil` },
    { crossOrigin: true },
    { rpId: "evil.example" },
    { challenge: Buffer.alloc(32).toString("base64url") },
    { type: "webauthn.create" },
    { userVerified: false },
    { userPresent: false },
    { flipSignature: true },
    { userHandle: null },
    { userHandle: Buffer.from(other.id).toString("base64url") },
  ];
  for (const lie of lies) expect(await tryPasskey(device, lie), JSON.stringify(lie)).toBe(NOT_IN);
  expect(await tryPasskey(stranger)).toBe(NOT_IN);
  expect(await tryPasskey(device)).toBe("200");
});

test("an answer is good once, of many at the same moment too, and only with its own ceremony", async () => {
  const { device } = await seat();
  const { handle, options } = await begin();
  const response = device.signIn(options);
  const other = await begin();
  expect(await enter(other.handle, response)).toBe(NOT_IN);
  const all = await Promise.all(Array.from({ length: 4 }, () => enter(handle, response)));
  expect(all.sort()).toEqual(["200", NOT_IN, NOT_IN, NOT_IN]);
  expect(await enter(handle, response)).toBe(NOT_IN);
});

test("a cloned passkey is found by its counter: both are out, and what either opened is over", async () => {
  const seated = await seat();
  const clone = seated.device.copy();
  const { handle, options } = await begin();
  const thief = new Api(lab.house.http);
  const entered = await thief.raw("POST", "/auth/passkey/session", { handle, response: clone.signIn(options) });
  thief.cookie = entered.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  expect(await answer(thief, "GET", "/me")).toBe("200");
  expect(await tryPasskey(seated.device)).toBe(NOT_IN);
  expect(await answer(thief, "GET", "/me")).toBe("401 unauthenticated");
  for (const one of [seated.device, clone]) expect(await tryPasskey(one, { counter: 99 })).toBe(NOT_IN);
  const security = await lab.house.as("grace");
  const { items } = await security.call("GET", "/alerts");
  expect(items.map((alert: { kind: string }) => alert.kind)).toContain("passkey-cloned");
});

/** A terminal that asked for the browser and waits; `from` another address when told. */
async function wait(target: string, from?: string, command = "echo let-in") {
  const client = new SshClient(lab.house.sshPort, { password: "", code: "" });
  clients.push(client);
  const shown = ["-o", "LogLevel=INFO", "-o", "PreferredAuthentications=keyboard-interactive"];
  const bound = from === undefined ? [] : ["-b", from];
  const once = ["-o", "NumberOfPasswordPrompts=1"];
  const child = client.start("ssh", [...shown, ...bound, ...once, ...client.arguments(target), command]);
  let said = "";
  let out = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  const finished = finish(child, undefined, 90_000);
  const [, link = "", number = ""] = await until("the link", () => LINK.exec(said) ?? undefined);
  const ticks = (): Promise<unknown> => until("the first tick", () => out.includes("tick"));
  const leave = async (): Promise<string> => {
    if (child.exitCode === null) child.kill("SIGTERM");
    return (await finished).stdout.toString();
  };
  return { link, number, finished, ticks, leave };
}

async function approve(who: Seated, link: string, number: string, device = who.device): Promise<string> {
  const question = await who.api.raw("GET", `/terminal-approvals/${link}`);
  if (!question.ok) return `${String(question.status)} unseen`;
  const { ceremony } = (await question.json()) as { readonly ceremony: Ceremony };
  const body = { number, handle: ceremony.handle, response: device.signIn(ceremony.options) };
  return answer(who.api, "POST", `/terminal-approvals/${link}/approval`, body);
}

test("a link from another address is shown as such and approves nothing", async () => {
  const seated = await seat();
  const there = await wait(seated.target, ELSEWHERE);
  const question = await seated.api.call("GET", `/terminal-approvals/${there.link}`);
  expect(question).toMatchObject({ sourceAddress: ELSEWHERE, sameAddress: false });
  expect(await approve(seated, there.link, there.number)).toBe("403 terminal-approval-refused");
  expect(await there.leave()).toBe("");
});

test("a link is nothing to a colleague, and takes no wrong number thrice and no strange passkey", async () => {
  const [seated, colleague] = [await seat(), await seat()];
  const here = await wait(seated.target);
  expect(await approve(colleague, here.link, here.number)).toBe("404 unseen");
  expect(await approve(seated, here.link, here.number, colleague.device).catch(() => "no credential")).toBe(
    "no credential",
  );
  const wrong = here.number === "99" ? "10" : String(Number(here.number) + 1);
  for (let tries = 0; tries < 3; tries += 1)
    expect(await approve(seated, here.link, wrong)).toBe("403 terminal-approval-refused");
  expect(await approve(seated, here.link, here.number)).toBe("404 unseen");
  const { code: exit, stdout } = await here.finished;
  expect([exit, stdout.toString()]).toEqual([255, ""]);
});

test("a link is good once, also of two approvals at the same moment, and lets in nobody who signed out everywhere since", async () => {
  const seated = await seat();
  const here = await wait(seated.target);
  const answers = await Promise.all([1, 2].map(() => approve(seated, here.link, here.number)));
  expect(answers.filter((one) => one === "204")).toHaveLength(1);
  expect((await here.finished).stdout.toString()).toBe("let-in\n");
  expect(await approve(seated, here.link, here.number)).toBe("404 unseen");
  const again = await wait(seated.target);
  await seated.api.call("POST", "/page-sessions/sign-out-everywhere", {});
  expect(await approve(seated, again.link, again.number)).toBe("401 unseen");
  expect(await again.leave()).toBe("");
});

interface DeviceKey {
  readonly client: SshClient;
  readonly file: string;
  readonly id: string;
  /** ssh with the key alone; nothing is asked. */
  ssh(target: string, more?: readonly string[]): Promise<string>;
}

/** As `gatehouse login` asks for it, and its person approves. */
async function deviceKey(who: Seated): Promise<DeviceKey> {
  const client = new SshClient(lab.house.sshPort, { password: "", code: "" });
  clients.push(client);
  const file = join(client.folder, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  const publicKey = readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
  const nobody = new Api(lab.house.http);
  const login = { login: who.login, name: "laptop", publicKey };
  const asked = await nobody.call("POST", "/auth/device-logins", login);
  expect(await approve(who, asked.code, asked.number)).toBe("204");
  const { items } = await who.api.call("GET", "/me/device-keys");
  return {
    client,
    file,
    id: items[0].id,
    async ssh(target, more = []) {
      const silent = ["-o", "BatchMode=yes", "-i", file, ...more];
      const done = await client.ssh(target, ["echo", "let-in"], { more: silent });
      return done.code === 0 ? done.stdout.toString() : `refused ${done.stderr}`;
    },
  };
}

/** A shell that a device key opened; `closed` resolves with the moment it was over. */
async function shell({ client, file }: DeviceKey, target: string) {
  const child = client.start("ssh", [...client.arguments(target, ["-tt", "-o", "BatchMode=yes", "-i", file])]);
  let said = "";
  let closedAt = 0;
  child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  child.once("close", () => (closedAt = Date.now()));
  child.stdin.write("echo still-$((40+2))-here\n");
  await until("the shell", () => said.includes("still-42-here"));
  const closed = async (): Promise<number> => {
    await until("the shell's end", () => closedAt > 0);
    return closedAt;
  };
  return { closed, said: () => said, runs: () => closedAt === 0 };
}

test("a device key opens from its own address, for its own person, until everything is signed out", async () => {
  const [seated, colleague] = [await seat(), await seat()];
  const key = await deviceKey(seated);
  expect(await key.ssh(seated.target)).toBe("let-in\n");
  expect(await key.ssh(seated.target, ["-b", ELSEWHERE])).toMatch(/^refused .*Permission denied/s);
  expect(await key.ssh(colleague.target)).toMatch(/^refused .*Permission denied/s);
  const held = await shell(key, seated.target);
  const pressedAt = Date.now();
  await seated.api.call("POST", "/page-sessions/sign-out-everywhere", {});
  expect((await held.closed()) - pressedAt).toBeLessThan(2_500);
  expect(await key.ssh(seated.target)).toMatch(/^refused .*Permission denied/s);
});

test("a device key is refused by a sensitive asset, where a code is not, and everywhere once it is retired", async () => {
  const seated = await seat();
  const key = await deviceKey(seated);
  const system = await lab.house.as("erin");
  await system.call("PATCH", `/assets/${lab.asset.id}`, { sensitive: true });
  try {
    expect(await key.ssh(seated.target)).toContain("refused");
    const byCode = new SshClient(lab.house.sshPort, { password: seated.password, code: await code(seated.totp, 1) });
    clients.push(byCode);
    expect((await byCode.ssh(seated.target, ["echo", "let-in"])).stdout.toString()).toBe("let-in\n");
  } finally {
    await system.call("PATCH", `/assets/${lab.asset.id}`, { sensitive: false });
  }
  expect(await key.ssh(seated.target)).toBe("let-in\n");
  expect(await answer(new Api(lab.house.http), "DELETE", `/me/device-keys/${key.id}`)).toBe("401 unauthenticated");
  await seated.api.call("DELETE", `/me/device-keys/${key.id}`);
  expect(await key.ssh(seated.target)).toMatch(/^refused .*Permission denied/s);
});

test("an asset made sensitive ends the shells that device keys hold on it within two seconds, and says why", async () => {
  const [seated, colleague] = [await seat(), await seat()];
  const key = await deviceKey(seated);
  const held = await shell(key, seated.target);
  const byCode = await colleague.client();
  const other = byCode.start("ssh", [...byCode.arguments(colleague.target), "while echo tick; do sleep 0.1; done"]);
  let ticks = "";
  other.stdout.on("data", (bytes: Buffer) => (ticks += bytes.toString()));
  await until("the colleague's work", () => ticks.includes("tick"));
  const system = await lab.house.as("erin");
  const markedAt = Date.now();
  await system.call("PATCH", `/assets/${lab.asset.id}`, { dataClass: "core" });
  try {
    expect((await held.closed()) - markedAt).toBeLessThan(2_500);
    expect(held.said()).toMatch(/takes no device key any more|不再接受设备密钥/);
    const auditor = await lab.house.as("ivan");
    const session = await until("the session's row", async () => {
      const { items } = await auditor.call("GET", `/sessions?person=${seated.login}`);
      return items[0].state === "ended" ? items[0] : false;
    });
    expect(session.because).toBe("device-key-refused");
    expect(other.exitCode).toBeNull();
  } finally {
    other.kill();
    await system.call("PATCH", `/assets/${lab.asset.id}`, { dataClass: "general" });
  }
});

test("a lost laptop: its passkey, retired, takes along pages, device keys and terminals; another passkey's go on", async () => {
  const lost = await seat();
  const phone = { ...lost, device: makeSoftwareAuthenticator(lab.house.http) };
  const { handle, options } = await lost.api.call<Ceremony>("POST", "/me/passkeys/options");
  await lost.api.call("POST", "/me/passkeys", { handle, name: "phone", response: phone.device.register(options) });
  const [lostKey, phoneKey] = [await deviceKey(lost), await deviceKey(phone)];
  const here = await wait(lost.target, undefined, "while echo tick; do sleep 0.1; done");
  expect(await approve(lost, here.link, here.number)).toBe("204");
  await here.ticks();
  const [lostShell, phoneShell] = [await shell(lostKey, lost.target), await shell(phoneKey, lost.target)];
  const thief = new Api(lab.house.http);
  const began = await begin();
  const response = lost.device.signIn(began.options);
  const entered = await thief.raw("POST", "/auth/passkey/session", { handle: began.handle, response });
  thief.cookie = entered.headers.getSetCookie()[0]?.split(";")[0] ?? "";

  const { items } = await lost.api.call("GET", "/me/passkeys");
  const { id } = items.find(({ name }: { name: string }) => name === "laptop");
  const ending = await lost.api.call("GET", `/me/passkeys/${id}/ending`);
  expect(ending).toEqual({ pages: 1, deviceKeys: 1, sessions: 2, otherPasskeys: 1 });
  const retiredAt = Date.now();
  await lost.api.call("DELETE", `/me/passkeys/${id}`);
  expect(await answer(thief, "GET", "/me")).toBe("401 unauthenticated");
  expect((await lostShell.closed()) - retiredAt).toBeLessThan(2_500);
  expect(lostShell.said()).toMatch(/passkey or device key|通行密钥或设备密钥/);
  await here.finished;
  expect(Date.now() - retiredAt).toBeLessThan(3_500);
  expect(await lostKey.ssh(lost.target)).toMatch(/^refused .*Permission denied/s);
  expect(phoneShell.runs()).toBe(true);
  expect(await phoneKey.ssh(lost.target)).toBe("let-in\n");
  expect(await tryPasskey(lost.device)).toBe(NOT_IN);
  expect(await tryPasskey(phone.device)).toBe("200");
});

/** One request from another address of this machine; answers status and what came. */
function fromElsewhere(path: string, body: unknown): Promise<string> {
  const { port } = new URL(lab.house.http);
  const headers = { "x-gatehouse": "1", "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, path: `/api/v1${path}`, method: "POST", localAddress: ELSEWHERE, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          resolve(`${String(response.statusCode)} ${Buffer.concat(chunks).toString()}`);
        });
      },
    );
    asked.once("error", reject);
    asked.end(JSON.stringify(body));
  });
}

test("a login on a device that somebody elsewhere began in one's name is not one's to approve, and every login is answered alike", async () => {
  const seated = await seat();
  const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0YAGRnwEQgbzS4z1dzXqdH2jWmoBIe5nSmzGcqfNfl";
  const ask = (login: string) => fromElsewhere("/auth/device-logins", { login, name: "laptop", publicKey });
  const mine = await ask(seated.login);
  const nobodys = await ask("nobody-is-called-so");
  const shapeOf = (text: string) => text.replace(/:"[^"]*"|:\d+/g, ":_");
  expect(shapeOf(nobodys)).toBe(shapeOf(mine));
  const { code: link, number, token } = JSON.parse(mine.slice(4)) as Record<"code" | "number" | "token", string>;
  expect(await approve(seated, link, number)).toBe("403 terminal-approval-refused");
  const polled = await new Api(lab.house.http).raw("DELETE", `/auth/device-logins/${token}`);
  expect(polled.status).toBe(204);
  expect((await seated.api.call("GET", "/me/device-keys")).items).toEqual([]);
});
