/** Importing people over real databases: a large file in the time of one transaction, and two that meet, or meet a hand. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importCsv, type ImportDeps } from "../../gateway/broker/registry/import-csv.js";
import { createCalendar } from "../../gateway/calendar.js";
import { asId, type Actor, type Database, type UnitId, type WebSessionId } from "../../gateway/domain/index.js";
import { ids, openPostgres, openSqlite, type Opened } from "../support/databases.js";
import { createRows, NOW, type Rows } from "../support/rows.js";

const rows: Rows = createRows(ids);

describe.each([
  ["sqlite", openSqlite],
  ["postgres", openPostgres],
] as const)("a file of people on %s", (_name, open) => {
  let opened: Opened<Database>;
  let nodes: readonly [ImportDeps, ImportDeps];
  let unitId: UnitId;
  let admin: Actor;

  beforeAll(async () => {
    opened = await open();
    const depsOver = (database: Database): ImportDeps =>
      ({
        database,
        clock: { now: () => NOW, monotonicUs: () => 0 },
        ids,
        calendar: createCalendar("Asia/Shanghai"),
        policy: { signIn: () => ({ stepUpMs: 600_000 }) },
        vault: { seal: (_kind: string, bound: string) => bound, blind: (texts: readonly string[]) => texts },
        notify: () => undefined,
      }) as unknown as ImportDeps;
    nodes = [depsOver(opened.database), depsOver(await opened.again())];
    await opened.database.write(async (tx) => {
      unitId = asId<UnitId>(ids.next());
      await tx.units.insert({ id: unitId, parentId: null, name: "局", nameKey: "局", state: "active", createdAt: NOW });
      const person = rows.person({ unitId });
      const webSessionId = asId<WebSessionId>(ids.next());
      await tx.people.insert(person);
      await tx.powers.insert(rows.power(person, "security"));
      await tx.webSessions.insert({
        id: webSessionId,
        personId: person.id,
        credentialEpoch: 1,
        createdAt: NOW,
        lastSeenAt: NOW,
        expiresAt: NOW + 3_600_000,
        endedAt: null,
        sourceAddress: "10.0.0.1",
        userAgent: "test",
        steppedUpAt: NOW,
        via: "passkey",
        passkeyId: null,
      });
      const { id: personId, login, displayName, locale, vendorId } = person;
      const held = { power: "security", roles: [], credentialEpoch: 1, sourceAddress: "10.0.0.1" } as const;
      admin = { ...held, personId, login, displayName, locale, unitId, vendorId, webSessionId };
    });
  }, 120_000);
  afterAll(async () => {
    await nodes[1].database.close();
    await opened.close();
  });

  const fileOf = (prefix: string, count: number): Uint8Array => {
    const lines = Array.from({ length: count }, (_, at) => {
      const number = String(at);
      return `${prefix}${number},${prefix}号${number},operator,${prefix.toUpperCase()}ID${number.padStart(6, "0")}`;
    });
    return Buffer.from(`login,name,roles,identity number\n${lines.join("\n")}\n`);
  };
  const load = (node: ImportDeps, bytes: Uint8Array) =>
    importCsv(node, admin, { kind: "people", bytes, dryRun: false });

  it("of two thousand comes in within one transaction", async () => {
    const report = await load(nodes[0], fileOf("big", 2_000));
    expect(report).toMatchObject({ ok: true, value: { created: 2_000, faults: [] } });
    expect(await opened.database.read.people.count({ login: { contains: "big" } })).toBe(2_000);
  });

  it("is made once when the same file comes to two nodes at once", async () => {
    const bytes = fileOf("twin", 100);
    const reports = await Promise.all(nodes.map((node) => load(node, bytes)));
    expect(reports.map((one) => (one.ok ? one.value.created : -1)).sort()).toEqual([0, 100]);
    expect(await opened.database.read.people.count({ login: { contains: "twin" } })).toBe(100);
  });

  it("comes in whole or not at all when a hand enters one of its people meanwhile", async () => {
    for (let round = 0; round < 6; round += 1) {
      const prefix = `r${String(round)}x`;
      const by = rows.person({ unitId, login: `${prefix}57` });
      const [loaded, entered] = await Promise.allSettled([
        load(nodes[0], fileOf(prefix, 100)),
        nodes[1].database.write((tx) => tx.people.insert(by)),
      ]);
      const wholly = loaded.status === "fulfilled" && loaded.value.ok && loaded.value.value.faultsInAll === 0;
      const count = await opened.database.read.people.count({ login: { contains: prefix } });
      const made = wholly && loaded.value.ok ? loaded.value.value.created : 0;
      expect(made + (entered.status === "fulfilled" ? 1 : 0)).toBe(count);
      expect([0, 99, 100]).toContain(made);
    }
  });
});
