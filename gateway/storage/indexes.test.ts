/**
 * What is asked each second, at every sign-in or at every scrape, of tables that only grow is found by an index, and a page of the audit log
 * without sorting it: SQLite's own plan says so. Without statistics, as an installation begins.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  asId,
  RUNNING_STATES,
  type AuditRow,
  type NodeId,
  type PersonId,
  type Stores,
  type UnitId,
  type Where,
} from "../domain/index.js";
import { predicate } from "./conditions.js";
import * as tables from "./entities/index.js";
import { createIds, openDatabase } from "./index.js";

type Asked =
  | "sessions"
  | "webSessions"
  | "grants"
  | "requests"
  | "contracts"
  | "approvals"
  | "alerts"
  | "channels"
  | "recordings"
  | "externalIdentities"
  | "deviceKeys"
  | "proposals"
  | "reviewItems";

function asked<K extends Asked>(what: string, name: K, where: Parameters<Stores[K]["find"]>[0]) {
  return [what, name, where] as const;
}

const ID = "0190";
const QUESTIONS = [
  asked("sessions ordered to stop", "sessions", {
    nodeId: asId(ID),
    because: "stopped",
    state: { in: RUNNING_STATES },
  }),
  asked("sessions that run", "sessions", { state: { in: RUNNING_STATES } }),
  asked("what a passkey let in", "sessions", { passkeyId: asId(ID), state: { in: RUNNING_STATES } }),
  asked("a known place", "sessions", { personId: asId(ID), sourceAddress: "::1" }),
  asked("a known place of a page", "webSessions", { personId: asId(ID), sourceAddress: "::1" }),
  asked("grants that begin", "grants", { state: "scheduled", from: { lte: 1 }, to: { gt: 1 } }),
  asked("grants that end", "grants", { state: { in: ["scheduled", "active", "suspended"] }, to: { lte: 1 } }),
  asked("requests that lapse", "requests", { state: "pending", lapsesAt: { lte: 1 } }),
  asked("contracts that end", "contracts", { state: "active", toAt: { lte: 1 } }),
  asked("what one decided", "approvals", { approverId: asId(ID) }),
  asked("an alert that stands", "alerts", {
    kind: "login-attack",
    subject: "s",
    state: { in: ["open", "acknowledged"] },
  }),
  asked("channels that were not recorded", "channels", { closedAt: { not: null }, outcome: "open" }),
  asked("a session's recordings", "recordings", { state: "open", nodeId: asId(ID) }),
  asked("whose an e-mail is", "externalIdentities", { email: "a@b", retiredAt: null }),
  asked("links to ask after", "externalIdentities", { kind: { in: ["oidc"] }, checkedAt: { lte: 1 }, retiredAt: null }),
  asked("a device key", "deviceKeys", { fingerprint: "SHA256:x" }),
  asked("keys of a passkey", "deviceKeys", { passkeyId: asId(ID), retiredAt: null }),
  asked("proposals that lapse", "proposals", { state: "pending", lapsesAt: { lte: 1 } }),
  asked("lines of a review", "reviewItems", { personId: { in: [asId(ID)] }, state: "open" }),
];

describe("by an index is found", () => {
  let folder: string;
  let sqlite: Sqlite.Database;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gatehouse-indexes-"));
    const file = join(folder, "gatehouse.db");
    const clock = { now: () => 0, monotonicUs: () => 0 };
    const made = { url: `sqlite:${file}`, clock, ids: createIds(), nodeId: asId<NodeId>("node"), log: () => undefined };
    await (await openDatabase(made)).close();
    sqlite = new Sqlite(file, { readonly: true });
  });
  afterAll(async () => {
    sqlite.close();
    await rm(folder, { recursive: true });
  });

  /** Each step of the plan for the rows in the order in which stores answer them. */
  function planOf(name: Asked | "auditEvents", where: object): readonly string[] {
    const { name: table, columns } = tables[name];
    const { terms, parameters } = predicate({ name: table, columns } as never, where);
    const sql = `EXPLAIN QUERY PLAN SELECT * FROM "${table}" WHERE ${terms.join(" AND ")} ORDER BY "id" DESC LIMIT 100`;
    return (sqlite.prepare(sql).all(...parameters) as { readonly detail: string }[]).map((step) => step.detail);
  }

  test.each(QUESTIONS)("%s", (_what, name, where) => {
    const plan = planOf(name, where);
    expect(plan.some((step) => step.startsWith("SEARCH"))).toBe(true);
    expect(plan.filter((step) => step.startsWith("SCAN"))).toEqual([]);
  });

  test.each([
    ["unit", { unitId: asId<UnitId>(ID) }],
    ["verb", { verb: "person.signed-in" }],
    ["person", { actorId: asId<PersonId>(ID) }],
    ["verb within some units", { verb: "person.signed-in", unitId: { in: [asId<UnitId>(ID), asId<UnitId>("0191")] } }],
  ] satisfies readonly (readonly [string, Where<AuditRow>])[])(
    "the newest of a %s in the audit log, unsorted",
    (_what, where) => {
      const plan = planOf("auditEvents", where);
      expect(plan).toHaveLength(1);
      expect(plan[0]).toMatch(/^SEARCH audit_event USING INDEX audit_event_\w+_newest/);
    },
  );

  test.each([
    ["alone", { objectId: "x" }],
    ["of a verb", { objectId: "x", verb: "person.directory-linked" }],
    ["of a unit", { objectId: "x", unitId: asId<UnitId>(ID) }],
    ["by a person", { objectId: "x", actorId: asId<PersonId>(ID) }],
  ] satisfies readonly (readonly [string, Where<AuditRow>])[])(
    "an object's events, the rarest thing, %s",
    (_what, where) => {
      expect(planOf("auditEvents", where)[0]).toMatch(/^SEARCH audit_event USING INDEX audit_event_object /);
    },
  );

  test("not what has merely not ended", () => {
    expect(planOf("sessions", { state: { not: "ended" } })).toContainEqual(expect.stringMatching(/^SCAN/));
  });
});
