import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { login, logout, type LoginInput } from "./login.js";
import { loginTexts } from "./login-texts.js";

type Answer = { readonly status: number; readonly body?: unknown; readonly location?: string };
interface Heard {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

let home: string;
let server: Server;
let url: string;
let heard: Heard[];
/** What a poll is answered; undefined: nothing, as long as the asker stays. */
let poll: () => Answer | undefined;
let said: string[];
/** Where the gateway says to go; undefined: to itself. */
let link: string | undefined;
let stop: AbortController;

const TOKEN = "T".repeat(43);
const KEY = { id: "1", name: "laptop", createdAt: 1_000_000, expiresAt: 1_000_000 + 3_600_000 };
const DONE = { state: "done", login: "alice", key: KEY, ssh: { host: "gate.example", port: 2222 } };

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "gatehouse-login-"));
  heard = [];
  said = [];
  link = undefined;
  stop = new AbortController();
  poll = () => ({ status: 200, body: DONE });
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "" } = request;
      heard.push({ method, path, body: Buffer.concat(chunks).toString() });
      const there = link ?? `${url}/a/7K3M-9QXT`;
      const started = { code: "7K3M-9QXT", url: there, number: "42", expiresAt: 90_000, token: TOKEN };
      const answer =
        method === "POST" ? { status: 201, body: started } : method === "DELETE" ? { status: 204 } : poll();
      if (answer === undefined) return;
      const location = "location" in answer ? { location: answer.location } : {};
      response.writeHead(answer.status, { "content-type": "application/json", ...location });
      response.end(answer.body === undefined ? "" : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(home, { recursive: true, force: true });
});

const input = (more: Partial<LoginInput> = {}): LoginInput => ({
  url,
  login: "alice",
  name: "laptop",
  keep: "both",
  home,
  environment: { PATH: process.env["PATH"] },
  texts: loginTexts({}),
  say: (line) => said.push(line),
  signal: stop.signal,
  ...more,
});
const keyFile = (): string => join(home, ".ssh", `gatehouse-${new URL(url).host.replace(":", "-")}`);
const files = (): readonly string[] => (existsSync(join(home, ".ssh")) ? readdirSync(join(home, ".ssh")).sort() : []);
const told = (method: string): readonly Heard[] => heard.filter((one) => one.method === method);

/** A real ssh-agent; answers its environment and how to end it. */
async function startAgent() {
  const socket = join(home, "agent");
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 10));
  const environment = { PATH: process.env["PATH"], SSH_AUTH_SOCK: socket };
  const list = (): string => {
    try {
      return execFileSync("ssh-add", ["-l"], { env: environment, encoding: "utf8" });
    } catch {
      return "";
    }
  };
  return { environment, list, end: () => void child.kill() };
}

describe("gatehouse login", () => {
  test("shows link and number, keeps a key that OpenSSH reads, for its owner alone, and says how to use it", async () => {
    expect(await login(input())).toBe(0);
    const text = said.join("\n");
    expect(text).toContain(`${url}/a/7K3M-9QXT`);
    expect(text).toContain("enter 42 there");
    const publicKey = execFileSync("ssh-keygen", ["-y", "-f", keyFile()], { encoding: "utf8" });
    const asked = JSON.parse(told("POST")[0]?.body ?? "{}") as { publicKey: string };
    expect(asked).toEqual({ login: "alice", name: "laptop", publicKey: publicKey.split(" ").slice(0, 2).join(" ") });
    expect(readFileSync(`${keyFile()}.pub`, "utf8")).toBe(`${asked.publicKey} gatehouse\n`);
    for (const name of files()) expect([name, statSync(join(home, ".ssh", name)).mode & 0o777]).toEqual([name, 0o600]);
    expect(statSync(join(home, ".ssh")).mode & 0o777).toBe(0o700);
    const key = `-o IdentitiesOnly=yes -i ${keyFile()}`;
    expect(text).toContain(`ssh -p 2222 ${key} alice@ACCOUNT@ASSET@gate.example`);
    expect(text).toContain(`scp -P 2222 ${key} FILE alice+ACCOUNT+ASSET@gate.example:`);
    expect(text).toContain(`rsync -e "ssh -p 2222 ${key}" FILE alice+ACCOUNT+ASSET@gate.example:`);
    expect(text).toContain(`ansible_ssh_common_args="-o User=alice+ACCOUNT+ASSET ${key}"`);
    expect(text).not.toContain(TOKEN);
    expect(told("DELETE")).toHaveLength(0);
  });

  test("leaves nothing here and nothing there when it is given up", async () => {
    poll = () => undefined;
    const ended = login(input());
    while (told("GET").length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    expect(await ended).toBe(130);
    expect(files()).toEqual([]);
    expect(told("DELETE").map((one) => one.path)).toEqual([`/api/v1/auth/device-logins/${TOKEN}`]);
  });

  test("leaves nothing when the browser refused, and says so in one line", async () => {
    const title = "the approval was refused or came too late";
    poll = () => ({ status: 403, body: { code: "terminal-approval-refused", title } });
    await expect(login(input())).rejects.toThrow(`refused: ${title} (terminal-approval-refused)`);
    expect(files()).toEqual([]);
  });

  test("asks again while it is pending, and when the gateway is away for a moment", async () => {
    let turn = 0;
    poll = () => {
      turn += 1;
      if (turn === 2) server.closeAllConnections();
      return turn < 4 ? { status: 200, body: { state: "pending" } } : { status: 200, body: DONE };
    };
    expect(await login(input())).toBe(0);
    expect(turn).toBe(4);
  });

  test.each([
    ["host", { host: "gate.example;reboot", port: 22 }],
    ["host that programs take for an option", { host: "-Fgate.example", port: 22 }],
    ["port", { host: "gate.example", port: "22;reboot" }],
    ["port, too large", { host: "gate.example", port: 65_536 }],
  ])("trusts no odd %s with what it prints to be copied", async (_what, ssh) => {
    poll = () => ({ status: 200, body: { ...DONE, ssh } });
    await expect(login(input())).rejects.toThrow("not understood");
    expect(files()).toEqual([]);
    expect(told("DELETE")).toHaveLength(1);
  });

  test.each(["https://gate.example.evil/a/7K3M-9QXT", "javascript:alert(1)", "7K3M-9QXT", ""])(
    "shows no link that leads elsewhere than to the gateway named: %j",
    async (elsewhere) => {
      link = elsewhere;
      await expect(login(input())).rejects.toThrow("not understood");
      expect(said).toEqual([]);
      expect(files()).toEqual([]);
    },
  );

  test("follows no gateway that sends it on", async () => {
    poll = () => ({ status: 307, location: "/elsewhere" });
    await expect(login(input())).rejects.toThrow("does not answer");
    expect(heard.map((one) => one.path)).not.toContain("/elsewhere");
  });

  test("gives the key to a real agent for as long as it lives, and takes it back", async () => {
    const agent = await startAgent();
    try {
      expect(await login(input({ environment: agent.environment, keep: "agent" }))).toBe(0);
      expect(agent.list()).toContain("ED25519");
      expect(files().map((name) => name.replace(/^gatehouse-[0-9.-]+[0-9]/, ""))).toEqual([".json", ".pub"]);
      expect(said.join("\n")).toContain(`-i ${keyFile()}.pub`);
      expect(await logout(input({ environment: agent.environment }))).toBe(0);
      expect(agent.list()).not.toContain("ED25519");
      expect(files()).toEqual([]);
    } finally {
      agent.end();
    }
  });

  test("wants an agent where it was told to use one alone", async () => {
    await expect(login(input({ keep: "agent" }))).rejects.toThrow("no ssh-agent runs here");
    expect(heard).toHaveLength(0);
  });

  test("ends the key that it replaces", async () => {
    await login(input());
    expect(told("DELETE")).toHaveLength(0);
    await login(input());
    expect(told("DELETE")).toHaveLength(1);
    expect(files()).toHaveLength(3);
  });

  test("speaks the terminal's language", async () => {
    await login(input({ texts: loginTexts({ LANG: "zh_CN.UTF-8" }) }));
    expect(said.join("\n")).toContain("在网页输入 42，并用通行密钥批准");
    expect(loginTexts({ LC_ALL: "en_US.UTF-8", LANG: "zh_CN.UTF-8" })).toBe(loginTexts({}));
    expect(said.join("\n")).toMatch(/alice：\d{4}-\d{2}-\d{2} \d{2}:\d{2} 之前/);
  });

  test("says in the terminal's language what went wrong", async () => {
    const texts = loginTexts({ LANG: "zh_CN.UTF-8" });
    poll = () => ({ status: 403, body: { code: "terminal-approval-refused", title: "refused" } });
    await expect(login(input({ texts }))).rejects.toThrow("已拒绝：浏览器中已拒绝或超过 90 秒");
    poll = () => ({ status: 403, body: { code: "constructor", title: "another thing" } });
    await expect(login(input({ texts }))).rejects.toThrow("已拒绝：another thing（constructor）");
    await expect(login(input({ texts, keep: "agent" }))).rejects.toThrow("没有运行中的 ssh-agent");
    await expect(login(input({ texts, url: "http://127.0.0.1:1" }))).rejects.toThrow("http://127.0.0.1:1 无响应");
  });
});

describe("gatehouse logout", () => {
  test("ends the key there and removes it here", async () => {
    await login(input());
    expect(await logout(input())).toBe(0);
    expect(told("DELETE").map((one) => one.path)).toEqual([`/api/v1/auth/device-logins/${TOKEN}`]);
    expect(files()).toEqual([]);
    expect(await logout(input())).toBe(1);
    expect(said.at(-1)).toContain("no device key");
  });

  test("removes the key here also when the gateway does not answer", async () => {
    await login(input());
    const file = keyFile();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await logout(input())).toBe(1);
    expect(existsSync(file)).toBe(false);
    expect(said.at(-1)).toContain("does not answer");
  });
});
