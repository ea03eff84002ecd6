/** Names people as they are shown beside other things: login, name, vendor chain and contract, a whole page's at once. */
import type { Person, PersonId, Stores } from "../../domain/index.js";
import type { NamedPerson } from "../broker.js";
import { covers, EVERYTHING, type UnitScope } from "../scope.js";
import { rowsById } from "./rows-by-id.js";
import { namesUp, vendorsOf } from "./vendor-chain.js";

export type NamingStores = Pick<Stores, "people" | "vendors" | "contracts">;

/** Each person asked for that exists, as he is now; null among the ids is nobody. A contract outside `scope` is not told. */
export async function namedPeople(
  stores: NamingStores,
  ids: Iterable<PersonId | null>,
  scope: UnitScope = EVERYTHING,
): Promise<ReadonlyMap<PersonId, NamedPerson>> {
  const people = await rowsById(
    stores.people,
    [...ids].flatMap((id) => id ?? []),
  );
  return nameRows(stores, [...people.values()], scope);
}

/** The same of rows that are read already. */
export async function nameRows(
  stores: Pick<Stores, "vendors" | "contracts">,
  people: readonly Person[],
  scope: UnitScope = EVERYTHING,
): Promise<ReadonlyMap<PersonId, NamedPerson>> {
  const vendors = await vendorsOf(stores, [...new Set(people.flatMap((one) => one.vendorId ?? []))]);
  const contracts = await rowsById(
    stores.contracts,
    people.flatMap((one) => one.contractId ?? []),
  );
  return new Map(
    people.map(({ id, login, displayName, vendorId, contractId }) => {
      const contract = contractId === null ? undefined : contracts.get(contractId);
      const contractNumber = contract !== undefined && covers(scope, contract.unitId) ? contract.number : null;
      return [id, { id, login, displayName, vendorChain: namesUp(vendors, vendorId), contractNumber }];
    }),
  );
}

/** Whom someone belongs to at this moment, as an event's detail keeps it. */
export async function writtenDown(
  stores: NamingStores,
  id: PersonId,
): Promise<{ readonly vendorChain: readonly string[]; readonly contract: string | null }> {
  const { vendorChain = [], contractNumber = null } = (await namedPeople(stores, [id])).get(id) ?? {};
  return { vendorChain, contract: contractNumber };
}
