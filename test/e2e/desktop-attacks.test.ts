/**
 * Attacks on the desktop path through the real gateway, with a guacd that does as it is told: races of tickets, rights and ends,
 * floods, a killed gateway, a full disk. Whatever happens, what was shown is recorded, others go on, and nothing stays open.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openDesktop, ticketFor, upgrade, type DesktopClient } from "../support/desktop-client.js";
import { goodGuacd, GuacdPeer } from "../support/desktop-door.js";
import { addDesktopAccount, addDesktopAsset, CHOICES, startDesktopLab } from "../support/desktop-lab.js";
import { connectWatcher } from "../support/desktop-watcher.js";
import { grantNew, ROOT, startGatehouse, until, type Api, type Gatehouse } from "../support/gatehouse.js";
import { endedSession, eventsOf, openAlerts, sessionsOf } from "../support/trail.js";

type Script = (peer: GuacdPeer, said: string[]) => void;
type Operator = Awaited<ReturnType<typeof grantNew>>;
const PASSWORD = "desk-pässwörd-77";
/** Nothing that compresses. */
const noise = (): string => randomBytes(4_500).toString("base64");
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function startScripted(): Promise<{
  readonly peers: GuacdPeer[];
  readonly address: string;
  script: Script;
  open(): number;
  stop(): Promise<void>;
}> {
  const peers: GuacdPeer[] = [];
  const server = createServer((socket) => {
    const { script } = scripted;
    peers.push(new GuacdPeer(socket, (peer, said) => script(peer, said)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const scripted = {
    peers,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    script: goodGuacd,
    open: () => peers.filter((peer) => !peer.closed).length,
    stop: async () => {
      for (const peer of peers) peer.socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return scripted;
}

/** Draws a frame with a number of its own, again and again. */
const drawing =
  (everyMs: number, bytes = 0, content = noise): Script =>
  (peer, said) => {
    goodGuacd(peer, said);
    if (said[0] !== "connect") return;
    let stamp = 10_000;
    const timer = setInterval(() => {
      if (bytes > 0) {
        peer.say("img", 1, 14, 0, "image/png", 0, 0);
        for (let sent = 0; sent < bytes; sent += 6_000) peer.say("blob", 1, content());
        peer.say("end", 1);
      }
      peer.say("rect", 0, stamp % 1000, 0, 1, 1);
      peer.say("cfill", 14, 0, 0, 0, 0, 255);
      peer.say("sync", (stamp += 1));
    }, everyMs);
    peer.socket.once("close", () => clearInterval(timer));
  };

let guacd: Awaited<ReturnType<typeof startScripted>>;
let house: Gatehouse;
const accounts: string[] = [];
async function addAccounts(gate: Gatehouse): Promise<string[]> {
  const assetId = await addDesktopAsset(gate, { name: "desk-01", port: 3389 });
  const made: string[] = [];
  for (const login of ["one", "two"]) made.push(await addDesktopAccount(gate, { assetId, login, password: PASSWORD }));
  return made;
}
const operatorOf = (accountId = accounts[0] ?? "", actions = ["rdp.connect"]): Promise<Operator> =>
  grantNew(house, { accountId, actions });
const revoke = async (operator: Operator): Promise<void> => {
  const carol = await house.as("carol");
  await carol.call("POST", `/grants/${operator.grantId}/revocation`, { reason: "no longer needed" });
};

beforeAll(async () => {
  guacd = await startScripted();
  house = await startGatehouse({
    env: {
      GATEHOUSE_GUACD: guacd.address,
      GATEHOUSE_ALLOW_TARGETS: "127.0.0.1:3389",
      GATEHOUSE_LOG_LEVEL: "debug",
      GATEHOUSE_SESSION_BYTES: String(48 * 1024 * 1024),
      GATEHOUSE_DRAIN_SECONDS: "2",
    },
  });
  accounts.push(...(await addAccounts(house)));
});
afterAll(async () => {
  await house?.stop();
  await guacd?.stop();
});
beforeEach(() => {
  guacd.script = goodGuacd;
});

const framesIn = (client: Pick<DesktopClient, "heard">): number =>
  client.heard.filter((one) => one.opcode === "sync").length;
/** Frames in the newest recording; the export gives each a time of its own. */
async function recordedFrames(auditor: Api, login: string): Promise<number> {
  const { items } = await auditor.call("GET", `/sessions?person=${login}`);
  const answer = await auditor.raw("GET", `/recordings/${items[0].recordingId}/guac?channel=1`);
  const guac = await answer.text();
  if (!answer.ok) throw new Error(guac);
  return guac.match(/4\.sync,/g)?.length ?? 0;
}

test("one ticket in two hands at once lets one in", async () => {
  const operator = await operatorOf();
  const ticket = await ticketFor(operator.api, accounts[0] ?? "");
  const answers = await Promise.all([1, 2, 3].map(() => upgrade(operator.api, ticket)));
  expect(answers.map(({ status }) => status).sort()).toEqual([101, 403, 403]);
  for (const answer of answers) if ("client" in answer) answer.client.leave();
  await endedSession(house, operator.login);
  expect(await sessionsOf(house, operator.login)).toHaveLength(1);
  await until("guacd to be left", () => guacd.open() === 0);
});

test("a ticket is no right: after the revocation it opens nothing, and guacd is not asked", async () => {
  const operator = await operatorOf();
  const ticket = await ticketFor(operator.api, accounts[0] ?? "");
  await revoke(operator);
  const asked = guacd.peers.length;
  const answer = await upgrade(operator.api, ticket);
  if ("client" in answer) expect((await answer.client.closed).status).toBe("771");
  else expect(answer.status).toBe(403);
  expect(guacd.peers).toHaveLength(asked);
});

test("a ticket opens what it was for, whatever else is open, and returns to no desktop of another", async () => {
  const [one, two] = [await operatorOf(accounts[0]), await operatorOf(accounts[1])];
  const first = await openDesktop(one.api, accounts[0] ?? "");
  const second = await openDesktop(two.api, accounts[1] ?? "");
  const names = guacd.peers.slice(-2).map((peer) => peer.of("connect")[0]?.includes("two"));
  expect(names).toEqual([false, true]);
  const foreign = await two.api.raw("POST", `/sessions/${first.sessionId}/ticket`, { choices: CHOICES });
  expect(foreign.status).toBe(404);
  expect((await two.api.raw("POST", "/sessions", { accountId: accounts[0], choices: CHOICES })).status).toBe(404);
  for (const client of [first, second]) client.leave();
  await until("guacd to be left", () => guacd.open() === 0);
});

test("a revocation at any moment of the opening ends it: no session stays, none is left opening, guacd is left", async () => {
  guacd.script = (peer, said) => void setTimeout(() => goodGuacd(peer, said), 25);
  for (const delay of [0, 8, 20, 35, 60]) {
    const operator = await operatorOf();
    const opening = upgrade(operator.api, await ticketFor(operator.api, accounts[0] ?? ""));
    await wait(delay);
    await revoke(operator);
    const at = Date.now();
    const answer = await opening;
    if ("client" in answer) await answer.client.closed;
    expect(Date.now() - at).toBeLessThan(2_000);
    await until("guacd to be left", () => guacd.open() === 0, 2_000);
    for (const session of await sessionsOf(house, operator.login))
      expect((await endedSession(house, operator.login)).id).toBe(session.id);
  }
});

test("return tickets that cross: one hand holds the desktop, the recording is one, and a stop ends all", async () => {
  guacd.script = drawing(20);
  const operator = await operatorOf();
  const client = await openDesktop(operator.api, accounts[0] ?? "");
  client.cut();
  const tickets = await Promise.all(
    [1, 2, 3].map(async () => {
      const answer = await operator.api.call("POST", `/sessions/${client.sessionId}/ticket`, { choices: CHOICES });
      return answer.ticket as string;
    }),
  );
  const answers = await Promise.all(tickets.map((ticket) => upgrade(operator.api, ticket)));
  const clients = answers.flatMap((answer) => ("client" in answer ? [answer.client] : []));
  expect(clients).toHaveLength(3);
  let told = 0;
  for (const one of clients) void one.closed.then(() => (told += 1));
  await until("two to be told", () => told === 2);
  const before = clients.map((one) => one.heard.length);
  await until("the stream to go on for one", () =>
    clients.some((one, at) => one.heard.length > (before[at] ?? 0) + 20),
  );
  const carol = await house.as("carol");
  await carol.call("POST", `/sessions/${client.sessionId}/stop`, { reason: "enough" });
  await Promise.all(clients.map((one) => one.closed));
  expect(await sessionsOf(house, operator.login)).toHaveLength(1);
  await until("guacd to be left", () => guacd.open() === 0);
});

test("a desktop that never stops drawing ends by its quota with all of it recorded; a bystander goes on", async () => {
  guacd.script = drawing(50);
  const calm = await operatorOf(accounts[1]);
  const bystander = await openDesktop(calm.api, accounts[1] ?? "");
  guacd.script = drawing(10, 240_000);
  const greedy = await operatorOf();
  const client = await openDesktop(greedy.api, accounts[0] ?? "");
  expect((await client.closed).code).toBe("quota");
  expect((await endedSession(house, greedy.login)).because).toBe("quota");
  const heard = bystander.heard.length;
  await until("the bystander's next pictures", () => bystander.heard.length > heard + 10, 5_000);
  expect(await recordedFrames(await house.as("ivan"), greedy.login)).toBeGreaterThanOrEqual(framesIn(client));
  expect((await openAlerts(house)).map((alert) => alert.kind)).toContain("quota-exceeded");
  bystander.leave();
  await until("guacd to be left", () => guacd.open() === 0);
}, 60_000);

test("nobody watches his own desktop, nor does another operator", async () => {
  const operator = await operatorOf();
  const client = await openDesktop(operator.api, accounts[0] ?? "");
  await expect(connectWatcher(operator.api, client.sessionId)).rejects.toThrow("not-found");
  const other = await operatorOf(accounts[1]);
  await expect(connectWatcher(other.api, client.sessionId)).rejects.toThrow("not-found");
  expect(await eventsOf(house, operator.login, "session.watched")).toEqual([]);
  client.leave();
});

test("what is secret stands in no log, at the most talkative level", async () => {
  const operator = await operatorOf(accounts[0], ["rdp.connect", "rdp.paste", "rdp.copy"]);
  guacd.script = (peer, said) => {
    goodGuacd(peer, said);
    if (said[0] !== "connect") return;
    peer.say("clipboard", 2, "text/plain");
    peer.say("blob", 2, Buffer.from("copied-secret-1").toString("base64"));
    peer.say("end", 2);
    peer.say("log", "guacd-secret-2");
  };
  const ticket = await ticketFor(operator.api, accounts[0] ?? "");
  const client = await openDesktop(operator.api, accounts[0] ?? "", { ticket });
  client.send("clipboard", 3, "text/plain");
  client.send("blob", 3, Buffer.from("pasted-secret-3").toString("base64"));
  client.send("end", 3);
  await until("the paste", () => guacd.peers.at(-1)?.of("end").length === 1);
  guacd.peers.at(-1)?.say("error", "error-secret-4", 519);
  await client.closed;
  await upgrade(operator.api, ticket);
  await endedSession(house, operator.login);
  const said = house.output();
  const texts = ["copied-secret-1", "guacd-secret-2", "pasted-secret-3", "error-secret-4"];
  for (const text of [ticket, PASSWORD, ...texts, ...texts.map((one) => Buffer.from(one).toString("base64"))])
    expect(said).not.toContain(text);
  const auditor = await house.as("ivan");
  const { items } = await auditor.call("GET", "/audit/events?limit=200");
  for (const text of [ticket, PASSWORD, ...texts]) expect(JSON.stringify(items)).not.toContain(text);
});

test("SIGTERM: no new desktop, the operator is told, the end comes in time and the process goes by itself", async () => {
  // Much to derive afterwards: a drain does not wait for that.
  guacd.script = drawing(10, 240_000, () => "A".repeat(6_000));
  const busy = await operatorOf(accounts[1]);
  const flood = await openDesktop(busy.api, accounts[1] ?? "");
  await wait(6_000);
  guacd.script = drawing(50);
  const operator = await operatorOf();
  const client = await openDesktop(operator.api, accounts[0] ?? "");
  const ticket = await ticketFor(operator.api, accounts[0] ?? "");
  const at = Date.now();
  const gone = house.kill("SIGTERM");
  await wait(300);
  const late = await upgrade(operator.api, ticket).catch(() => ({ status: 0 }));
  if ("client" in late) expect((await late.client.closed).code).toBe("draining");
  for (const one of [client, flood]) expect((await one.closed).code).toBe("node-drained");
  expect(await gone).toBe(0);
  expect(Date.now() - at).toBeLessThan(8_000);
  expect(guacd.peers.at(-1)?.of("disconnect")).toHaveLength(1);
  await until("guacd to be left", () => guacd.open() === 0);
  expect(house.output()).not.toMatch(/unhandled|uncaught/i);
}, 40_000);

test("a full disk ends the desktop as its recorder failed, and shows nothing that is not recorded", async () => {
  const disk = mkdtempSync(join(tmpdir(), "gatehouse-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m", "tmpfs", disk]);
  const gate = await startGatehouse({
    env: {
      GATEHOUSE_DATA: join(disk, "data"),
      GATEHOUSE_GUACD: guacd.address,
      GATEHOUSE_ALLOW_TARGETS: "127.0.0.1:3389",
      GATEHOUSE_RESERVE_BYTES: String(32 * 1024 * 1024),
    },
  });
  try {
    const [accountId = ""] = await addAccounts(gate);
    const operator = await grantNew(gate, { accountId, actions: ["rdp.connect"] });
    guacd.script = drawing(10);
    const client = await openDesktop(operator.api, accountId);
    await until("some pictures", () => framesIn(client) > 20);
    for (let more = 0, size = 16 << 20; size >= 4096; more += 1) {
      try {
        writeFileSync(join(disk, `filler-${more}`), Buffer.alloc(size));
      } catch {
        // Full for that size: smaller ones follow until nothing fits.
        size /= 2;
      }
    }
    expect(["recorder-failed", "quota"]).toContain((await client.closed).code);
    execFileSync("sh", ["-c", `rm -f ${disk}/filler*`]);
    await until("guacd to be left", () => guacd.open() === 0);
    await gate.kill("SIGKILL");
    await gate.restart();
    expect(await recordedFrames(await gate.as("ivan"), operator.login)).toBeGreaterThanOrEqual(framesIn(client));
  } finally {
    await gate.stop();
    execFileSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true, force: true });
  }
}, 60_000);

test("kill -9 with a desktop live: guacd is empty by itself, and the next start recovers all that was shown", async () => {
  const lab = await startDesktopLab();
  try {
    const { accountId } = await lab.addDesktop();
    const operator = await lab.operator(accountId);
    const client = await openDesktop(operator.api, accountId);
    await until("some pictures", () => framesIn(client) > 5);
    await lab.house.kill("SIGKILL");
    await client.closed;
    await lab.guacd.untilIdle(25_000);
    await lab.house.restart();
    const command = ["gateway/gatehouse.mjs", "recording", "verify", join(lab.house.data, "recordings")];
    const verdict = execFileSync(process.execPath, command, { cwd: ROOT, encoding: "utf8" });
    expect(verdict).toMatch(/recovered/);
    expect(verdict).not.toMatch(/altered|truncated/);
    const auditor = await lab.house.as("ivan");
    expect(await recordedFrames(auditor, operator.login)).toBeGreaterThanOrEqual(framesIn(client));
    expect((await endedSession(lab.house, operator.login)).because).toBe("node-lost");
    expect((await openAlerts(lab.house)).map((alert) => alert.kind)).toContain("recording-recovered");
  } finally {
    await lab.stop();
  }
}, 90_000);
