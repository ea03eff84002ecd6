/**
 * What a person hangs on: his unit, his sponsor, and if he is a vendor's, that vendor with every one above it and his
 * contract. He operates only while all of it stands. Asked at request, decision, opening and dial, and each second for live
 * sessions; many people are read in a few statements.
 */
import {
  contractCovers,
  contractStands,
  LONGEST_VENDOR_CHAIN,
  type Contract,
  type ContractSpan,
  type ErrorCode,
  type Person,
  type PersonId,
  type Stores,
  type Unit,
  type Vendor,
  type VendorId,
} from "../../domain/index.js";
import { rowsById } from "./rows-by-id.js";
import { vendorsOf } from "./vendor-chain.js";

export type BondStores = Pick<Stores, "people" | "units" | "vendors" | "contracts">;
type Bound = Pick<Person, "id" | "unitId" | "vendorId" | "contractId" | "sponsorId">;

export interface Bonds {
  /** Unit, sponsor and vendors stand, and the contract is of one of those vendors. Its dates are not asked here. */
  readonly hold: boolean;
  /** Null for a unit's own person. */
  readonly contract: Contract | null;
}

const BROKEN: Bonds = { hold: false, contract: null };

/** One person's bonds. */
export async function bondsOf(stores: BondStores, person: Bound): Promise<Bonds> {
  return (await readBonds(stores, [person])).get(person.id) ?? BROKEN;
}

/** The bonds of each of the people named. */
export async function readBonds(stores: BondStores, people: readonly Bound[]): Promise<ReadonlyMap<PersonId, Bonds>> {
  const rows = {
    units: await rowsById(stores.units, present(people, "unitId")),
    sponsors: await rowsById(stores.people, present(people, "sponsorId")),
    contracts: await rowsById(stores.contracts, present(people, "contractId")),
    vendors: await vendorsOf(stores, present(people, "vendorId")),
  };
  return new Map(people.map((person) => [person.id, judge(person, rows)]));
}

interface Rows {
  readonly units: ReadonlyMap<string, Unit>;
  readonly sponsors: ReadonlyMap<string, Person>;
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly vendors: ReadonlyMap<string, Vendor>;
}

function judge(person: Bound, { units, sponsors, contracts, vendors }: Rows): Bonds {
  const sponsor = person.sponsorId === null ? undefined : sponsors.get(person.sponsorId);
  const sponsored = sponsor?.state === "active" && sponsor.vendorId === null;
  const unitStands = units.get(person.unitId)?.state === "active";
  if (person.vendorId === null) return { hold: unitStands && (person.sponsorId === null || sponsored), contract: null };
  const contract = person.contractId === null ? undefined : contracts.get(person.contractId);
  const chain = standingChain(vendors, person.vendorId);
  if (contract === undefined) return BROKEN;
  return { hold: unitStands && sponsored && chain?.includes(contract.vendorId) === true, contract };
}

/** The ids up to the outermost; undefined when one is retired, missing, or comes twice. */
function standingChain(vendors: ReadonlyMap<string, Vendor>, own: VendorId): readonly VendorId[] | undefined {
  const chain: VendorId[] = [];
  for (let id: VendorId | null = own; id !== null;) {
    const vendor = vendors.get(id);
    if (vendor?.state !== "active" || chain.includes(id) || chain.length > LONGEST_VENDOR_CHAIN) return undefined;
    chain.push(id);
    id = vendor.parentId;
  }
  return chain;
}

function present<K extends keyof Bound>(people: readonly Bound[], key: K): readonly NonNullable<Bound[K]>[] {
  return [...new Set(people.flatMap((person) => person[key] ?? []))] as readonly NonNullable<Bound[K]>[];
}

/** When the contract stands; over at the moment it was ended by hand. */
export function spanOf(contract: Contract): ContractSpan {
  const { fromAt: from, toAt, endedAt } = contract;
  return { from, to: contract.state === "ended" ? Math.min(toAt, endedAt ?? from) : toAt };
}

/** `not-under-contract` unless everything stands at `now`. */
export function bondsFault({ hold, contract }: Bonds, now: number): ErrorCode | undefined {
  const stands = hold && (contract === null || contractStands(contract, now));
  return stands ? undefined : "not-under-contract";
}

/** `outside-contract` when a vendor's person asks for more than his contract covers; a unit's own person has none. */
export function coverFault(
  { contract }: Bonds,
  asked: Parameters<typeof contractCovers>[1],
): Extract<ErrorCode, "outside-contract"> | undefined {
  return contract === null || contractCovers(contract.scope, asked) ? undefined : "outside-contract";
}
