/** Promise 7: every replay, export, search and watch is an event, authorised afresh at every range. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Api, until } from "../support/gatehouse.js";
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

test("reading leaves an event each: viewed, exported, searched, verified", async () => {
  const auditor = await lab.house.as("ivan");
  for (const path of READS(recordingId)) expect((await auditor.raw("GET", path)).status, path).toBe(200);
  await auditor.call("POST", `/recordings/${recordingId}/verification`);
  const { items } = await auditor.call("GET", "/audit/events?limit=200");
  const verbs = new Set(items.map((event: { verb: string }) => event.verb));
  for (const verb of [
    "recording.viewed",
    "recording.exported",
    "recording.searched",
    "recording.verified",
    "audit.exported",
  ])
    expect(verbs, verb).toContain(verb);
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
  await (await lab.house.as("grace")).call("PATCH", `/people/${third.id}`, { power: null });
  for (const path of READS(recordingId)) expect((await api.raw("GET", path)).status, path).toBe(401);
});
