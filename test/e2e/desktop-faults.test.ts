/**
 * What goes wrong around a desktop, through the real gate: guacd down, killed, hung or something else; the target down or refusing;
 * hostile browsers. Each ends with a clear code for that operator, an event, nobody else affected and guacd empty.
 */
import { createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openDesktop, ticketFor, upgrade, type DesktopClient } from "../support/desktop-client.js";
import { addDesktopAccount, addDesktopAsset, startDesktopLab, type DesktopLab } from "../support/desktop-lab.js";
import { connectWatcher } from "../support/desktop-watcher.js";
import { flashing } from "../support/desktops.js";
import { freePort } from "../support/free-port.js";
import { Api, until } from "../support/gatehouse.js";
import { startGuacd } from "../support/guacd.js";
import { letGoAfterFailure } from "../support/let-go-of-guacd.js";
import { endedSession, eventsOf } from "../support/trail.js";

let lab: DesktopLab;
let accountId: string;
let bystander: DesktopClient;
let pid: number | undefined;
const deadPort = await freePort();

beforeAll(async () => {
  lab = await startDesktopLab({ allow: [`127.0.0.1:${deadPort}`] });
  ({ accountId } = await lab.addDesktop(flashing(200)));
  pid = lab.house.process.pid;
});
afterAll(() => lab?.stop());
letGoAfterFailure(() => lab?.guacd);

/** Somebody else's desktop on another login, which must not notice anything. */
async function bystanding(): Promise<DesktopClient> {
  const other = await lab.addDesktop(flashing(200));
  return openDesktop((await lab.operator(other.accountId)).api, other.accountId);
}

/** Or it would wait its half minute for the operator. */
async function stop(client: DesktopClient): Promise<void> {
  const carol = await lab.house.as("carol");
  await carol.call("POST", `/sessions/${client.sessionId}/stop`, { reason: "the test is over" });
}

async function goesOn(client: DesktopClient): Promise<void> {
  const heard = client.heard.length;
  await until("the other desktop to go on", () => client.heard.length > heard + 10);
}

test("a target that is down: the operator is told so, and it is written down", async () => {
  const assetId = await addDesktopAsset(lab.house, { name: "desk-down", port: deadPort });
  const down = await addDesktopAccount(lab.house, { assetId, login: "nobody", password: "nothing-1" });
  const operator = await lab.operator(down);
  const client = await openDesktop(operator.api, down, { shown: false });
  const ended = await client.closed;
  expect(ended.code).toBe("target-unreachable");
  expect(["519", "514", "515", "512"]).toContain(ended.status);
  expect((await endedSession(lab.house, operator.login)).because).toBe("target-unreachable");
  await lab.guacd.untilIdle();
});

test("a pinned certificate, which guacd 1.3 cannot check, opens nothing unless the asset accepts that", async () => {
  const system = await lab.house.as("erin");
  const pinned = async (name: string, acceptsMissing: boolean): Promise<string> => {
    const made = await system.call("POST", "/assets", {
      name,
      protocol: "rdp",
      host: "127.0.0.1",
      port: lab.xrdp.port,
      description: "",
      legacyAlgorithms: false,
      desktop: { security: "any", acceptsMissing },
    });
    const scan = await system.call("POST", `/assets/${made.id}/host-key-scan`);
    expect(scan.publicKey).toMatch(/^x509-sha256 [0-9a-f]{64}$/);
    await system.call("POST", `/assets/${made.id}/host-key`, { publicKey: scan.publicKey });
    const user = lab.xrdp.addUser(flashing(200));
    return addDesktopAccount(lab.house, { assetId: made.id, login: user.login, password: user.password });
  };
  const strict = await pinned("desk-pinned", false);
  const refused = await openDesktop((await lab.operator(strict)).api, strict, { shown: false });
  expect((await refused.closed).code).toBe("desktop-service-too-old");
  await lab.guacd.untilIdle();
  const lenient = await pinned("desk-lenient", true);
  const client = await openDesktop((await lab.operator(lenient)).api, lenient);
  client.leave();
  await client.closed;
});

test("hostile browsers: an instruction that lies, an unknown one, a flood; only that connection ends", async () => {
  bystander = await bystanding();
  const hostile: readonly (readonly [string, (client: DesktopClient) => void])[] = [
    ["a length that lies", (client) => client.raw("5.mouse,1.12345;")],
    ["a length without end", (client) => client.raw(`99999.${"x".repeat(20_000)}`)],
    ["no instruction at all", (client) => client.raw(Buffer.from([0xff, 0xfe, 0x00, 0x80]))],
    ["an opcode nobody granted", (client) => client.send("argv", 1, "text/plain", "password")],
    ["a pipe", (client) => client.send("pipe", 1, "text/plain", "x")],
    ["a sync from the future", (client) => client.send("sync", "99999999999999")],
    ["a mouse out of this world", (client) => client.send("mouse", "1e9", "-5", "NaN")],
    ["129 elements", (client) => client.raw(`3.key${",1.1".repeat(128)};`)],
  ];
  for (const [what, act] of hostile) {
    const other = await lab.addDesktop(flashing(200));
    const operator = await lab.operator(other.accountId);
    const client = await openDesktop(operator.api, other.accountId);
    act(client);
    const ended = await client.closed;
    expect(ended.status, what).toBe("768");
    await stop(client);
  }
  await goesOn(bystander);
  expect(lab.house.process.pid).toBe(pid);
  bystander.leave();
  await bystander.closed;
  await lab.guacd.untilIdle(10_000);
}, 120_000);

test("a browser that never reads is cut, and the target is not slowed for others", async () => {
  const busy = await lab.addDesktop(flashing(20));
  const operator = await lab.operator(busy.accountId);
  const client = await openDesktop(operator.api, busy.accountId);
  bystander = await bystanding();
  client.pause();
  await until(
    "the gate to give up on it",
    async () => {
      await new Promise((next) => setTimeout(next, 1_000));
      return (await eventsOf(lab.house, operator.login, "session.detached")).length > 0;
    },
    40_000,
  );
  await goesOn(bystander);
  client.cut();
  await stop(client);
  bystander.leave();
  await lab.guacd.untilIdle(10_000);
}, 100_000);

test("a watcher that sends input changes nothing and hears nothing it should not", async () => {
  const { accountId: own, user } = await lab.addDesktop();
  const operator = await lab.operator(own, ["rdp.connect", "rdp.copy"]);
  const client = await openDesktop(operator.api, own);
  await user.untilShown();
  const approver = await lab.house.newPerson(["approver"]);
  const watcher = await connectWatcher(await new Api(lab.house.http).signIn(approver), client.sessionId);
  for (const event of ["key", "mouse", "watch:event", "message"])
    watcher.emit(event, { sessionId: client.sessionId, key: 97 });
  await user.setClipboard("only for the operator 机密");
  await client.until("the copied text", (one) => one.opcode === "clipboard", 30_000);
  await until("the watcher to hear that something was copied", () =>
    watcher.events.some((one) => one.type === "clipboard"),
  );
  await new Promise((next) => setTimeout(next, 500));
  expect(JSON.stringify(watcher.events)).not.toContain("only for");
  watcher.close();
  client.leave();
  await lab.guacd.untilIdle();
});

test("guacd killed mid-session: that session ends at once, and a new guacd serves again", async () => {
  const operator = await lab.operator(accountId);
  const client = await openDesktop(operator.api, accountId);
  const { port } = lab.guacd;
  await lab.guacd.kill();
  const ended = await client.closed;
  expect(ended.status).toMatch(/^5\d\d$/);
  expect((await endedSession(lab.house, operator.login)).because).toBe("target-closed");

  const without = await lab.operator(accountId);
  const refused = await openDesktop(without.api, accountId, { shown: false });
  expect((await refused.closed).code).toBe("desktop-service-unavailable");
  expect((await endedSession(lab.house, without.login)).because).toBe("target-unreachable");

  const guacd = await startGuacd({ port });
  try {
    const again = await openDesktop((await lab.operator(accountId)).api, accountId);
    guacd.freeze();
    const hung = await again.closed;
    expect(hung.status).toMatch(/^5\d\d$/);
    guacd.thaw();
    again.cut();
  } finally {
    await guacd.stop();
  }
}, 90_000);

let fake: Server | undefined;
const held = new Set<Socket>();
beforeEach(() => held.clear());
afterEach(async () => {
  for (const socket of held) socket.destroy();
  await new Promise<void>((resolve) => (fake === undefined ? resolve() : void fake.close(() => resolve())));
  fake = undefined;
});

test.each([
  ["says nothing", () => undefined],
  ["is an SSH server", (socket: Socket) => void socket.write("SSH-2.0-OpenSSH_9.2\r\n")],
  ["never stops talking", (socket: Socket) => void socket.write(`5.error,${"9".repeat(70_000)}`)],
  ["asks for an argument of a million names", (socket: Socket) => void socket.write(`4.args${",1.x".repeat(200)};`)],
])("something that is no guacd and %s", async (_what, speak) => {
  const { port } = lab.guacd;
  fake = createServer((socket) => {
    held.add(socket);
    socket.on("error", () => undefined);
    speak(socket);
  });
  await new Promise<void>((resolve) => fake?.listen(port, "127.0.0.1", resolve));
  const operator = await lab.operator(accountId);
  const answer = await upgrade(operator.api, await ticketFor(operator.api, accountId));
  if (!("client" in answer)) throw new Error("refused at the upgrade");
  const ended = await answer.client.closed;
  expect(ended.code).toBe("desktop-service-unavailable");
  expect((await endedSession(lab.house, operator.login)).because).toBe("target-unreachable");
  expect(lab.house.process.exitCode).toBeNull();
});
