/** What the door itself refuses of retention and holds, before any use case is asked. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFakeBroker, fakeActor, UUID, type FakeBroker } from "../../../test/support/fake-broker-http.js";
import { openDoor, OWN_PAGE, type TestDoor } from "../../../test/support/http-door.js";

let fake: FakeBroker;
let test: TestDoor;
beforeAll(async () => {
  fake = createFakeBroker();
  fake.people.set("audit", fakeActor("audit", "audit", []));
  test = await openDoor(fake.broker);
});
afterAll(() => test.door.close());

const post = (url: string, payload: object) =>
  test.door.app.inject({
    method: "POST",
    url: `/api/v1${url}`,
    headers: { ...OWN_PAGE, cookie: "gatehouse=audit" },
    payload,
  });

describe("the door to retention and holds", () => {
  it.each([
    { days: 183, reason: "r" },
    { days: 1, reason: "r" },
    { days: -1, reason: "r" },
    { days: 184.5, reason: "r" },
    { days: 36_501, reason: "r" },
    { days: "184", reason: "r" },
    { days: 184 },
    { days: 184, reason: "" },
    { days: 184, reason: "r".repeat(1001) },
    { days: 184, reason: "\u202egnihton" },
    { days: 184, reason: "r", force: true },
  ])("takes no retention like %j", async (payload) => {
    const before = fake.calls.length;
    expect((await post("/retention/proposals", payload)).statusCode).toBe(400);
    expect(fake.calls.length).toBe(before);
  });

  it.each([
    { sessionId: "x", reason: "r" },
    { sessionId: UUID },
    { sessionId: UUID, reason: "r".repeat(1001) },
    { sessionId: UUID, reason: "r", placedBy: UUID },
  ])("takes no hold like %j", async (payload) => {
    const before = fake.calls.length;
    expect((await post("/holds", payload)).statusCode).toBe(400);
    expect((await post(`/holds/${UUID}/release`, { ...payload, reason: "" })).statusCode).toBe(400);
    expect((await post("/holds/7/release", { reason: "r" })).statusCode).toBe(400);
    expect(fake.calls.length).toBe(before);
  });
});
