/** One suite over every `Database`: SQLite, a real PostgreSQL, and the one in memory that unit tests of use cases take. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asId } from "../../gateway/domain/index.js";
import type { AuditEvent, Database, PersonId, Stores, UnitId } from "../../gateway/domain/index.js";
import { auditEntry, ids, nodeId, openMemory, openPostgres, openSqlite } from "../support/databases.js";
import type { Opened } from "../support/databases.js";
import { insertOneOfEach } from "../support/one-of-each.js";
import { createRows, NOW } from "../support/rows.js";

const rows = createRows(ids);

describe.each([
  ["SQLite", openSqlite],
  ["PostgreSQL", openPostgres],
  ["memory", openMemory],
] as const)("stores on %s", (_name, open) => {
  let opened: Opened<Database>;
  let database: Database;
  beforeAll(async () => {
    opened = await open();
    database = opened.database;
  });
  afterAll(() => opened?.close());

  it("gives back every column of every table as it was written", async () => {
    const written = await database.write((tx) => insertOneOfEach(tx, rows, ids));
    expect(written.size).toBe(39);
    for (const [name, row] of written) {
      const store = database.read[name] as unknown as { get(id: string): Promise<unknown> };
      expect(await store.get(row.id), name).toEqual(row);
      expect(await store.get("absent"), name).toBeUndefined();
    }
  });

  it("takes tickets away by their end, uses each up once, and says how many went", async () => {
    const ticket = (expiresAt: number): Parameters<Stores["tickets"]["insert"]>[0] => ({
      id: ids.next(),
      webSessionId: asId(ids.next()),
      personId: asId("p"),
      accountId: asId("a"),
      sessionId: null,
      choices: { width: 800, height: 600, dpi: 96, keyboardLayout: "failsafe", timeZone: "Europe/Berlin" },
      createdAt: NOW,
      expiresAt,
      usedAt: null,
    });
    const [old, edge, fresh] = [ticket(5), ticket(10), ticket(NOW + 99_000)];
    await database.write(async (tx) => {
      for (const one of [old, edge, fresh]) await tx.tickets.insert(one);
    });
    const use = (): Promise<boolean> =>
      database.write((tx) => tx.tickets.update(fresh.id, { usedAt: NOW }, { usedAt: null }));
    expect((await Promise.all([use(), use(), use()])).filter(Boolean)).toHaveLength(1);
    expect(await database.write((tx) => tx.tickets.removeOlder(10))).toBe(1);
    expect(await database.read.tickets.get(old.id)).toBeUndefined();
    expect(await database.read.tickets.get(edge.id)).toEqual(edge);
    await expect(database.read.tickets.removeOlder(10)).rejects.toMatchObject({ code: "internal" });
  });

  it("finds by equality, null, lists, ranges and parts of a text", async () => {
    const names = ["Mixed_CASE 100%", "mixed-case 100", "back\\slash", "other"];
    const unitId = asId<UnitId>(ids.next());
    const people = names.map((displayName, index) =>
      rows.person({ unitId, displayName, failures: index, lastFailureAt: index === 0 ? null : NOW + index }),
    );
    await database.write(async (tx) => {
      for (const person of people) await tx.people.insert(person);
    });
    const found = async (where: Parameters<Stores["people"]["find"]>[0]): Promise<number[]> =>
      (await database.read.people.find({ unitId, ...where }, { orderBy: "failures" })).map((row) => row.failures);
    expect(await found({})).toEqual([0, 1, 2, 3]);
    expect(await found({ failures: 2 })).toEqual([2]);
    expect(await found({ failures: { in: [0, 3] } })).toEqual([0, 3]);
    expect(await found({ failures: { in: [] } })).toEqual([]);
    expect(await found({ failures: { not: 1 } })).toEqual([0, 2, 3]);
    expect(await found({ failures: { gt: 0, lte: 2 } })).toEqual([1, 2]);
    expect(await found({ failures: { gte: 2 } })).toEqual([2, 3]);
    expect(await found({ failures: { lt: 1 } })).toEqual([0]);
    expect(await found({ lastFailureAt: null })).toEqual([0]);
    expect(await found({ lastFailureAt: { not: null } })).toEqual([1, 2, 3]);
    expect(await found({ lastFailureAt: { not: NOW + 1 } })).toEqual([2, 3]);
    expect(await found({ displayName: { contains: "mixed_case" } })).toEqual([0]);
    expect(await found({ displayName: { contains: "00%" } })).toEqual([0]);
    expect(await found({ displayName: { contains: "k\\S" } })).toEqual([2]);
    expect(await found({ displayName: { contains: "' OR 1=1 --" } })).toEqual([]);
    expect(await database.read.people.count({ unitId, failures: { gt: 0 } })).toBe(3);
  });

  it("orders, ends at the limit and never answers more than a thousand", async () => {
    const unitId = asId<UnitId>(ids.next());
    await database.write(async (tx) => {
      for (let index = 0; index < 1_010; index += 1) {
        await tx.units.insert(rows.unit({ parentId: unitId, name: String(index % 7), createdAt: index }));
      }
    });
    const created = async (options: Parameters<Stores["units"]["find"]>[1]): Promise<number[]> =>
      (await database.read.units.find({ parentId: unitId }, options)).map((row) => row.createdAt);
    expect(await created({ orderBy: "createdAt", descending: true, limit: 3, offset: 1 })).toEqual([1008, 1007, 1006]);
    expect(await created({})).toHaveLength(100);
    expect(await created({ limit: 5_000 })).toHaveLength(1_000);
    expect((await created({ orderBy: "name", limit: 3 })).map((at) => at % 7)).toEqual([0, 0, 0]);
    expect(await created({ limit: 2 })).toEqual([0, 1]);
  });

  it("refuses a taken id and a taken unique value, and the transaction goes on", async () => {
    const person = rows.person();
    const asset = rows.asset();
    const request = rows.request();
    const approval = rows.approval(request.id);
    const key = rows.personKey(person.id);
    const session = rows.session();
    await database.write(async (tx) => {
      await tx.people.insert(person);
      await tx.assets.insert(asset);
      await tx.requests.insert(request);
      await tx.approvals.insert(approval);
      await tx.personKeys.insert(key);
      await tx.sessions.insert(session);
      await tx.channels.insert(rows.channel(session.id, 7));
      const taken = { code: "conflict" };
      await expect(tx.people.insert(person)).rejects.toMatchObject(taken);
      await expect(tx.people.insert(rows.person({ login: person.login }))).rejects.toMatchObject(taken);
      await expect(tx.assets.insert(rows.asset({ name: asset.name }))).rejects.toMatchObject(taken);
      await expect(
        tx.approvals.insert(rows.approval(request.id, { approverId: approval.approverId })),
      ).rejects.toMatchObject(taken);
      await expect(
        tx.personKeys.insert(rows.personKey(person.id, { fingerprint: key.fingerprint })),
      ).rejects.toMatchObject(taken);
      await expect(tx.channels.insert(rows.channel(session.id, 7))).rejects.toMatchObject(taken);
      await expect(tx.sessions.insert(rows.session({ recordingId: session.recordingId }))).rejects.toMatchObject(taken);
      await tx.personKeys.update(key.id, { retiredAt: NOW });
      await tx.personKeys.insert(rows.personKey(person.id, { fingerprint: key.fingerprint }));
    });
    expect(await database.read.personKeys.count({ fingerprint: key.fingerprint })).toBe(2);
  });

  it("refuses one power more, and one open alert more of the same subject", async () => {
    const person = rows.person();
    const alert = rows.alert();
    await database.write(async (tx) => {
      await tx.people.insert(person);
      await tx.powers.insert(rows.power(person, "system"));
      await tx.alerts.insert(alert);
    });
    const second = database.write((tx) => tx.powers.insert(rows.power(person, "security")));
    await expect(second).rejects.toMatchObject({ code: "conflict" });
    const again = database.write((tx) => tx.alerts.insert(rows.alert({ subject: alert.subject })));
    await expect(again).rejects.toMatchObject({ code: "conflict" });
    await database.write(async (tx) => {
      await tx.alerts.update(alert.id, { state: "acknowledged" });
      await tx.alerts.insert(rows.alert({ subject: alert.subject }));
    });
  });

  it("compares and sets in one step, so that one of many at once wins", async () => {
    const person = rows.person({ totpLastStep: 10 });
    await database.write((tx) => tx.people.insert(person));
    const take = (): Promise<boolean> =>
      database.write((tx) => tx.people.update(person.id, { totpLastStep: 11 }, { totpLastStep: { lt: 11 } }));
    const taken = await Promise.all(Array.from({ length: 8 }, take));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await database.write((tx) => tx.people.update(person.id, { state: "disabled" }, { state: "retired" }))).toBe(
      false,
    );
    expect(await database.write((tx) => tx.people.update(asId<PersonId>("absent"), { failures: 1 }))).toBe(false);
    expect((await database.read.people.get(person.id))?.state).toBe("active");
  });

  it("acts as if each transaction were alone: no two spend the same thing", async () => {
    const unitId = asId<UnitId>(ids.next());
    const spend = (): Promise<boolean> =>
      database.write(async (tx) => {
        if ((await tx.people.count({ unitId })) >= 3) return false;
        await tx.people.insert(rows.person({ unitId }));
        return true;
      });
    const spent = await Promise.all(Array.from({ length: 6 }, spend));
    expect(spent.filter(Boolean)).toHaveLength(3);
    expect(await database.read.people.count({ unitId })).toBe(3);
  });

  it("keeps two good transactions beside one that rolls back", async () => {
    const unitId = asId<UnitId>(ids.next());
    const work = (fails: boolean): Promise<void> =>
      database.write(async (tx) => {
        await tx.people.insert(rows.person({ unitId }));
        await pause(5);
        await tx.people.insert(rows.person({ unitId }));
        if (fails) throw new Error("changed my mind");
      });
    const outcomes = await Promise.allSettled([work(false), work(true), work(false)]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await database.read.people.count({ unitId })).toBe(4);
  });

  it("shows readers the state before a transaction until it commits, and the writer its own", async () => {
    const person = rows.person();
    await database.write(async (tx) => {
      await tx.people.insert(person);
      expect(await tx.people.get(person.id)).toEqual(person);
      expect(await database.read.people.get(person.id)).toBeUndefined();
      expect(await database.read.people.count({ id: person.id })).toBe(0);
    });
    expect(await database.read.people.get(person.id)).toEqual(person);
  });

  it("refuses writes outside a transaction", async () => {
    const internal = { code: "internal" };
    await expect(database.read.people.insert(rows.person())).rejects.toMatchObject(internal);
    await expect(database.read.people.update(asId<PersonId>("x"), { failures: 1 })).rejects.toMatchObject(internal);
    await expect(database.read.roles.remove("x")).rejects.toMatchObject(internal);
    await expect(database.read.audit.append(auditEntry())).rejects.toMatchObject(internal);
  });

  it("removes a power and a role, and says whether there was one", async () => {
    const [person, another] = [rows.person(), rows.person()];
    await database.write(async (tx) => {
      for (const one of [person, another]) {
        await tx.people.insert(one);
        await tx.powers.insert(rows.power(one, "audit"));
      }
    });
    expect(await database.write((tx) => tx.powers.remove(person.id))).toBe(true);
    expect(await database.write((tx) => tx.powers.remove(person.id))).toBe(false);
    expect(await database.read.powers.get(person.id)).toBeUndefined();
  });

  it("writes an audit event with its change or not at all", async () => {
    const kept = auditEntry({
      actorName: "mallory\u0000\u001b[2J",
      detail: { b: 1, a: ["x", 2], c: null },
      decidedBy: "rule-7",
    });
    const lost = auditEntry();
    await database.write((tx) => tx.audit.append(kept));
    const failing = database.write(async (tx) => {
      await tx.audit.append(lost);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await database.read.audit.find({ objectId: lost.object.id })).toEqual([]);
    const [row] = await database.read.audit.find({ objectId: kept.object.id });
    const event = JSON.parse(row!.leaf) as AuditEvent;
    expect(event).toEqual({
      v: 1,
      id: row!.id,
      at: NOW,
      node: nodeId,
      verb: "person.created",
      actor: { id: null, name: "mallory\u0000\u001b[2J" },
      object: kept.object,
      source: "10.0.0.9",
      decidedBy: "rule-7",
      detail: { a: ["x", 2], b: 1, c: null },
    });
    expect(row!.leaf.startsWith('{"actor":{"id":null,"name":')).toBe(true);
    expect(row!.leaf).toContain('"detail":{"a":["x",2],"b":1,"c":null}');
  });

  it("tells with an audit event which unit its object belongs to", async () => {
    const [top, vendor] = [rows.unit(), rows.vendor()];
    const contract = rows.contract(vendor.id);
    const [person, outsider] = [rows.person(), rows.person({ vendorId: vendor.id, contractId: contract.id })];
    const [asset, session] = [rows.asset(), rows.session()];
    const channel = rows.channel(session.id, 1);
    const given = asId<UnitId>(ids.next());
    const objects = [
      ["unit", top.id, top.id],
      ["person", person.id, person.unitId],
      ["person", outsider.id, contract.unitId],
      ["vendor", vendor.id, vendor.unitId],
      ["contract", contract.id, contract.unitId],
      ["asset", asset.id, asset.unitId],
      ["session", session.id, session.unitId],
      ["channel", channel.id, session.unitId],
      ["person", "unknown\u0000", null],
      ["asset", "x".repeat(10_000), null],
      ["policy", ids.next(), null],
    ] as const;
    await database.write(async (tx) => {
      await tx.units.insert(top);
      await tx.vendors.insert(vendor);
      await tx.contracts.insert(contract);
      for (const one of [person, outsider]) await tx.people.insert(one);
      await tx.assets.insert(asset);
      await tx.sessions.insert(session);
      await tx.channels.insert(channel);
      for (const [kind, id] of objects) await tx.audit.append(auditEntry({ object: { kind, id } }));
      await tx.audit.append(auditEntry({ object: { kind: "asset", id: "given" }, unitId: given }));
      await tx.audit.append(auditEntry({ object: { kind: "asset", id: asset.id }, unitId: null, decidedBy: "none" }));
    });
    for (const [kind, id, unitId] of objects) {
      const [row] = await database.read.audit.find({ objectId: id.replaceAll("\u0000", "\uFFFD") }, { orderBy: "id" });
      expect(row?.unitId, `${kind} ${id.slice(0, 40)}`).toBe(unitId);
    }
    expect(await database.read.audit.find({ unitId: given })).toHaveLength(1);
    const ofAsset = await database.read.audit.find({ objectId: asset.id }, { orderBy: "id" });
    expect(ofAsset.map((row) => row.unitId)).toEqual([asset.unitId, null]);
  });

  it("searches only the recordings of the units asked for", async () => {
    const token = "00000000000000d4";
    const other = "00000000000000d5";
    const [here, there] = [rows.recording(), rows.recording()];
    const entry = (recordingId: string, at: number, tokens: string[]) => {
      return { id: ids.next(), recordingId, kind: "command" as const, atUs: at, at, sealed: "s", tokens };
    };
    await database.write(async (tx) => {
      await tx.recordings.insert(here);
      await tx.recordings.insert(there);
      await tx.search.add([
        entry(here.id, 1, [token, other]),
        entry(there.id, 2, [token]),
        entry(there.id, 3, [token, other]),
        entry(ids.next(), 4, [token, other]),
      ]);
    });
    const found = async (query: Partial<Parameters<Stores["search"]["find"]>[0]>): Promise<number[]> =>
      (await database.read.search.find({ tokens: [token], limit: 10, ...query })).map((row) => row.at);
    expect(await found({})).toEqual([4, 3, 2, 1]);
    expect(await found({ unitIds: [here.unitId] })).toEqual([1]);
    expect(await found({ unitIds: [there.unitId], tokens: [token, other] })).toEqual([3]);
    expect(await found({ unitIds: [here.unitId, there.unitId], limit: 2 })).toEqual([3, 2]);
    expect(await found({ unitIds: [here.unitId], recordingIds: [there.id] })).toEqual([]);
    expect(await found({ unitIds: [there.unitId], tokens: [], recordingIds: [there.id] })).toEqual([3, 2]);
    expect(await found({ unitIds: [] })).toEqual([]);
  });

  it("answers a ping", async () => {
    await expect(database.ping()).resolves.toBeUndefined();
  });

  it("finds the newest entries that carry every token", async () => {
    const [one, two, three] = ["00000000000000a1", "ffffffffffffffb2", "80000000000000c3"] as const;
    const [first, second] = [ids.next(), ids.next()];
    const search = (recordingId: string, kind: "command" | "screen", at: number, tokens: string[]) => ({
      id: ids.next(),
      recordingId,
      kind,
      atUs: at,
      at,
      sealed: `sealed ${at}`,
      tokens,
    });
    const entries = [
      search(first, "command", 1, [one, two, two]),
      search(first, "command", 2, [one]),
      search(second, "command", 3, [two, one, three]),
      search(second, "screen", 4, [one, two]),
    ];
    await database.write((tx) => tx.search.add(entries));
    const found = async (query: Parameters<Stores["search"]["find"]>[0]): Promise<number[]> =>
      (await database.read.search.find(query)).map((row) => row.at);
    expect(await found({ tokens: [one, two], limit: 10 })).toEqual([4, 3, 1]);
    expect(await found({ tokens: [one, two], kind: "command", limit: 10 })).toEqual([3, 1]);
    expect(await found({ tokens: [one], kind: "command", limit: 2 })).toEqual([3, 2]);
    expect(await found({ tokens: [one], recordingIds: [first], limit: 10 })).toEqual([2, 1]);
    expect(await found({ tokens: [one], recordingIds: [], limit: 10 })).toEqual([]);
    expect(await found({ tokens: [one], before: 3, limit: 10 })).toEqual([2, 1]);
    expect(await found({ tokens: [one, "0000000000000000"], limit: 10 })).toEqual([]);
    expect((await database.read.search.ofRecording(first, ["command"])).map((row) => row.at)).toEqual([1, 2]);
    const { tokens: _tokens, ...bare } = entries[2]!;
    expect(await database.read.search.find({ tokens: [three], limit: 1 })).toEqual([bare]);
    await database.write((tx) => tx.search.removeRecording(first));
    expect(await found({ tokens: [one], limit: 10 })).toEqual([4, 3]);
    expect(await database.read.search.ofRecording(first, ["command", "file", "screen"])).toEqual([]);
  });
});
