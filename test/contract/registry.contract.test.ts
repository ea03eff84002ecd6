/**
 * The register over real databases: two who change the tree of vendors, take one name, or end one contract at the same
 * moment. SQLite queues them by itself; on PostgreSQL each has a connection of its own.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { changeVendor, createVendor, type NewVendor } from "../../gateway/broker/registry/vendors.js";
import { createContract } from "../../gateway/broker/registry/contracts.js";
import { endPassedContracts, warnOfEndings } from "../../gateway/broker/registry/contract-rounds.js";
import { endContract } from "../../gateway/broker/registry/end-contract.js";
import type { RegisterDeps } from "../../gateway/broker/registry/register-deps.js";
import { createUnit, retireUnit } from "../../gateway/broker/registry/units.js";
import { createCalendar } from "../../gateway/calendar.js";
import type { Actor, Contract, Database, UnitId } from "../../gateway/domain/index.js";
import { asId } from "../../gateway/domain/index.js";
import { ids, openPostgres, openSqlite, type Opened } from "../support/databases.js";
import { MemoryBlobs } from "../support/memory-blobs.js";
import { createRows, NOW, type Rows } from "../support/rows.js";

const rows: Rows = createRows(ids);
const ROUNDS = 12;

describe.each([
  ["sqlite", openSqlite],
  ["postgres", openPostgres],
] as const)("the register on %s", (_name, open) => {
  let opened: Opened<Database>;
  /** Two nodes. */
  let nodes: readonly [RegisterDeps, RegisterDeps];
  let unitId: UnitId;
  let admin: Actor;
  const at = { now: NOW };

  beforeAll(async () => {
    opened = await open();
    const depsOver = (database: Database): RegisterDeps => ({
      database,
      clock: { now: () => at.now, monotonicUs: () => 0 },
      ids,
      calendar: createCalendar("Asia/Shanghai"),
      documents: new MemoryBlobs(),
      notify: () => undefined,
    });
    nodes = [depsOver(opened.database), depsOver(await opened.again())];
    await opened.database.write(async (tx) => {
      unitId = asId<UnitId>(ids.next());
      await tx.units.insert({
        id: unitId,
        parentId: null,
        name: "局",
        nameKey: "局",
        state: "active",
        createdAt: NOW,
      });
      const person = rows.person({ unitId });
      await tx.people.insert(person);
      await tx.powers.insert(rows.power(person, "security"));
      const { id: personId, login, displayName, locale, vendorId } = person;
      const held = { power: "security", roles: [], credentialEpoch: 1 } as const;
      admin = { ...held, personId, login, displayName, locale, unitId, vendorId, sourceAddress: "10.0.0.1" };
    });
  }, 120_000);
  afterAll(async () => {
    await nodes[1].database.close();
    await opened.close();
  });
  beforeEach(() => {
    at.now = NOW;
  });

  const vendor = async (more: Partial<NewVendor> = {}) => {
    const input = { unitId, name: `甲 ${ids.next()}`, registrationNumber: null, parentId: null, ...more };
    const made = await createVendor(nodes[0], admin, input);
    if (!made.ok) throw new Error(made.code);
    return made.value;
  };
  const contractOf = async (): Promise<{ readonly contract: Contract; readonly personId: Contract["ownerId"] }> => {
    const { id: vendorId } = await vendor();
    const person = rows.person({ unitId });
    const asset = rows.asset({ unitId });
    const account = rows.account(asset.id, { unitId });
    await opened.database.write(async (tx) => {
      await tx.assets.insert(asset);
      await tx.accounts.insert(account);
    });
    const made = await createContract(nodes[0], admin, {
      unitId,
      vendorId,
      number: `HT ${ids.next()}`,
      title: "运维",
      scope: { assetIds: [asset.id], accountIds: [], actions: ["ssh.shell"] },
      fromDate: "2027-01-15",
      toDate: "2027-01-31",
      ownerId: admin.personId,
    });
    if (!made.ok) throw new Error(`${made.code} ${made.field ?? ""}`);
    const { id: contractId } = made.value;
    const hired = { ...person, vendorId, contractId, sponsorId: admin.personId };
    await opened.database.write(async (tx) => {
      await tx.people.insert(hired);
      await tx.entitlements.insert({
        id: asId(ids.next()),
        unitId,
        personId: person.id,
        accountId: account.id,
        contractId,
        actions: ["ssh.shell"],
        from: NOW,
        to: null,
        createdAt: NOW,
        createdBy: null,
        endedAt: null,
      });
      await tx.grants.insert(rows.grant({ unitId, personId: person.id, contractId, assetId: asset.id }));
    });
    return { contract: made.value, personId: person.id };
  };
  const events = async (objectId: string) =>
    (await opened.database.read.audit.find({ objectId }, { orderBy: "id" })).map((row) => row.verb);

  it("never holds a circle of vendors, whoever is first", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [a, b] = [await vendor(), await vendor()];
      const outcomes = await Promise.all([
        changeVendor(nodes[0], admin, a.id, { parentId: b.id }),
        changeVendor(nodes[1], admin, b.id, { parentId: a.id }),
      ]);
      expect(outcomes.filter((one) => one.ok)).toHaveLength(1);
      expect(outcomes.find((one) => !one.ok)).toMatchObject({ code: "vendor-cycle" });
    }
  });

  it("gives one name to one of two who ask at the same moment", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `Same ${ids.next()}`;
      const input = { unitId, registrationNumber: null, parentId: null };
      const outcomes = await Promise.all([
        createVendor(nodes[0], admin, { ...input, name }),
        createVendor(nodes[1], admin, { ...input, name: name.toUpperCase() }),
      ]);
      expect(outcomes.filter((one) => one.ok)).toHaveLength(1);
      expect(outcomes.find((one) => !one.ok)).toMatchObject({ code: "name-taken" });
    }
  });

  it("puts nothing into a unit that another retires at that moment", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const unit = await createUnit(nodes[0], admin, { parentId: unitId, name: `科 ${ids.next()}` });
      if (!unit.ok) throw new Error(unit.code);
      const { id } = unit.value;
      const [retired, made] = await Promise.all([
        retireUnit(nodes[0], admin, id),
        createVendor(nodes[1], admin, {
          unitId: id,
          name: `乙 ${ids.next()}`,
          registrationNumber: null,
          parentId: null,
        }),
      ]);
      expect([retired.ok, made.ok].filter(Boolean)).toHaveLength(1);
    }
  });

  it("ends a contract once, with its events in order, also when hand, date and two nodes meet", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      at.now = NOW;
      const { contract, personId } = await contractOf();
      at.now = contract.toAt;
      await Promise.all([
        endPassedContracts(nodes[0]),
        endPassedContracts(nodes[1]),
        endContract(nodes[1], admin, contract.id, "work is done"),
      ]);
      expect(await events(contract.id)).toEqual(["contract.created", "contract.ended"]);
      const { read } = opened.database;
      const [right] = await read.entitlements.find({ personId });
      const [grant] = await read.grants.find({ personId });
      expect(right?.endedAt).toBe(at.now);
      expect(grant).toMatchObject({ state: "revoked", endReason: "contract-ended" });
      expect(await events(right?.id ?? "")).toEqual(["entitlement.ended"]);
      expect(await events(grant?.id ?? "")).toEqual(["grant.revoked"]);
    }
  });

  it("tells of an end to come once, from whichever node", async () => {
    const { contract } = await contractOf();
    at.now = contract.toAt - 86_400_000;
    await Promise.all([...nodes, ...nodes].map((node) => warnOfEndings(node)));
    const subject = `contract:${contract.id}`;
    expect(await opened.database.read.alerts.find({ subject })).toMatchObject([{ count: 1, detail: { days: 1 } }]);
  });
});
