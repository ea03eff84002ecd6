/** What both real databases refuse, beyond what the port asks of any: the schema's own rules and careless transactions. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asId } from "../../gateway/domain/index.js";
import type { AuditEvent, Database, Stores, UnitId } from "../../gateway/domain/index.js";
import { auditEntry, ids, openPostgres, openSqlite } from "../support/databases.js";
import type { Opened } from "../support/databases.js";
import { createRows, NOW } from "../support/rows.js";

const rows = createRows(ids);

describe.each([
  ["SQLite", openSqlite],
  ["PostgreSQL", openPostgres],
] as const)("the schema on %s", (_name, open) => {
  let opened: Opened<Database>;
  let database: Database;
  beforeAll(async () => {
    opened = await open();
    database = opened.database;
  });
  afterAll(() => opened?.close());

  it("puts NULL first when rising and last when falling", async () => {
    const unitId = asId<UnitId>(ids.next());
    const dated = [NOW, null, NOW + 5].map((lastFailureAt) => rows.person({ unitId, lastFailureAt }));
    await database.write(async (tx) => {
      for (const person of dated) await tx.people.insert(person);
    });
    const order = async (descending: boolean): Promise<(number | null)[]> =>
      (await database.read.people.find({ unitId }, { orderBy: "lastFailureAt", descending })).map(
        (p) => p.lastFailureAt,
      );
    expect(await order(false)).toEqual([null, NOW, NOW + 5]);
    expect(await order(true)).toEqual([NOW + 5, NOW, null]);
  });

  it("refuses a column the table has not, a condition left undefined and a value it cannot hold", async () => {
    const bad = (where: object): Promise<unknown> => database.read.people.find(where);
    await expect(bad({ 'id" = "id" --': "x" })).rejects.toMatchObject({ code: "internal" });
    await expect(bad({ login: undefined })).rejects.toMatchObject({ code: "internal" });
    await expect(bad({ failures: { gt: undefined } })).rejects.toMatchObject({ code: "internal" });
    await expect(bad({ failures: { near: 1 } })).rejects.toMatchObject({ code: "internal" });
    await expect(bad({ login: 5 })).rejects.toMatchObject({ code: "invalid-input" });
    await expect(database.read.people.find({}, { orderBy: "1;" as never })).rejects.toMatchObject({
      code: "internal",
    });
    await expect(database.read.people.find({}, { limit: -1 })).rejects.toMatchObject({ code: "invalid-input" });
    const insert = (more: object): Promise<void> =>
      database.write((tx) => tx.people.insert({ ...rows.person(), ...more }));
    await expect(insert({ displayName: "a\u0000b" })).rejects.toMatchObject({ code: "invalid-input" });
    await expect(insert({ failures: 1.5 })).rejects.toMatchObject({ code: "invalid-input" });
    await expect(insert({ failures: 2 ** 53 })).rejects.toMatchObject({ code: "invalid-input" });
    await expect(insert({ login: null })).rejects.toMatchObject({ code: "invalid-input" });
    await expect(insert({ extra: 1 })).rejects.toMatchObject({ code: "internal" });
    await expect(insert({ state: "unheard-of" })).rejects.toMatchObject({ code: "internal" });
  });

  it("keeps an auditor without roles, whichever comes first", async () => {
    const [auditor, operator] = [rows.person(), rows.person()];
    const role = (person: typeof auditor) => rows.role(person, "operator");
    const power = (person: typeof auditor, of: "audit" | "system") => rows.power(person, of);
    await database.write(async (tx) => {
      await tx.people.insert(auditor);
      await tx.people.insert(operator);
      await tx.powers.insert(power(auditor, "audit"));
      await tx.roles.insert(role(operator));
    });
    const exclusive = { code: "exclusive-powers" };
    await expect(database.write((tx) => tx.roles.insert(role(auditor)))).rejects.toMatchObject(exclusive);
    await expect(database.write((tx) => tx.powers.insert(power(operator, "audit")))).rejects.toMatchObject(exclusive);
    const another = rows.person();
    await database.write(async (tx) => {
      await tx.people.insert(another);
      await tx.powers.insert(power(another, "system"));
      await tx.powers.insert(power(operator, "system"));
    });
    const rise = database.write((tx) => tx.powers.update(operator.id, { power: "audit" }));
    await expect(rise).rejects.toMatchObject(exclusive);
  });

  it("refuses a whole transaction after a statement that failed, caught or not", async () => {
    const person = rows.person();
    const spoiled = database.write(async (tx) => {
      await tx.people.insert(person);
      await tx.people.update(person.id, { state: "unheard-of" as never }).catch(() => false);
    });
    await expect(spoiled).rejects.toMatchObject({ code: "internal" });
    expect(await database.read.people.get(person.id)).toBeUndefined();
  });

  it("refuses a transaction whose statements were not waited for, and any use of it afterwards", async () => {
    const person = rows.person();
    let kept: Stores | undefined;
    const careless = database.write(async (tx) => {
      kept = tx;
      void tx.people.insert(person).catch(() => undefined);
    });
    await expect(careless).rejects.toMatchObject({ code: "internal" });
    expect(await database.read.people.get(person.id)).toBeUndefined();
    await expect(kept!.people.insert(person)).rejects.toMatchObject({ code: "internal" });
    expect(await database.read.people.get(person.id)).toBeUndefined();
  });

  it("refuses a row that names what does not exist", async () => {
    const orphan = database.write((tx) => tx.accounts.insert(rows.account(ids.next())));
    await expect(orphan).rejects.toMatchObject({ code: "internal" });
  });

  it("says nothing of a row's values in an error", async () => {
    const secret = "$argon2id$very-secret";
    const failing = database.write((tx) =>
      tx.people.insert(rows.person({ passwordHash: secret, state: "odd" as never })),
    );
    const error = await failing.then(
      () => undefined,
      (caught: unknown) => caught as Error,
    );
    const shown = JSON.stringify([error, error?.stack, error?.cause, Object.entries(error?.cause ?? {})]);
    expect(error).toBeInstanceOf(Error);
    expect(shown + String((error?.cause as Error).stack)).not.toContain(secret);
  });

  it("bounds what an outsider can put into an audit event", async () => {
    const flood = auditEntry({ actorName: "x".repeat(10_000_000), detail: { half: "\ud800!" } });
    await database.write((tx) => tx.audit.append(flood));
    const [row] = await database.read.audit.find({ objectId: flood.object.id });
    expect(row!.leaf.length).toBeLessThan(20_000);
    expect((JSON.parse(row!.leaf) as AuditEvent).detail).toEqual({ half: "\ufffd!" });
  });
});
