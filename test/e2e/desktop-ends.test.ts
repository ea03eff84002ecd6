/**
 * Promise 3 on desktops: stop, revocation, disabling, sign-out and the operator's own leaving close the desktop and every watch
 * within two seconds and leave guacd empty; a lost line is waited for, and leads back to the same desktop and recording.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openDesktop, ticketFor, upgrade, type DesktopClient } from "../support/desktop-client.js";
import { CHOICES, startDesktopLab, type DesktopLab, type DesktopOperator } from "../support/desktop-lab.js";
import { flashing } from "../support/desktops.js";
import { Api, until } from "../support/gatehouse.js";
import { connectWatcher } from "../support/desktop-watcher.js";
import { letGoAfterFailure } from "../support/let-go-of-guacd.js";
import { endedSession, eventsOf, sessionsOf } from "../support/trail.js";

let lab: DesktopLab;
let accountId: string;
beforeAll(async () => {
  lab = await startDesktopLab();
  ({ accountId } = await lab.addDesktop(flashing(200)));
});
afterAll(() => lab?.stop());
afterEach(() => lab.guacd.untilIdle(10_000));
letGoAfterFailure(() => lab?.guacd);

async function running(): Promise<{ operator: DesktopOperator; client: DesktopClient }> {
  const operator = await lab.operator(accountId);
  return { operator, client: await openDesktop(operator.api, accountId) };
}

/** Everything that must be so two seconds after `act`. */
async function expectEndedBy(
  act: (operator: DesktopOperator, client: DesktopClient) => Promise<unknown>,
  because: string,
): Promise<void> {
  const { operator, client } = await running();
  const approver = await lab.house.newPerson(["approver"]);
  const watcher = await connectWatcher(await new Api(lab.house.http).signIn(approver), client.sessionId);
  await until("the watcher's stream", () => watcher.graphicsBytes() > 0);
  const at = Date.now();
  await act(operator, client);
  const ended = await client.closed;
  expect(Date.now() - at).toBeLessThan(2_000);
  await watcher.ended;
  expect(Date.now() - at).toBeLessThan(2_000);
  await lab.guacd.untilIdle(2_000);
  expect((await endedSession(lab.house, operator.login)).because).toBe(because);
  if (because !== "left") expect(ended.status).toMatch(/^\d{3}$/);
  watcher.close();
}

test("a manager's stop", async () => {
  await expectEndedBy(async (_operator, client) => {
    const carol = await lab.house.as("carol");
    await carol.call("POST", `/sessions/${client.sessionId}/stop`, { reason: "that is enough" });
  }, "stopped");
});

test("the grant's revocation", async () => {
  await expectEndedBy(async (operator) => {
    const carol = await lab.house.as("carol");
    await carol.call("POST", `/grants/${operator.grantId}/revocation`, { reason: "no longer needed" });
  }, "revoked");
});

test("the person's disabling", async () => {
  await expectEndedBy(async (operator) => {
    const grace = await lab.house.as("grace");
    await grace.call("PATCH", `/people/${operator.id}`, { state: "disabled" });
  }, "revoked");
});

test("the end of the page session it was opened from", async () => {
  await expectEndedBy((operator) => operator.api.call("DELETE", "/auth/session"), "left");
});

test("the operator's own leaving", async () => {
  await expectEndedBy(async (_operator, client) => client.leave(), "left");
});

async function returnTicket(api: Api, sessionId: string): Promise<Response> {
  return api.raw("POST", `/sessions/${sessionId}/ticket`, { choices: CHOICES });
}

test("a lost line leads back to the same desktop and recording, with the gap marked", async () => {
  const { operator, client } = await running();
  client.cut();
  await client.closed;
  await until("the gap", async () => (await eventsOf(lab.house, operator.login, "session.detached")).length > 0);
  expect(lab.guacd.children()).toHaveLength(1);

  const stranger = await lab.operator(accountId);
  expect((await returnTicket(stranger.api, client.sessionId)).status).toBe(404);
  const elsewhere = await new Api(lab.house.http).signIn(operator, 1);
  expect((await returnTicket(elsewhere, client.sessionId)).status).toBe(404);

  const { ticket } = (await (await returnTicket(operator.api, client.sessionId)).json()) as { ticket: string };
  const back = await openDesktop(operator.api, accountId, { ticket });
  expect(back.sessionId).toBe(client.sessionId);
  const first = await back.until("the whole picture", (one) => one.opcode === "size" && one.args[1] === "1024");
  expect(first.args).toEqual(["0", "1024", "768"]);
  const shown = back.heard.length;
  await until("the stream to go on", () => back.heard.length > shown + 20);
  expect(lab.guacd.children()).toHaveLength(1);
  back.leave();
  const session = await endedSession(lab.house, operator.login);
  expect(session.id).toBe(client.sessionId);
  expect(await sessionsOf(lab.house, operator.login)).toHaveLength(1);
  const auditor = await lab.house.as("ivan");
  const index = await auditor.call("GET", `/recordings/${session.recordingId}/index`);
  const notes = index.markers.map((one: { text: string }) => one.text).join("\n");
  expect(notes).toMatch(/detached/);
  expect(notes).toMatch(/rejoined/);
  expect(await eventsOf(lab.house, operator.login, "session.rejoined")).toHaveLength(1);
});

/** At the same time as the other long wait. */
async function expire(): Promise<void> {
  const { accountId: own } = await lab.addDesktop(flashing(200));
  const operator = await lab.operator(own, ["rdp.connect"], { durationMs: 60_000 });
  const client = await openDesktop(operator.api, own);
  const { items } = await operator.api.call("GET", "/grants");
  const { to } = items.find((one: { id: string }) => one.id === operator.grantId) as { to: number };
  await client.closed;
  expect(Date.now()).toBeGreaterThan(to - 1_000);
  expect(Date.now() - to).toBeLessThan(2_000);
  expect((await endedSession(lab.house, operator.login)).because).toBe("expired");
}

async function wait(): Promise<void> {
  const { operator, client } = await running();
  const at = Date.now();
  client.cut();
  const session = await until(
    "the end of waiting",
    async () => {
      await new Promise((next) => setTimeout(next, 500));
      const [newest] = await sessionsOf(lab.house, operator.login);
      return newest?.state === "ended" ? newest : false;
    },
    40_000,
  );
  expect(Date.now() - at).toBeGreaterThan(28_000);
  expect(Date.now() - at).toBeLessThan(34_000);
  expect(session.because).toBe("left");
  expect((await returnTicket(operator.api, client.sessionId)).status).toBe(404);
}

test("a desktop ends when its grant expires, and when nobody comes back for thirty seconds", async () => {
  await Promise.all([expire(), wait()]);
}, 100_000);

test("a second window with a return ticket takes the desktop over; the first is told so", async () => {
  const { operator, client } = await running();
  const { ticket } = (await (await returnTicket(operator.api, client.sessionId)).json()) as { ticket: string };
  const second = await openDesktop(operator.api, accountId, { ticket });
  expect((await client.closed).status).toMatch(/^\d{3}$/);
  expect(second.sessionId).toBe(client.sessionId);
  expect(lab.guacd.children()).toHaveLength(1);
  second.leave();
  await endedSession(lab.house, operator.login);
});

test("tickets: reused, forged or another's open nothing and leave an event each", async () => {
  const operator = await lab.operator(accountId);
  const other = await lab.operator(accountId);
  const ticket = await ticketFor(operator.api, accountId);
  expect(await upgrade(other.api, ticket)).toEqual({ status: 403 });
  const again = await new Api(lab.house.http).signIn(operator, 1);
  const second = await ticketFor(operator.api, accountId);
  expect(await upgrade(again, second)).toEqual({ status: 403 });
  const good = await ticketFor(operator.api, accountId);
  const client = await openDesktop(operator.api, accountId, { ticket: good });
  let refused = 0;
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await upgrade(operator.api, tries % 2 === 0 ? good : `${"x".repeat(42)}${tries % 10}`);
    expect([403, 429]).toContain(answer.status);
    refused += 1;
  }
  expect(refused).toBe(100);
  expect(lab.guacd.children()).toHaveLength(1);
  await until("the events", async () => (await eventsOf(lab.house, operator.login, "ticket.refused")).length >= 20);
  expect(lab.house.output()).not.toContain(good);
  client.leave();
  await endedSession(lab.house, operator.login);
});
