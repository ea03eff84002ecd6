/**
 * What no code may get round about powers and roles, on both real databases: by the stores, and by raw SQL on a connection
 * of its own. On PostgreSQL also by two transactions at once, at every isolation level.
 */
import { setTimeout as pause } from "node:timers/promises";
import { DataSource, type QueryRunner } from "typeorm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asId } from "../../gateway/domain/index.js";
import type { Person, Power, PowerHolding, Role, RoleHolding, UnitId } from "../../gateway/domain/index.js";
import type { StorageDatabase } from "../../gateway/storage/index.js";
import { auditEntry, ids, openPostgres, openSqlite } from "../support/databases.js";
import type { Opened } from "../support/databases.js";
import { insertOneOfEach } from "../support/one-of-each.js";
import { createRows, NOW } from "../support/rows.js";

const rows = createRows(ids);
const DATABASES = [
  ["SQLite", openSqlite],
  ["PostgreSQL", openPostgres],
] as const;

class House {
  readonly #opened: Opened<StorageDatabase>;
  readonly raw: DataSource;
  private constructor(opened: Opened<StorageDatabase>, raw: DataSource) {
    this.#opened = opened;
    this.raw = raw;
  }
  static async open(of: () => Promise<Opened<StorageDatabase>>): Promise<House> {
    const opened = await of();
    const path = /^sqlite:(.*)$/.exec(opened.url)?.[1];
    const source =
      path === undefined
        ? new DataSource({ type: "postgres", url: opened.url })
        : new DataSource({ type: "better-sqlite3", database: path });
    return new House(opened, await source.initialize());
  }
  get database(): StorageDatabase {
    return this.#opened.database;
  }
  async close(): Promise<void> {
    await this.raw.destroy();
    await this.#opened.close();
  }
  async person(more: Partial<Person> = {}): Promise<Person> {
    const person = rows.person(more);
    await this.database.write((tx) => tx.people.insert(person));
    return person;
  }
  async holder(power: Power, more: Partial<Person> = {}, held: Partial<PowerHolding> = {}): Promise<Person> {
    const person = await this.person(more);
    await this.give(person, power, held);
    return person;
  }
  give(person: Person, power: Power, more: Partial<PowerHolding> = {}): Promise<void> {
    return this.database.write((tx) => tx.powers.insert(rows.power(person, power, more)));
  }
  role(person: Person, role: Role, more: Partial<RoleHolding> = {}): Promise<void> {
    return this.database.write((tx) => tx.roles.insert(rows.role(person, role, more)));
  }
  sql(statement: string): Promise<unknown> {
    return this.raw.query(statement);
  }
}

/** Whose rows are evidence. */
const KEPT = [
  "unit",
  "person",
  "proposal",
  "signature",
  "break_glass_seal",
  "legal_hold",
  "contract",
  "vendor",
  "review_item",
  "scim_token",
] as const;

const code = (word: string): object => ({ code: word });
const words = (word: string): RegExp => new RegExp(`gatehouse: ${word}`);

describe.each(DATABASES)("who may hold what on %s", (_name, open) => {
  let house: House;
  beforeAll(async () => {
    house = await House.open(open);
    for (const power of ["system", "security", "audit"] as const) await house.holder(power);
  });
  afterAll(() => house?.close());

  it("lets an auditor hold no role, and a confirmer nothing else", async () => {
    const exclusive = code("exclusive-powers");
    const [auditor, confirmer, operator, officer] = [
      await house.holder("audit"),
      await house.person(),
      await house.person(),
      await house.holder("security"),
    ];
    await house.role(confirmer, "confirmer");
    await house.role(confirmer, "confirmer", { id: ids.next(), unitId: asId(ids.next()) });
    await house.role(operator, "operator");
    await house.role(operator, "approver");
    for (const role of ["operator", "approver", "confirmer"] as const)
      await expect(house.role(auditor, role)).rejects.toMatchObject(exclusive);
    for (const role of ["operator", "approver"] as const)
      await expect(house.role(confirmer, role)).rejects.toMatchObject(exclusive);
    for (const power of ["system", "security", "audit"] as const)
      await expect(house.give(confirmer, power)).rejects.toMatchObject(exclusive);
    await expect(house.role(operator, "confirmer")).rejects.toMatchObject(exclusive);
    await expect(house.role(officer, "confirmer")).rejects.toMatchObject(exclusive);
    await expect(house.give(operator, "audit")).rejects.toMatchObject(exclusive);
    const turned = house.sql(`UPDATE "role_holding" SET "role" = 'confirmer' WHERE "person_id" = '${operator.id}'`);
    await expect(turned).rejects.toThrow(words("exclusive-powers"));
    const audits = house.sql(
      `UPDATE "power_holding" SET "power" = 'audit', "id" = '${operator.id}' WHERE "id" = '${officer.id}'`,
    );
    await expect(audits).rejects.toThrow(words("exclusive-powers"));
    const moved = `UPDATE "role_holding" SET "person_id" = '${auditor.id}' WHERE "person_id" = '${operator.id}'`;
    await expect(house.sql(moved)).rejects.toThrow(words("exclusive-powers"));
  });

  it("lets a vendor's person be an operator and no more, whichever comes first", async () => {
    const vendorId = asId<never>(ids.next());
    const outsider = await house.person({ vendorId });
    await house.role(outsider, "operator");
    await expect(house.give(outsider, "system")).rejects.toMatchObject(code("vendor-person"));
    for (const role of ["approver", "confirmer"] as const) {
      const refused = role === "approver" ? "vendor-person" : /vendor-person|exclusive-powers/;
      const given = house.role(outsider, role);
      await expect(given).rejects.toMatchObject({ code: expect.stringMatching(refused) as string });
    }
    const raised = `UPDATE "role_holding" SET "role" = 'approver' WHERE "person_id" = '${outsider.id}'`;
    await expect(house.sql(raised)).rejects.toThrow(words("vendor-person"));

    const [approver, officer] = [await house.person(), await house.holder("system")];
    await house.role(approver, "approver");
    const passed = house.sql(`UPDATE "power_holding" SET "id" = '${outsider.id}' WHERE "id" = '${officer.id}'`);
    await expect(passed).rejects.toThrow(words("vendor-person"));
    for (const person of [approver, officer]) {
      const sold = house.database.write((tx) => tx.people.update(person.id, { vendorId }));
      await expect(sold).rejects.toMatchObject(code("vendor-person"));
      const raw = house.sql(`UPDATE "person" SET "vendor_id" = 'v' WHERE "id" = '${person.id}'`);
      await expect(raw).rejects.toThrow(words("vendor-person"));
    }
    const late = rows.person({ vendorId });
    const before = house.database.write(async (tx) => {
      await tx.roles.insert(rows.role(late, "approver"));
      await tx.people.insert(late);
    });
    await expect(before).rejects.toMatchObject(code("vendor-person"));
  });

  it("never lets the last who can use a power lose it or become unable", async () => {
    const last = code("last-of-power");
    const [first] = await house.database.read.powers.find({ power: "audit" });
    for (const { id } of await house.database.read.powers.find({ power: "audit" }))
      if (id !== first!.id) await house.database.write((tx) => tx.powers.remove(id));
    const only = first!.id;
    await house.holder("audit", { state: "disabled" });
    await house.holder("audit", { totpEnrolledAt: null });
    await house.holder("audit", { passwordHash: null });
    await expect(house.database.write((tx) => tx.powers.remove(only))).rejects.toMatchObject(last);
    for (const patch of [
      { state: "disabled" },
      { state: "retired" },
      { totpEnrolledAt: null },
      { passwordHash: null },
    ] as const) {
      const unable = house.database.write((tx) => tx.people.update(only, patch));
      await expect(unable, JSON.stringify(patch)).rejects.toMatchObject(last);
    }
    for (const statement of [
      `DELETE FROM "power_holding" WHERE "power" = 'audit'`,
      `UPDATE "power_holding" SET "power" = 'system' WHERE "id" = '${only}'`,
      `UPDATE "person" SET "state" = 'retired' WHERE "id" = '${only}'`,
    ])
      await expect(house.sql(statement), statement).rejects.toThrow(words("last-of-power"));
    const held = await house.database.read.people.get(only);
    await house.database.write((tx) => tx.people.update(only, { passwordHash: "$argon2id$new" }));
    await house.holder("audit", { passwordHash: null, passwordAt: "ldap" });
    expect(await house.database.write((tx) => tx.people.update(only, { state: "disabled" }))).toBe(true);
    expect(held?.state).toBe("active");
  });

  it("counts who comes by a provider with a second factor here as one who can act", async () => {
    const came = await house.holder("system", { passwordHash: null, passwordAt: "oidc" });
    for (const { id } of await house.database.read.powers.find({ power: "system" }))
      if (id !== came.id) await house.database.write((tx) => tx.powers.remove(id));
    const gone = house.database.write((tx) => tx.people.update(came.id, { state: "disabled" }));
    await expect(gone).rejects.toMatchObject(code("last-of-power"));
    await house.holder("system");
  });

  it("moves no unit: a power reaches as far as its unit does", async () => {
    const top = rows.unit();
    const below = rows.unit({ parentId: top.id });
    await house.database.write(async (tx) => {
      await tx.units.insert(top);
      await tx.units.insert(below);
    });
    for (const to of ["NULL", `'${below.id}'`])
      await expect(house.sql(`UPDATE "unit" SET "parent_id" = ${to} WHERE "id" = '${below.id}'`)).rejects.toThrow(
        words("append-only"),
      );
  });

  it("counts for the whole installation only who holds a power at the top", async () => {
    const top = rows.unit();
    const below = rows.unit({ parentId: top.id });
    await house.database.write(async (tx) => {
      await tx.units.insert(top);
      await tx.units.insert(below);
    });
    const chief = await house.holder("system", { unitId: top.id });
    for (const { id } of await house.database.read.powers.find({ power: "system" }))
      if (id !== chief.id) await house.database.write((tx) => tx.powers.remove(id));
    const local = await house.holder("system", { unitId: below.id });
    await expect(house.database.write((tx) => tx.powers.remove(chief.id))).rejects.toMatchObject(code("last-of-power"));
    const moved = house.database.write((tx) => tx.powers.update(chief.id, { unitId: below.id }));
    await expect(moved).rejects.toMatchObject(code("last-of-power"));
    expect(await house.database.write((tx) => tx.powers.remove(local.id))).toBe(true);
  });
});

describe.each(DATABASES)("two persons on %s", (_name, open) => {
  let house: House;
  let first: Person;
  let second: Person;
  let confirmer: Person;
  beforeAll(async () => {
    house = await House.open(open);
    first = await house.holder("security");
    second = await house.holder("security");
    confirmer = await house.person();
    await house.role(confirmer, "confirmer");
    await house.database.write((tx) => tx.settings.insert({ id: "second-person", value: "1" }));
  });
  afterAll(() => house?.close());

  it("name whoever decides: another one who can act, and never the person himself", async () => {
    const [person, system, unable, operator] = [
      await house.person(),
      await house.person(),
      await house.person({ state: "disabled" }),
      await house.person(),
    ];
    const by = (grantedBy: Person | null, confirmedBy: Person | null) => ({
      grantedBy: grantedBy?.id ?? null,
      confirmedBy: confirmedBy?.id ?? null,
    });
    await house.role(operator, "operator", by(first, null));
    await house.give(system, "system", by(first, second));
    await house.give(unable, "security", by(first, confirmer));
    const bad = [
      by(first, null),
      by(null, null),
      by(null, second),
      by(first, first),
      by(first, person),
      by(person, second),
      by(first, system),
      by(first, unable),
      by(first, operator),
      { grantedBy: first.id, confirmedBy: asId<Person["id"]>(ids.next()) },
    ];
    for (const [index, names] of bad.entries()) {
      const word = code("needs-second-person");
      await expect(house.give(person, "audit", names), `power ${index}`).rejects.toMatchObject(word);
      await expect(house.role(person, "approver", names), `approver ${index}`).rejects.toMatchObject(word);
      await expect(house.role(person, "confirmer", names), `confirmer ${index}`).rejects.toMatchObject(word);
    }
    await house.role(person, "approver", by(first, second));
    for (const statement of [
      `INSERT INTO "power_holding" ("id", "power", "unit_id", "granted_by", "created_at") VALUES ('${person.id}', 'system', 'u', '${first.id}', 1)`,
      `UPDATE "role_holding" SET "confirmed_by" = NULL WHERE "person_id" = '${person.id}'`,
      `UPDATE "role_holding" SET "role" = 'approver' WHERE "person_id" = '${operator.id}'`,
      `UPDATE "power_holding" SET "unit_id" = 'elsewhere' WHERE "id" = '${first.id}'`,
      `UPDATE "setting" SET "value" = '' WHERE "id" = 'second-person'`,
      `UPDATE "setting" SET "id" = 'x' WHERE "id" = 'second-person'`,
      `DELETE FROM "setting"`,
    ])
      await expect(house.sql(statement), statement).rejects.toThrow(words("needs-second-person"));
  });

  it("gave that and nothing wider: their names pass on to no other right, unit or person", async () => {
    const by = { grantedBy: first.id, confirmedBy: second.id };
    const [approver, other, officer] = [await house.person(), await house.person(), await house.person()];
    await house.give(await house.person(), "system", by);
    await house.give(officer, "system", by);
    await house.role(approver, "approver", by);
    const before = [await house.sql(`SELECT * FROM "power_holding"`), await house.sql(`SELECT * FROM "role_holding"`)];
    for (const statement of [
      `UPDATE "role_holding" SET "unit_id" = 'wider' WHERE "person_id" = '${approver.id}'`,
      `UPDATE "role_holding" SET "role" = 'confirmer' WHERE "person_id" = '${approver.id}'`,
      `UPDATE "role_holding" SET "person_id" = '${other.id}' WHERE "person_id" = '${approver.id}'`,
      `UPDATE "role_holding" SET "id" = 'x' WHERE "person_id" = '${approver.id}'`,
      `UPDATE "power_holding" SET "power" = 'security' WHERE "id" = '${officer.id}'`,
      `UPDATE "power_holding" SET "unit_id" = 'wider' WHERE "id" = '${officer.id}'`,
      `UPDATE "power_holding" SET "id" = '${other.id}' WHERE "id" = '${officer.id}'`,
    ])
      await expect(house.sql(statement), statement).rejects.toThrow(words("needs-second-person"));
    const after = [await house.sql(`SELECT * FROM "power_holding"`), await house.sql(`SELECT * FROM "role_holding"`)];
    expect(after).toEqual(before);
  });

  it("stand behind an envelope, whose use gives its power at that moment and no other", async () => {
    const seal = {
      id: ids.next(),
      power: "audit" as const,
      hash: ids.next(),
      sealedAt: NOW,
      sealedBy: first.id,
      confirmedBy: second.id,
      shownAt: null,
      usedAt: null,
      voidAt: null,
    };
    const nobody = { ...seal, id: ids.next(), hash: ids.next(), confirmedBy: asId<Person["id"]>(ids.next()) };
    const made = house.database.write((tx) => tx.breakGlassSeals.insert(nobody));
    await expect(made).rejects.toMatchObject(code("needs-second-person"));
    await house.database.write((tx) => tx.breakGlassSeals.insert(seal));
    await house.database.write((tx) => tx.people.update(second.id, { state: "disabled" }));
    const names = { grantedBy: first.id, confirmedBy: second.id };
    const rescuer = await house.person();
    const wrong = code("needs-second-person");
    await expect(house.give(rescuer, "audit", names)).rejects.toMatchObject(wrong);
    await house.database.write((tx) => tx.breakGlassSeals.update(seal.id, { usedAt: NOW + 5 }));
    await expect(house.give(rescuer, "audit", names)).rejects.toMatchObject(wrong);
    await expect(house.give(rescuer, "system", { ...names, createdAt: NOW + 5 })).rejects.toMatchObject(wrong);
    await house.give(rescuer, "audit", { ...names, createdAt: NOW + 5 });
    await house.database.write((tx) => tx.people.update(second.id, { state: "active" }));
    const again = house.database.write((tx) => tx.breakGlassSeals.update(seal.id, { usedAt: NOW + 9 }));
    await expect(again).rejects.toMatchObject(code("internal"));
  });
});

describe.each(DATABASES)("what was decided, on %s,", (_name, open) => {
  let house: House;
  beforeAll(async () => {
    house = await House.open(open);
  });
  afterAll(() => house?.close());

  it("is never deleted, and a proposal says what it said", async () => {
    const [proposer, other] = [asId<Person["id"]>(ids.next()), asId<Person["id"]>(ids.next())];
    const proposal = rows.proposal({ proposedBy: proposer });
    const person = await house.person();
    const vendor = rows.vendor();
    await house.database.write(async (tx) => {
      await tx.proposals.insert(proposal);
      await tx.vendors.insert(vendor);
      await tx.contracts.insert(rows.contract(vendor.id));
      await tx.signatures.insert({
        id: asId(ids.next()),
        personId: person.id,
        kind: "recording",
        digest: "d",
        locale: "en",
        signedAt: NOW,
        sourceAddress: "::1",
      });
      await tx.breakGlassSeals.insert({
        id: ids.next(),
        power: "audit",
        hash: "h",
        sealedAt: NOW,
        sealedBy: proposer,
        confirmedBy: other,
        shownAt: null,
        usedAt: null,
        voidAt: null,
      });
      await tx.legalHolds.insert({
        id: "hold",
        unitId: asId<UnitId>("u"),
        sessionId: "s",
        reason: "r",
        placedBy: proposer,
        placedAt: NOW,
        releasedBy: null,
        releaseConfirmedBy: null,
        releasedAt: null,
      });
    });
    const event = auditEntry({ object: { kind: "vendor", id: vendor.id } });
    await house.database.write(async (tx) => {
      await tx.audit.append(event);
      await insertOneOfEach(tx, rows, ids);
    });
    const told = house.sql(`UPDATE "audit_event" SET "seq" = 9, "unit_id" = NULL WHERE "object_id" = '${vendor.id}'`);
    await expect(told).rejects.toThrow(words("append-only"));
    for (const table of [...KEPT, "audit_event"])
      await expect(house.sql(`DELETE FROM "${table}"`), table).rejects.toThrow(words("append-only"));
    const mine = `"id" = '${proposal.id}'`;
    for (const set of [
      `"content" = '[]'`,
      `"digest" = 'x'`,
      `"proposed_by" = '${other}'`,
      `"kind" = 'policy.change'`,
      `"subject" = 'person:x'`,
      `"lapses_at" = 1`,
    ])
      await expect(house.sql(`UPDATE "proposal" SET ${set} WHERE ${mine}`), set).rejects.toThrow(words("append-only"));
    await expect(house.sql(`UPDATE "signature" SET "digest" = 'x'`)).rejects.toThrow(words("append-only"));
    await expect(house.sql(`UPDATE "legal_hold" SET "session_id" = 'x'`)).rejects.toThrow(words("append-only"));
    await expect(house.sql(`UPDATE "legal_hold" SET "released_at" = 1, "released_by" = 'a'`)).rejects.toThrow();
    const decide = (patch: object): Promise<boolean> =>
      house.database.write((tx) => tx.proposals.update(proposal.id, patch));
    await expect(decide({ state: "confirmed", decidedBy: proposer })).rejects.toMatchObject(code("internal"));
    await expect(decide({ state: "rejected", decidedBy: proposer })).rejects.toMatchObject(code("internal"));
    await expect(decide({ state: "confirmed" })).rejects.toMatchObject(code("internal"));
    expect(await decide({ state: "confirmed", decidedBy: other, decidedAt: NOW })).toBe(true);
    await expect(decide({ state: "pending", decidedBy: null })).rejects.toMatchObject(code("internal"));
    const twin = rows.proposal({ subject: proposal.subject });
    await house.database.write((tx) => tx.proposals.insert(twin));
    const third = house.database.write((tx) => tx.proposals.insert(rows.proposal({ subject: twin.subject })));
    await expect(third).rejects.toMatchObject(code("conflict"));
  });
});

describe.each(DATABASES)("what ended, on %s,", (_name, open) => {
  let house: House;
  beforeAll(async () => {
    house = await House.open(open);
    await house.database.write((tx) => insertOneOfEach(tx, rows, ids));
  });
  afterAll(() => house?.close());

  it.each([
    ["contract", `"state" = 'ended', "ended_at" = 5`, [`"state" = 'active'`, `"ended_at" = 6`, `"end_reason" = 'x'`]],
    ["review_item", `"state" = 'lapsed', "decided_at" = 5`, [`"state" = 'confirmed'`, `"state" = 'open'`]],
    ["scim_token", `"retired_at" = 5`, [`"retired_at" = NULL`, `"retired_at" = 6`]],
    ["break_glass_seal", `"shown_at" = 5`, [`"shown_at" = 1`, `"shown_at" = NULL`]],
  ])("stays ended: %s", async (table, end, changes) => {
    await house.sql(`UPDATE "${table}" SET ${end}`);
    const before = await house.sql(`SELECT * FROM "${table}"`);
    for (const change of changes)
      await expect(house.sql(`UPDATE "${table}" SET ${change}`), change).rejects.toThrow(words("append-only"));
    expect(await house.sql(`SELECT * FROM "${table}"`)).toEqual(before);
  });

  it.each([
    ["review_item", [`"person_id" = 'x'`, `"due_at" = 9`]],
    ["scim_token", [`"hash" = 'x'`, `"unit_id" = 'x'`, `"confirmed_by" = 'x'`]],
  ])("is about what it was about: %s", async (table, changes) => {
    for (const change of changes)
      await expect(house.sql(`UPDATE "${table}" SET ${change}`), change).rejects.toThrow(words("append-only"));
  });
});

describe("a row that stands, on SQLite,", () => {
  let house: House;
  beforeAll(async () => {
    house = await House.open(openSqlite);
  });
  afterAll(() => house?.close());

  it("is not displaced by an update that takes its id", async () => {
    const [one, other] = [await house.holder("audit"), await house.holder("system")];
    await house.holder("system");
    const before = await house.sql(`SELECT * FROM "power_holding" ORDER BY "id"`);
    const displace = `UPDATE OR REPLACE "power_holding" SET "id" = '${one.id}' WHERE "id" = '${other.id}'`;
    await expect(house.sql(displace)).rejects.toThrow(words("taken"));
    expect(await house.sql(`SELECT * FROM "power_holding" ORDER BY "id"`)).toEqual(before);
    const renamed = house.database.write((tx) => tx.people.update(one.id, { login: other.login }));
    await expect(renamed).rejects.toMatchObject(code("conflict"));
  });

  it("is not replaced by an insert that asks for it", async () => {
    const written = await house.database.write((tx) => insertOneOfEach(tx, rows, ids));
    const person = written.get("people")!.id;
    await house.database.write(async (tx) => {
      await tx.settings.insert({ id: "second-person", value: "1" });
      await tx.audit.append(auditEntry());
    });
    const evidence = [...KEPT, "audit_event", "power_holding", "role_holding", "person", "setting"];
    for (const table of evidence) {
      const before = await house.sql(`SELECT * FROM "${table}"`);
      const all = Object.keys((before as object[])[0]!).map((name) => `"${name}"`);
      const other = all.map((name) =>
        /_(by|hash)"$|"(reason|power|leaf|value|title|name)"/.test(name) ? `'audit'` : name,
      );
      const replace = `INSERT OR REPLACE INTO "${table}" (${all.join(", ")}) SELECT ${other.join(", ")} FROM "${table}"`;
      await house.sql(replace).catch((error: Error) => expect(error.message, table).toMatch(/gatehouse|CHECK/));
      expect(await house.sql(`SELECT * FROM "${table}"`), table).toEqual(before);
    }
    const twin = `INSERT OR REPLACE INTO "person" ("id", "unit_id", "login", "display_name", "locale", "state",
      "totp_last_step", "failures", "created_at", "credential_epoch")
      SELECT 'twin', "unit_id", "login", "display_name", "locale", "state", 0, 0, 0, 0 FROM "person" WHERE "id" = '${person}'`;
    await house.sql(twin);
    expect(await house.database.read.people.get(asId("twin"))).toBeUndefined();
    expect(await house.database.read.people.get(asId(person))).toBeDefined();
  });
});

describe("two PostgreSQL transactions at once", () => {
  let house: House;
  beforeAll(async () => {
    house = await House.open(openPostgres);
    for (const power of ["system", "security", "audit"] as const) await house.holder(power);
  });
  afterAll(() => house?.close());

  /** Both are under way before either ends; answers what each came to. */
  async function race(isolation: string, statements: readonly [string, string]): Promise<string[]> {
    const runners = statements.map(() => house.raw.createQueryRunner());
    const act = async (runner: QueryRunner, statement: string): Promise<string> => {
      try {
        await runner.query(statement);
        await pause(150);
        await runner.query("COMMIT");
        return "done";
      } catch (error) {
        await runner.query("ROLLBACK");
        return /gatehouse: [a-z-]+/.exec((error as Error).message)?.[0] ?? (error as { code?: string }).code ?? "?";
      }
    };
    try {
      for (const runner of runners) {
        await runner.query(`BEGIN ISOLATION LEVEL ${isolation}`);
        await runner.query(`SELECT COUNT(*) FROM "power_holding"`);
      }
      return (await Promise.all(runners.map((runner, index) => act(runner, statements[index]!)))).sort();
    } finally {
      for (const runner of runners) await runner.release();
    }
  }

  const LEVELS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] as const;
  const refusal = (isolation: string, word: string): string =>
    isolation === "READ COMMITTED" ? `gatehouse: ${word}` : "40001";

  it.each(LEVELS)("do not both remove one of the last two (%s)", async (isolation) => {
    await house.holder("audit");
    const two = (await house.database.read.powers.find({ power: "audit" })).map((row) => row.id);
    expect(two).toHaveLength(2);
    const [one, other] = two;
    const outcome = await race(isolation, [
      `DELETE FROM "power_holding" WHERE "id" = '${one}'`,
      `UPDATE "person" SET "state" = 'disabled' WHERE "id" = '${other}'`,
    ]);
    expect(outcome).toEqual([refusal(isolation, "last-of-power"), "done"].sort());
    const left = await house.database.read.powers.find({ power: "audit" });
    const able = await house.database.read.people.count({ id: { in: left.map((row) => row.id) }, state: "active" });
    expect(able).toBe(1);
    const disabled = await house.database.read.people.find({ id: { in: two }, state: "disabled" });
    for (const { id } of disabled) await house.database.write((tx) => tx.powers.remove(id));
  });

  it.each(LEVELS)("do not give one person audit and a role (%s)", async (isolation) => {
    const person = await house.person();
    const outcome = await race(isolation, [
      `INSERT INTO "power_holding" ("id", "power", "unit_id", "created_at") VALUES ('${person.id}', 'audit', 'u', 1)`,
      `INSERT INTO "role_holding" ("id", "person_id", "role", "unit_id", "created_at") VALUES ('r-${person.id}', '${person.id}', 'operator', 'u', 1)`,
    ]);
    expect(outcome).toEqual([refusal(isolation, "exclusive-powers"), "done"].sort());
    await house.database.write((tx) => tx.powers.remove(person.id));
  });

  it("are tried again by the stores, and the second is told the rule", async () => {
    const person = await house.person();
    const outcomes = await Promise.allSettled([
      house.database.write(async (tx) => {
        await tx.roles.find({ personId: person.id });
        await pause(50);
        await tx.powers.insert(rows.power(person, "audit"));
      }),
      house.database.write(async (tx) => {
        await tx.powers.get(person.id);
        await pause(50);
        await tx.roles.insert(rows.role(person, "approver"));
      }),
    ]);
    expect(outcomes.map((one) => one.status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = outcomes.find((one) => one.status === "rejected");
    expect(refused?.reason).toMatchObject(code("exclusive-powers"));
  });
});
