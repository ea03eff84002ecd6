/** The access house with a vendor, its sub-contractor, a contract over the one asset, and mallory working under it. */
import type {
  Actor,
  ContractScope,
  EndReason,
  PersonId,
  Power,
  Role,
  UnitId,
  VendorId,
  WebSessionId,
} from "../../gateway/domain/index.js";
import { ACTIONS, asId } from "../../gateway/domain/index.js";
import type { ContractView, NewContract, RequestView, VendorView } from "../../gateway/broker/index.js";
import { buildHouse, changePerson, must, type House, type Replace } from "./access-house.js";
import { createRows, NOW } from "./rows.js";

export const DAY_MS = 86_400_000;
/** The rows' first moment is the afternoon of this day in Shanghai. */
export const TODAY = "2027-01-15";

export interface ContractHouse extends House {
  readonly unitId: UnitId;
  readonly top: VendorView;
  readonly vendor: VendorView;
  readonly contract: ContractView;
  readonly scope: ContractScope;
  /** What a contract is made of, with something else in it. */
  readonly terms: (more?: Partial<NewContract>) => NewContract;
  /** A request of mallory's, approved. */
  readonly work: (durationMs?: number) => Promise<RequestView>;
  readonly session: (onEnd?: (because: EndReason) => void) => ReturnType<House["open"]>;
}

export async function buildContractHouse(replace?: Replace, days: Partial<NewContract> = {}): Promise<ContractHouse> {
  const house = await buildHouse({}, replace);
  const { people, broker, asset, accountId } = house;
  const { registry } = broker;
  const { unitId } = people.sec1;
  const make = async (name: string, parentId: VendorView["parentId"]) =>
    must(await registry.createVendor(people.sec1, { unitId, name, registrationNumber: null, parentId }));
  const top = await make("远景科技", null);
  const vendor = await make("南方运维", top.id);
  const scope: ContractScope = { assetIds: [asset.id], accountIds: [], actions: ["ssh.shell", "ssh.exec"] };
  const terms = (more: Partial<NewContract> = {}): NewContract => ({
    unitId,
    vendorId: top.id,
    number: "HT-2027-001",
    title: "运维服务",
    scope,
    fromDate: TODAY,
    toDate: "2027-12-31",
    ownerId: people.sec2.personId,
    ...more,
  });
  const contract = must(await registry.createContract(people.sec1, terms(days)));
  const bound = { vendorId: vendor.id, contractId: contract.id, sponsorId: people.bob.personId };
  await changePerson(house, people.mallory.personId, bound);
  const right = { personId: people.mallory.personId, accountId, actions: ["ssh.shell"], to: null } as const;
  if (contract.standing === "active") must(await broker.assets.createEntitlement(people.sec1, right));
  return {
    ...house,
    unitId,
    top,
    vendor,
    contract,
    scope,
    terms,
    work: async (durationMs = 3_600_000) => {
      const request = await house.ask("mallory", ["ssh.shell"], durationMs);
      const word = { verdict: "approved", reason: "", digest: request.digest } as const;
      return must(await broker.access.decide(people.bob, request.id, word));
    },
    session: (onEnd) => house.open(onEnd, "mallory"),
  };
}

/** Makes someone a vendor's person under a contract over every asset there is; answers the vendor. */
export async function hire(house: House, id: PersonId): Promise<VendorId> {
  const rows = createRows(house.deps.ids);
  const { unitId } = house.people.sec1;
  const vendor = rows.vendor({ unitId, nameKey: `vendor ${house.deps.ids.next()}` });
  await house.deps.database.write(async (tx) => {
    const assetIds = (await tx.assets.find({}, { limit: 1000 })).map((asset) => asset.id);
    const contract = rows.contract(vendor.id, { unitId, scope: { assetIds, accountIds: [], actions: ACTIONS } });
    await tx.vendors.insert(vendor);
    await tx.contracts.insert(contract);
    const sponsorId = house.people.sec2.personId;
    await tx.people.update(id, { vendorId: vendor.id, contractId: contract.id, sponsorId });
  });
  return vendor.id;
}

/** A person of a unit who holds something for it, with a page session whose second factor never grows old. */
export async function appoint(
  house: House,
  unitId: UnitId,
  what: { readonly power?: Power; readonly role?: Role },
): Promise<Actor> {
  const { power, role } = what;
  const rows = createRows(house.deps.ids);
  const person = rows.person({ unitId, login: `p-${house.deps.ids.next().slice(-12)}` });
  const webSessionId = asId<WebSessionId>(`page-${person.id}`);
  const held = { unitId, grantedBy: null, confirmedBy: null, createdAt: NOW };
  await house.deps.database.write(async (tx) => {
    await tx.people.insert(person);
    if (power !== undefined) await tx.powers.insert({ ...held, id: person.id, power });
    if (role !== undefined)
      await tx.roles.insert({ ...held, id: `${person.id}:${role}:${unitId}`, personId: person.id, role });
    await tx.webSessions.insert({
      id: webSessionId,
      personId: person.id,
      credentialEpoch: 1,
      createdAt: NOW,
      lastSeenAt: NOW,
      expiresAt: NOW * 2,
      endedAt: null,
      sourceAddress: "198.18.0.1",
      userAgent: "test",
      steppedUpAt: NOW * 2,
      via: "passkey",
      passkeyId: null,
    });
  });
  const { login, displayName, locale } = person;
  const roles = role === undefined ? [] : [role];
  const here = { sourceAddress: "198.18.0.1", credentialEpoch: 1, webSessionId };
  return {
    ...here,
    personId: person.id,
    login,
    displayName,
    locale,
    unitId,
    vendorId: null,
    power: power ?? null,
    roles,
  };
}

/** A person's row, for tests that look at what became of it. */
export async function personRow(house: House, id: PersonId) {
  const row = await house.deps.database.read.people.get(id);
  if (row === undefined) throw new Error("there is no such person");
  return row;
}
