/**
 * Two sister units, each with administrators, an auditor, an approver, an operator and a session of its own: what one has and
 * does is shown to nobody of the other, in no list, count, search, live view, export or object, and nobody of the other changes it.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectWatcher } from "../support/desktop-watcher.js";
import { until } from "../support/gatehouse.js";
import {
  inAMinute,
  startOrganisation,
  type Member,
  type Organisation,
  type Running,
  type Target,
} from "../support/organisation.js";
import { startPostgres, type TestPostgres } from "../support/postgres.js";

/** A unit with its people and what they made. */
interface Bureau {
  readonly name: string;
  readonly unitId: string;
  readonly security: Member;
  readonly system: Member;
  readonly auditor: Member;
  readonly approver: Member;
  readonly operator: Member;
  readonly target: Target;
  readonly grantId: string;
  readonly requestId: string;
  readonly vendorId: string;
  readonly contractId: string;
  readonly proposalId: string;
  readonly running: Running;
  readonly sessionId: string;
  readonly recordingId: string;
  /** Ids and words that only this unit has. */
  readonly marks: readonly string[];
}

const LISTS = [
  "/units",
  "/people?limit=200",
  "/people?limit=200&q=n",
  "/vendors?limit=200",
  "/contracts?limit=200",
  "/assets?limit=200",
  "/accounts?limit=200",
  "/entitlements?limit=200",
  "/requests?view=all&limit=200",
  "/requests?view=queue&limit=200",
  "/requests?view=decided&limit=200",
  "/grants?limit=200",
  "/grants?live=true&limit=200",
  "/sessions?limit=200",
  "/sessions/live",
  "/search?q=tick&limit=200",
  "/search?q=north&limit=200",
  "/input-openings?limit=200",
  "/audit/events?limit=200",
  "/audit/export",
  "/alerts?limit=200",
  "/proposals?limit=200",
  "/reviews?view=all&limit=200",
  "/holds?limit=200",
  "/page-sessions?everybody=true&limit=200",
  "/exports/people",
  "/exports/vendors",
  "/exports/contracts",
];
const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
/** An id of the same form that nothing has. */
const unknown = (id: string): string => `${id.slice(0, -12)}${"0".repeat(12)}`;

describe.each(["sqlite", "postgres"] as const)("sister units, on %s", (database) => {
  let postgres: TestPostgres | undefined;
  let org: Organisation;
  let first: Member;
  let second: Member;
  let north: Bureau;
  let south: Bureau;

  beforeAll(async () => {
    postgres = database === "postgres" ? await startPostgres() : undefined;
    org = await startOrganisation(postgres === undefined ? {} : { GATEHOUSE_DATABASE_URL: postgres.url });
    first = await org.bootstrap("first", "en");
    second = await org.add(first, { login: "second", power: "security" });
    for (const power of ["system", "audit"] as const) await org.add(first, { login: power, power }, second);
    await org.add(first, { login: "superior", roles: ["confirmer"] }, second);
    north = await bureau("north");
    south = await bureau("south");
  });
  afterAll(async () => {
    await org?.stop();
    await postgres?.stop();
  });

  async function bureau(name: string): Promise<Bureau> {
    const top = (await first.api.call("GET", "/units")).items[0];
    const unit = await first.api.call("POST", "/units", { parentId: top.id, name: `Bureau of the ${name}` });
    const unitId = unit.id as string;
    const add = (login: string, rights: object): Promise<Member> =>
      org.add(first, { login: `${name}-${login}`, unitId, ...rights }, second);
    const security = await add("security", { power: "security" });
    const system = await add("system", { power: "system" });
    const auditor = await add("auditor", { power: "audit" });
    const approver = await add("approver", { roles: ["approver"] });
    const operator = await org.add(security, { login: `${name}-operator`, roles: ["operator"] });
    const target = await org.target(system, `${name}-ledger`);
    const grantId = await org.grant({ operator, security, approver }, target);
    const { items: requests } = await operator.api.call("GET", "/requests?view=mine");
    const vendor = await security.api.call("POST", "/vendors", {
      unitId,
      name: `Fitters of the ${name}`,
      registrationNumber: null,
      parentId: null,
    });
    const contract = await security.api.call("POST", "/contracts", {
      unitId,
      vendorId: vendor.id,
      number: `${name}-2026-1`,
      title: `Works in the ${name}`,
      scope: { assetIds: [target.assetId], accountIds: [], actions: ["ssh.shell"] },
      fromDate: day(-1),
      toDate: day(5),
      ownerId: approver.id,
    });
    const asked = await org.make(security, { login: `${name}-newcomer`, roles: ["approver"] });
    const running = await org.keepRunning(operator, target, `while echo tick of the ${name}; do sleep 0.1; done`);
    const { items: sessions } = await auditor.api.call("GET", "/sessions");
    const { id: sessionId, recordingId } = sessions[0] as { id: string; recordingId: string };
    await auditor.api.call("POST", "/holds", { sessionId, reason: `kept for the ${name}` });
    const people = [security, system, auditor, approver, operator];
    const ids = [unitId, grantId, requests[0].id, target.assetId, target.accountId, vendor.id, contract.id, sessionId];
    return {
      ...{ name, unitId, security, system, auditor, approver, operator, target, grantId, running },
      ...{ requestId: requests[0].id as string, vendorId: vendor.id as string, contractId: contract.id as string },
      ...{ proposalId: asked.proposal?.id ?? "", sessionId, recordingId },
      marks: [name, recordingId, asked.proposal?.id ?? "", ...people.map(({ id }) => id), ...(ids as string[])],
    };
  }

  const overseers = ({ security, system, auditor, approver }: Bureau): [string, Member][] => [
    ["security", security],
    ["system", system],
    ["auditor", auditor],
    ["approver", approver],
  ];
  /** Which of the marks a text shows, without the query's own words, which no answer repeats. */
  const shown = (text: string, { marks }: Bureau): readonly string[] =>
    marks.filter((mark) => text.toLowerCase().includes(mark.toLowerCase()));

  test("no list, count, search or export of one shows anything of the other, and each shows its own", async () => {
    for (const [ours, theirs] of [
      [north, south],
      [south, north],
    ] as const) {
      const own = new Map<string, string[]>();
      for (const [mark, member] of overseers(ours)) {
        for (const path of LISTS) {
          const response = await member.api.raw("GET", path);
          const text = await response.text();
          expect([200, 403], `${mark} ${path}: ${text}`).toContain(response.status);
          expect(shown(text, theirs), `${ours.name} ${mark} ${path}`).toEqual([]);
          if (shown(text, ours).length > 0) own.set(mark, [...(own.get(mark) ?? []), path.split("?")[0] ?? ""]);
        }
      }
      const sees = (mark: string): string[] => [...new Set(own.get(mark))];
      expect(sees("auditor")).toEqual(
        expect.arrayContaining(["/people", "/sessions", "/sessions/live", "/audit/events", "/audit/export", "/holds"]),
      );
      expect(sees("security")).toEqual(
        expect.arrayContaining(["/units", "/people", "/vendors", "/contracts", "/entitlements", "/proposals"]),
      );
      expect(sees("security")).toEqual(expect.arrayContaining(["/page-sessions", "/exports/people"]));
      expect(sees("system")).toEqual(expect.arrayContaining(["/assets", "/accounts"]));
      expect(sees("approver")).toEqual(expect.arrayContaining(["/requests", "/grants", "/sessions/live"]));
    }
  });

  test("what the page counts on the front counts one's own units alone", async () => {
    await first.api.call("PATCH", `/people/${north.operator.id}`, { roles: ["operator", "approver"], reason: "more" });
    const counted = async ({ api }: Member): Promise<number> => (await api.call("GET", "/me")).openProposals;
    expect([await counted(north.security), await counted(south.security)]).toEqual([1, 0]);
    expect(await counted(first)).toBe(2);
  });

  test("a word typed in one is found by its own auditor and by nobody of the other", async () => {
    const hits = async ({ auditor }: Bureau, q: string): Promise<number> =>
      (await auditor.api.call("GET", `/search?q=${q}`)).items.length;
    await north.auditor.api.call("POST", `/sessions/${north.sessionId}/stop`, { reason: "seen enough" });
    await north.running.over;
    await until("the words to be found", async () => (await hits(north, "tick")) > 0);
    expect(await hits(south, "%22of%20the%20north%22")).toBe(0);
    expect(await hits(south, "north")).toBe(0);
  });

  test("an object of the other is answered like one that does not exist", async () => {
    const objects: [string, (id: string) => string][] = [
      [north.operator.id, (id) => `/people/${id}`],
      [north.operator.id, (id) => `/people/${id}/ending`],
      [north.target.assetId, (id) => `/assets/${id}`],
      [north.requestId, (id) => `/requests/${id}`],
      [north.vendorId, (id) => `/vendors/${id}`],
      [north.vendorId, (id) => `/vendors/${id}/ending`],
      [north.contractId, (id) => `/contracts/${id}`],
      [north.contractId, (id) => `/contracts/${id}/ending`],
      [north.contractId, (id) => `/contracts/${id}/duties`],
      [north.proposalId, (id) => `/proposals/${id}`],
      [north.sessionId, (id) => `/sessions/${id}`],
      [north.recordingId, (id) => `/recordings/${id}/index`],
      [north.recordingId, (id) => `/recordings/${id}/container`],
      [north.recordingId, (id) => `/recordings/${id}/asciicast?channel=1`],
      [north.recordingId, (id) => `/recordings/${id}/text?channel=1`],
    ];
    for (const [mark, member] of overseers(south)) {
      for (const [id, path] of objects) {
        const [theirs, none] = [await member.api.raw("GET", path(id)), await member.api.raw("GET", path(unknown(id)))];
        expect([403, 404], `${mark} ${path(id)}`).toContain(theirs.status);
        expect(await problem(theirs), `${mark} ${path(id)}`).toEqual(await problem(none));
      }
    }
    for (const path of objects.map(([id, at]) => at(id)).filter((one) => /people|proposals/.test(one)))
      expect((await north.security.api.raw("GET", path)).status, path).toBe(200);
    expect((await north.auditor.api.raw("GET", `/sessions/${north.sessionId}`)).status).toBe(200);
  });

  test("nobody of the other changes, decides, stops or gives anything there", async () => {
    const { security, system, auditor, approver } = south;
    const reason = "from next door";
    type Act = [Member, string, (id: string) => string, string, (id: string) => unknown];
    const acts: Act[] = [
      [security, "PATCH", (id) => `/people/${id}`, north.operator.id, () => ({ state: "disabled", reason })],
      [security, "POST", (id) => `/people/${id}/departure`, north.operator.id, () => ({ reason })],
      [security, "POST", (id) => `/people/${id}/factor-reset`, north.operator.id, () => ({ reason })],
      [security, "POST", (id) => `/contracts/${id}/end`, north.contractId, () => ({ reason })],
      [security, "POST", (id) => `/vendors/${id}/retirement`, north.vendorId, () => ({ reason })],
      [security, "PATCH", (id) => `/units/${id}`, north.unitId, () => ({ name: "Ours now" })],
      [security, "POST", (id) => `/proposals/${id}/confirmation`, north.proposalId, () => ({ digest: "0".repeat(64) })],
      [security, "POST", () => "/page-sessions/sign-out-everywhere", north.operator.id, (personId) => ({ personId })],
      [
        security,
        "POST",
        () => "/entitlements",
        north.target.accountId,
        (accountId) => ({
          ...{ personId: south.operator.id, accountId, actions: ["ssh.shell"], to: null },
        }),
      ],
      [
        security,
        "POST",
        () => "/people",
        north.unitId,
        (unitId) => ({
          ...{ login: "intruder", displayName: "Person intruder", locale: "en", power: null, roles: [], unitId },
        }),
      ],
      [system, "PATCH", (id) => `/assets/${id}`, north.target.assetId, () => ({ description: reason })],
      [system, "DELETE", (id) => `/accounts/${id}`, north.target.accountId, () => undefined],
      [
        approver,
        "POST",
        (id) => `/requests/${id}/approval`,
        north.requestId,
        () => ({
          ...{ verdict: "rejected", reason, digest: "0".repeat(64) },
        }),
      ],
      [approver, "POST", (id) => `/grants/${id}/revocation`, north.grantId, () => ({ reason })],
      [approver, "POST", (id) => `/sessions/${id}/stop`, north.sessionId, () => ({ reason })],
      [auditor, "POST", (id) => `/recordings/${id}/verification`, north.recordingId, () => undefined],
      [auditor, "POST", () => "/holds", north.sessionId, (sessionId) => ({ sessionId, reason })],
      [
        south.operator,
        "POST",
        () => "/requests",
        north.target.accountId,
        (accountId) => ({
          ...{ items: [{ accountId, actions: ["ssh.shell"] }], reason, workOrder: "", durationMs: 3_600_000 },
        }),
      ],
    ];
    for (const [member, verb, path, id, body] of acts) {
      const there = await member.api.raw(verb, path(id), body(id));
      const none = await member.api.raw(verb, path(unknown(id)), body(unknown(id)));
      const [answer, same] = [await problem(there), await problem(none)];
      expect([400, 403, 404], `${verb} ${path(id)}: ${JSON.stringify(answer)}`).toContain(there.status);
      expect(answer, `${verb} ${path(id)}`).toEqual(same);
      expect(answer.code, `${verb} ${path(id)}`).not.toBe("stale");
    }
  });

  test("the other's live session is not watched, and one's own is", async () => {
    for (const watcher of [north.auditor, north.approver])
      await expect(connectWatcher(watcher.api, south.sessionId)).rejects.toThrow("not-found");
    const watching = await connectWatcher(south.auditor.api, south.sessionId);
    await until("the words on the screen", () => watching.events.some(({ type }) => type === "output"));
    watching.close();
    expect(south.running.stdout()).toContain("tick of the south");
  });

  test("the top sees both, and an alert is its own unit's", { timeout: 200_000 }, async () => {
    const alerts = async ({ api }: Member): Promise<string[]> =>
      (await api.call("GET", "/alerts?open=true&limit=200")).items.map((one: { subject: string }) => one.subject);
    await inAMinute("the alerts", async () => (await alerts(first)).length >= 2);
    const [ours, theirs] = [`contract:${north.contractId}`, `contract:${south.contractId}`];
    expect(await alerts(first)).toEqual(expect.arrayContaining([ours, theirs]));
    expect(await alerts(north.security)).toEqual([ours]);
    expect(await alerts(south.security)).toEqual([theirs]);
    const logins = (await first.api.call("GET", "/people?limit=200")).items.map((one: { login: string }) => one.login);
    expect(logins).toEqual(expect.arrayContaining(["north-operator", "south-operator"]));
  });
});

/** What an answer tells, without the number of this very answer. */
async function problem(response: Response): Promise<{ readonly code?: string }> {
  const { instance: _, ...rest } = (await response.json()) as { code?: string; instance?: string };
  return { ...rest };
}
