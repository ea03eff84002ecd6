/** What a hostile browser, or a signed-in person with a right of his own, tries against a running gateway over HTTP. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  Api,
  bothParts,
  enrol,
  grantNew,
  lastCode,
  startGatehouse,
  until,
  type Gatehouse,
} from "../support/gatehouse.js";

const UNKNOWN = "01900000-0000-7000-8000-00000000dead";

let house: Gatehouse;
let accountId: string;
beforeAll(async () => {
  house = await startGatehouse();
  accountId = (await (await house.as("alice")).call("GET", "/me/access")).items[0].accountId;
});
afterAll(() => house?.stop());

/** Status and problem code, without what names the single answer. */
async function answer(api: Api, method: string, path: string, body?: unknown): Promise<string> {
  const response = await api.raw(method, path, body);
  const text = await response.text();
  return `${String(response.status)} ${text === "" ? "" : String((JSON.parse(text) as { code?: string }).code)}`;
}

async function operator(): Promise<Api> {
  const person = await house.newPerson(["operator"]);
  const security = await house.as("grace");
  const actions = ["ssh.shell", "ssh.exec"];
  await security.call("POST", "/entitlements", { personId: person.id, accountId, actions, to: null });
  return new Api(house.http).signIn(person);
}

const ask = { reason: "an attack", workOrder: "", durationMs: 600_000 };
const request = (api: Api) => api.call("POST", "/requests", { ...ask, items: [{ accountId, actions: ["ssh.shell"] }] });

test("another operator's request, grant and session look as if there were none", async () => {
  const owner = await grantNew(house, { accountId, actions: ["ssh.shell"] });
  const pending = await request(owner.api);
  const other = await operator();
  const routes = (requestId: string, grantId: string): [string, string, unknown?][] => [
    ["GET", `/requests/${requestId}`],
    ["DELETE", `/requests/${requestId}`],
    ["POST", `/grants/${grantId}/revocation`, { reason: "not mine" }],
    ["GET", `/sessions/${grantId}`],
    ["POST", `/sessions/${grantId}/stop`, { reason: "not mine" }],
    ["DELETE", `/me/keys/${grantId}`],
  ];
  const unknown = routes(UNKNOWN, UNKNOWN);
  for (const [index, [method, path, body]] of routes(pending.id, owner.grantId).entries()) {
    const [, nowhere = ""] = unknown[index] ?? [];
    const seen = await answer(other, method, path, body);
    expect(seen, path).toBe("404 not-found");
    expect(await answer(other, method, nowhere, body), path).toBe(seen);
  }
  expect((await owner.api.call("GET", `/requests/${pending.id}`)).state).toBe("pending");
  const mine = await owner.api.call("GET", "/grants?live=true");
  expect(mine.items.map((grant: { id: string }) => grant.id)).toEqual([owner.grantId]);
  const theirs = await other.call("GET", `/sessions?person=${owner.login}`);
  expect(theirs.items).toEqual([]);
});

test("of two approvers at the same moment one decides; a decision and a withdrawal never both stand", async () => {
  const approvers = [await house.as("carol"), await house.as("dave")];
  for (let round = 0; round < 4; round += 1) {
    const asker = await operator();
    const one = await request(asker);
    const yes = { verdict: "approved", reason: "agreed", digest: one.digest };
    const decided = await Promise.all(approvers.map((api) => answer(api, "POST", `/requests/${one.id}/approval`, yes)));
    expect(decided.sort()).toEqual(["200 undefined", "409 already-decided"]);
    expect((await asker.call("GET", "/grants")).items).toHaveLength(1);

    const two = await request(asker);
    const carol = approvers[0] as Api;
    const [approved, withdrawn] = await Promise.all([
      answer(carol, "POST", `/requests/${two.id}/approval`, { ...yes, digest: two.digest }),
      answer(asker, "DELETE", `/requests/${two.id}`),
    ]);
    expect([approved.startsWith("200"), withdrawn.startsWith("204")].filter(Boolean)).toHaveLength(1);
    const { state, grants } = await asker.call("GET", `/requests/${two.id}`);
    expect(state).toBe(approved.startsWith("200") ? "approved" : "withdrawn");
    expect(grants).toHaveLength(state === "approved" ? 1 : 0);
  }
});

test("who asked first and was made an approver afterwards still cannot say yes to himself", async () => {
  const person = await house.newPerson(["operator"]);
  const security = await house.as("grace");
  const actions = ["ssh.shell"];
  await security.call("POST", "/entitlements", { personId: person.id, accountId, actions, to: null });
  const asked = await request(await new Api(house.http).signIn(person));
  const given = { roles: ["operator", "approver"], reason: "she decides from now on" };
  const link = await bothParts(house, (await security.call("PATCH", `/people/${person.id}`, given)).proposal);
  const again = await new Api(house.http).signIn({ ...person, ...(await enrol(house.http, link)) });
  const yes = { verdict: "approved", reason: "myself", digest: asked.digest };
  expect(await answer(again, "POST", `/requests/${asked.id}/approval`, yes)).toBe("403 own-request");
});

test("an enrolment link completed four times at once enrols one", async () => {
  const made = await (
    await house.as("grace")
  ).call("POST", "/people", {
    login: "once",
    displayName: "Once",
    locale: "en",
    power: null,
    roles: [],
  });
  const nobody = new Api(house.http);
  const offer = await nobody.call("POST", "/auth/enrolment", { token: made.enrolmentToken });
  const body = { token: made.enrolmentToken, secret: offer.secret, code: await lastCode(offer.secret as string) };
  const all = await Promise.all(
    [1, 2, 3, 4].map((each) =>
      answer(nobody, "POST", "/auth/enrolment/completion", { ...body, password: `four winds blow ${String(each)}` }),
    ),
  );
  expect(all.sort()).toEqual(["200 undefined", ...Array<string>(3).fill("410 enrolment-expired")]);
});

test("a cursor made by hand reads nothing unseen, and opens nobody else's rows", async () => {
  const auditor = await house.as("ivan");
  const count = async (): Promise<number> =>
    (await auditor.call("GET", "/audit/events?verb=audit.viewed&limit=200")).items.length;
  const before = await count();
  const cursor = Buffer.from("ffffffff-ffff-ffff-ffff-ffffffffffff").toString("base64url");
  expect((await auditor.call("GET", `/audit/events?cursor=${cursor}`)).items.length).toBeGreaterThan(0);
  expect(await count()).toBe(before + 2);
  const stranger = await operator();
  for (const noun of ["requests", "grants", "sessions"]) {
    expect((await stranger.call("GET", `/${noun}?cursor=${cursor}&limit=200`)).items, noun).toEqual([]);
    expect(await answer(stranger, "GET", `/${noun}?cursor=JyBPUiAxPTE`), noun).toBe("400 invalid-input");
  }
});

test("one operator who lists as fast as he can holds up nobody", async () => {
  const flooder = await operator();
  for (let filed = 0; filed < 50; filed += 1)
    await flooder.call("DELETE", `/requests/${(await request(flooder)).id as string}`);
  let slowest = 0;
  let over = false;
  const watch = (async () => {
    while (!over) {
      const began = performance.now();
      await (await fetch(`${house.http}/healthz`)).text();
      slowest = Math.max(slowest, performance.now() - began);
    }
  })();
  const statuses = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const response = await flooder.raw("GET", "/requests?limit=200");
      await response.text();
      return response.status;
    }),
  );
  over = true;
  await watch;
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(slowest).toBeLessThan(500);
  expect(await answer(await house.as("ivan"), "GET", "/me")).toContain("200");
  await until("the flooder to be let in again", async () => (await flooder.raw("GET", "/me")).status === 200);
});
