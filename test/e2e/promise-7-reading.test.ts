/** Promise 7: every replay, export, search and watch is an event, authorised afresh at every range. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Api, confirmed, until } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";

let lab: Lab;
let recordingId: string;
let owner: Api;
beforeAll(async () => {
  lab = await startLab();
  const operator = await lab.operator(["ssh.exec"]);
  owner = operator.api;
  await (await operator.client()).ssh(operator.target, ["echo to-be-read"]);
  const auditor = await lab.house.as("ivan");
  const session = await until("the session's end", async () => {
    const { items } = await auditor.call("GET", `/sessions?person=${operator.login}`);
    return items.find((one: { state: string }) => one.state === "ended");
  });
  recordingId = session.recordingId;
});
afterAll(() => lab?.stop());

const READS = (id: string): string[] => [
  `/recordings/${id}/index`,
  `/recordings/${id}/segment?channel=1&fromUs=0&maxUs=1000000`,
  `/recordings/${id}/container`,
  `/recordings/${id}/asciicast?channel=1`,
  `/recordings/${id}/text?channel=1`,
  "/search?q=read",
  "/audit/export",
  "/audit/events",
];

/** What each of `READS` writes down, in the same order. */
const EVENTS = [
  ["recording.viewed", { part: "index" }],
  ["recording.viewed", { part: "range", fromUs: 0, toUs: 1_000_000 }],
  ["recording.exported", { as: "container" }],
  ["recording.exported", { as: "asciicast", channel: 1 }],
  ["recording.exported", { as: "text", channel: 1 }],
  ["recording.searched", { q: "read" }],
  ["audit.exported", {}],
  ["audit.viewed", {}],
] as const;

test("every single reading leaves its own event: viewed, exported, searched, verified", async () => {
  const auditor = await lab.house.as("ivan");
  const written = async (): Promise<{ id: string; verb: string; leaf: string }[]> =>
    (await auditor.call("GET", "/audit/events?limit=200")).items;
  for (const [at, path] of READS(recordingId).entries()) {
    // Each call of `written` is itself an `audit.viewed`.
    const before = new Set((await written()).map((event) => event.id));
    expect((await auditor.raw("GET", path)).status, path).toBe(200);
    const [verb, detail] = EVENTS[at] ?? ["", {}];
    const fresh = (await written()).filter((event) => event.verb === verb && !before.has(event.id));
    expect(fresh.length, path).toBe(verb === "audit.viewed" ? 2 : 1);
    expect(JSON.parse(fresh[0]?.leaf ?? "{}"), path).toMatchObject({ detail });
  }
  await auditor.call("POST", `/recordings/${recordingId}/verification`);
  expect((await written()).map((event) => event.verb)).toContain("recording.verified");
});

test("a range that was not read before is an event again, also on the same page within a second", async () => {
  const auditor = await lab.house.as("judy");
  const read = (fromUs: number): Promise<Response> =>
    auditor.raw("GET", `/recordings/${recordingId}/segment?channel=1&fromUs=${fromUs}&maxUs=1000`);
  for (const fromUs of [0, 5_000, 9_000]) expect((await read(fromUs)).status).toBe(200);
  const { items } = await auditor.call("GET", "/audit/events?verb=recording.viewed&limit=200");
  const ranges = items
    .map((event: { leaf: string }) => (JSON.parse(event.leaf) as { detail: { fromUs?: number; toUs?: number } }).detail)
    .filter((detail: { toUs?: number; fromUs?: number }) => (detail.toUs ?? 0) - (detail.fromUs ?? 0) === 1_000)
    .map((detail: { fromUs?: number }) => detail.fromUs);
  expect(ranges.sort()).toEqual([0, 5_000, 9_000]);
});

test("every reading is refused to nobody, to the operator himself, to another operator, a manager and an administrator", async () => {
  const other = await lab.house.newPerson(["operator"]);
  const readers: [string, Api][] = [
    ["nobody", new Api(lab.house.http)],
    ["the owner", owner],
    ["another operator", await new Api(lab.house.http).signIn(other)],
    ["a manager", await lab.house.as("carol")],
    ["a system administrator", await lab.house.as("erin")],
  ];
  for (const [name, api] of readers) {
    for (const path of READS(recordingId)) {
      const response = await api.raw("GET", path);
      expect([401, 403, 404], `${name} ${path}: ${response.status}`).toContain(response.status);
    }
  }
});

test("an auditor whose power was just taken away reads nothing more, at the next range", async () => {
  const third = await lab.house.newPerson([], "audit");
  const api = await new Api(lab.house.http).signIn(third);
  expect((await api.raw("GET", `/recordings/${recordingId}/index`)).status).toBe(200);
  const taken = { power: null, reason: "he is an auditor no more" };
  const { proposal } = await (await lab.house.as("grace")).call("PATCH", `/people/${third.id}`, taken);
  await confirmed(lab.house, proposal);
  for (const path of READS(recordingId)) expect((await api.raw("GET", path)).status, path).toBe(401);
});
