/**
 * What a person hangs on, checked before it is written: his unit, his vendor and contract, his sponsor, his identity number
 * and a name that is not another's. Whether all of it still stands later is asked of `bonds.ts`.
 */
import {
  done,
  refused,
  type Contract,
  type ContractId,
  type Outcome,
  type Person,
  type PersonId,
  type Stores,
  type UnitId,
  type VendorId,
} from "../../domain/index.js";
import { isPlainName } from "../../text/index.js";
import type { BrokerDeps } from "../deps.js";
import { covers, type UnitScope } from "../scope.js";
import { keepIdentity, normalIdentity, type IdentityColumns } from "./identity-number.js";
import { PeopleNames } from "./people-names.js";
import { holdUnit } from "./unit-tree.js";
import { vendorsUp } from "./vendor-chain.js";

type Deps = Pick<BrokerDeps, "vault" | "clock">;
/** What the checks read, and hold by writing as it is. */
export type BondStores = Pick<Stores, "people" | "units" | "vendors" | "contracts">;

/** What is asked for a person; what is absent stays as it is, for a new person as nothing. */
export interface BondsAsked {
  /** The person's own id, also when he is only about to be made: his identity number is sealed to it. */
  readonly personId: PersonId;
  /** The row as it is; null for a new person. */
  readonly before: Person | null;
  readonly displayName: string;
  /** A vendor's person is of his contract's unit; another one here is refused. */
  readonly unitId?: UnitId;
  readonly vendorId?: VendorId | null;
  readonly contractId?: ContractId | null;
  readonly sponsorId?: PersonId | null;
  readonly identityNumber?: string | null;
  readonly email?: string | null;
  /** Shared by the checks of many people in one transaction. */
  readonly names?: PeopleNames;
  /** Who has which identity number, where all that will be asked were read beforehand. */
  readonly owners?: ReadonlyMap<string, PersonId>;
}

/** The columns of a person that these checks decide. */
export interface PersonBonds extends IdentityColumns {
  readonly unitId: UnitId;
  readonly vendorId: VendorId | null;
  readonly contractId: ContractId | null;
  readonly sponsorId: PersonId | null;
  readonly email: string | null;
}

/** RFC 5321 §4.5.3.1 bounds; whether it reaches anybody is not known here. */
const EMAIL = /^[^\s@\p{C}]{1,64}@[A-Za-z0-9.-]{1,189}$/u;

/**
 * The columns to write, or why not: `not-found` for what lies outside `scope` or is not there, `not-under-contract` for
 * a contract, vendor, sponsor or unit that does not stand, `conflict` for an identity number that somebody has, `name-taken`
 * for a name that looks like one of the same vendor or unit. Each with its field. In the caller's transaction.
 */
export async function checkPersonBonds(
  deps: Deps,
  tx: BondStores,
  scope: UnitScope,
  asked: BondsAsked,
): Promise<Outcome<PersonBonds>> {
  if (!isPlainName(asked.displayName)) return refused("invalid-input", { field: "displayName" });
  const { before } = asked;
  const email = asked.email === undefined ? (before?.email ?? null) : asked.email;
  if (email !== null && email !== before?.email && !EMAIL.test(email))
    return refused("invalid-input", { field: "email" });
  const vendorId = asked.vendorId === undefined ? (before?.vendorId ?? null) : asked.vendorId;
  const place =
    vendorId === null ? await ownPlace(tx, scope, asked) : await vendorPlace(deps, tx, scope, { ...asked, vendorId });
  if (!place.ok) return place;
  const sponsorId = await checkSponsor(tx, scope, asked, vendorId);
  if (!sponsorId.ok) return sponsorId;
  const identity = await checkIdentity(deps, tx, asked, vendorId);
  if (!identity.ok) return identity;
  const { unitId, contractId } = place.value;
  const named = { id: asked.personId, displayName: asked.displayName, unitId, vendorId };
  const isKept = before?.displayName === named.displayName && before.unitId === unitId && before.vendorId === vendorId;
  if (!isKept && (await (asked.names ?? new PeopleNames()).isTaken(tx, named)))
    return refused("name-taken", { field: "displayName" });
  return done({ unitId, vendorId, contractId, sponsorId: sponsorId.value, email, ...identity.value });
}

type Place = Outcome<{ readonly unitId: UnitId; readonly contractId: ContractId | null }>;

async function ownPlace(tx: BondStores, scope: UnitScope, asked: BondsAsked): Promise<Place> {
  const contractId = asked.contractId === undefined ? (asked.before?.contractId ?? null) : asked.contractId;
  if (contractId !== null) return refused("invalid-input", { field: "contractId" });
  const unitId = asked.unitId ?? asked.before?.unitId;
  if (unitId === undefined || !covers(scope, unitId)) return refused("not-found", { field: "unitId" });
  return (await holdUnit(tx, unitId)) ? done({ unitId, contractId }) : refused("not-found", { field: "unitId" });
}

async function vendorPlace(
  deps: Deps,
  tx: BondStores,
  scope: UnitScope,
  asked: BondsAsked & { readonly vendorId: VendorId },
): Promise<Place> {
  const contractId = asked.contractId === undefined ? (asked.before?.contractId ?? null) : asked.contractId;
  if (contractId === null) return refused("invalid-input", { field: "contractId" });
  const contract = await tx.contracts.get(contractId);
  if (contract === undefined || !covers(scope, contract.unitId)) return refused("not-found", { field: "contractId" });
  if (asked.unitId !== undefined && asked.unitId !== contract.unitId)
    return refused("invalid-input", { field: "unitId" });
  const kept = contractId === asked.before?.contractId && asked.vendorId === asked.before.vendorId;
  const fault = kept ? undefined : await contractFault(deps, tx, contract, asked.vendorId);
  return fault ?? done({ unitId: contract.unitId, contractId });
}

/** A contract that has not begun yet may have its people entered; they operate when it stands. */
async function contractFault(
  deps: Deps,
  tx: BondStores,
  contract: Contract,
  vendorId: VendorId,
): Promise<ReturnType<typeof refused> | undefined> {
  const chain = await vendorsUp(tx, vendorId);
  if (chain.length === 0) return refused("not-found", { field: "vendorId" });
  if (chain.some((vendor) => vendor.state !== "active")) return refused("not-under-contract", { field: "vendorId" });
  if (!chain.some((vendor) => vendor.id === contract.vendorId))
    return refused("not-under-contract", { field: "contractId" });
  const held = await tx.contracts.update(contract.id, { state: "active" }, { state: "active" });
  const stands = held && deps.clock.now() < contract.toAt && (await holdUnit(tx, contract.unitId));
  return stands ? undefined : refused("not-under-contract", { field: "contractId" });
}

async function checkSponsor(
  tx: BondStores,
  scope: UnitScope,
  { personId, before, sponsorId: asked }: BondsAsked,
  vendorId: VendorId | null,
): Promise<Outcome<PersonId | null>> {
  const sponsorId = asked === undefined ? (before?.sponsorId ?? null) : asked;
  const field = "sponsorId";
  if (sponsorId === null) return vendorId === null ? done(null) : refused("invalid-input", { field });
  if (sponsorId === before?.sponsorId && vendorId === before.vendorId) return done(sponsorId);
  if (sponsorId === personId) return refused("invalid-input", { field });
  const sponsor = await tx.people.get(sponsorId);
  if (sponsor === undefined || !covers(scope, sponsor.unitId)) return refused("not-found", { field });
  const stands = await tx.people.update(sponsorId, { state: "active" }, { state: "active", vendorId: null });
  return stands ? done(sponsorId) : refused("not-under-contract", { field });
}

async function checkIdentity(
  deps: Deps,
  tx: BondStores,
  { personId, before, identityNumber, owners }: BondsAsked,
  vendorId: VendorId | null,
): Promise<Outcome<IdentityColumns>> {
  const field = "identityNumber";
  if (identityNumber === undefined || identityNumber === null) {
    const { identityKey = null, identitySealed = null, identityTail = null } = before ?? {};
    const missing = vendorId !== null && identityKey === null;
    return missing ? refused("invalid-input", { field }) : done({ identityKey, identitySealed, identityTail });
  }
  const number = normalIdentity(identityNumber);
  if (number === undefined) return refused("invalid-input", { field });
  const columns = keepIdentity(deps.vault, personId, number);
  const owner =
    owners === undefined
      ? (await tx.people.find({ identityKey: columns.identityKey }, { limit: 1 }))[0]?.id
      : owners.get(columns.identityKey);
  return owner === undefined || owner === personId ? done(columns) : refused("conflict", { field });
}
