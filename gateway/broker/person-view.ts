/** What is shown of a person: himself, what he hangs on and what he holds. No hash, no secret, nothing sealed. */
import type { Person, PersonId, RoleHolding, Stores, UnitId } from "../domain/index.js";
import { everyRow } from "./batches.js";
import type { PersonView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { isEnrolled } from "./identity-deps.js";
import { signedBy } from "./registry/declarations.js";
import { rowsById } from "./registry/rows-by-id.js";
import { namesUp, vendorsOf } from "./registry/vendor-chain.js";
import { covers, withinUnits, type UnitScope } from "./scope.js";

type Deps = Pick<BrokerDeps, "policy">;

/** The person as administrators see him within `scope`, and as he himself does. What he holds beyond it is not named, only that there is something. */
export async function personView(deps: Deps, stores: Stores, person: Person, scope: UnitScope): Promise<PersonView> {
  return (await personViewer(deps, stores, [person], scope))(person);
}

/** How each of these people, a page of them at most, is shown: the same, with what stands beside them all read at once. */
export async function personViewer(
  deps: Deps,
  stores: Stores,
  people: readonly Person[],
  scope: UnitScope,
): Promise<(person: Person) => PersonView> {
  const ids = people.map((one) => one.id);
  const contracts = await rowsById(
    stores.contracts,
    people.flatMap((one) => one.contractId ?? []),
  );
  const sponsors = await rowsById(
    stores.people,
    people.flatMap((one) => one.sponsorId ?? []),
  );
  const vendors = await vendorsOf(stores, [...new Set(people.flatMap((one) => one.vendorId ?? []))]);
  const { heldBy, unitNames } = await readHeld(stores, people, scope);
  const signed = await signedBy(stores, deps.policy, ids);
  const passkeys = countOf(await everyRow(stores.passkeys, { personId: { in: ids }, retiredAt: null }), "personId");
  const subject = { in: ids.map(subjectOf) };
  const open = await everyRow(stores.proposals, { ...withinUnits(scope), subject, state: "pending" });
  const proposals = countOf(open, "subject");
  return (person) => {
    const contract = person.contractId === null ? undefined : contracts.get(person.contractId);
    return {
      id: person.id,
      login: person.login,
      displayName: person.displayName,
      locale: person.locale,
      state: person.state,
      ...heldBy(person.id),
      unitId: person.unitId,
      unitName: unitNames(person.unitId),
      vendorId: person.vendorId,
      vendorChain: namesUp(vendors, person.vendorId),
      contractId: person.contractId,
      contractNumber: contract?.number ?? null,
      contractEndsAt: contract?.toAt ?? null,
      sponsorId: person.sponsorId,
      sponsorName: sponsors.get(person.sponsorId ?? "")?.displayName ?? null,
      email: person.email,
      identityTail: person.identityTail,
      enrolled: isEnrolled(person),
      passkeys: passkeys.get(person.id) ?? 0,
      signed: signed.has(person.id),
      reviewedAt: person.reviewedAt,
      lastSignInAt: person.lastSignInAt,
      createdAt: person.createdAt,
      pendingProposals: proposals.get(subjectOf(person.id)) ?? 0,
    };
  };
}

function subjectOf(id: PersonId): string {
  return `person:${id}`;
}

/** How many rows there are of each value of the column. */
function countOf<K extends string>(
  rows: readonly Readonly<Record<K, string>>[],
  column: K,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { [column]: value } of rows) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

type HeldView = Pick<PersonView, "power" | "roles" | "holdings" | "holdsBeyond">;

/** Powers and roles, with the units they are held for, as far as the scope reaches; and names of units, the people's own among them. */
async function readHeld(
  stores: Pick<Stores, "powers" | "roles" | "units">,
  people: readonly Person[],
  scope: UnitScope,
): Promise<{ readonly heldBy: (id: PersonId) => HeldView; readonly unitNames: (id: UnitId) => string }> {
  const ids = people.map((one) => one.id);
  const powers = await rowsById(stores.powers, ids);
  const rolesBy = new Map<PersonId, RoleHolding[]>();
  for (const row of await everyRow(stores.roles, { personId: { in: ids } }))
    rolesBy.set(row.personId, [...(rolesBy.get(row.personId) ?? []), row]);
  const rows = [...people, ...powers.values(), ...[...rolesBy.values()].flat()];
  const units = await rowsById(
    stores.units,
    rows.map((row) => row.unitId),
  );
  const unitNames = (id: UnitId): string => units.get(id)?.name ?? "";
  const where = (unitId: UnitId) => ({ unitId, unitName: unitNames(unitId) });
  const heldBy = (id: PersonId): HeldView => {
    const power = powers.get(id);
    const all = rolesBy.get(id) ?? [];
    const roles = all.filter((row) => covers(scope, row.unitId));
    return {
      power: power?.power ?? null,
      roles: [...new Set(roles.map((row) => row.role))],
      holdings: [
        ...(power === undefined ? [] : [{ what: power.power, ...where(power.unitId) }]),
        ...roles.map(({ role, unitId }) => ({ what: role, ...where(unitId) })),
      ],
      holdsBeyond: roles.length < all.length,
    };
  };
  return { heldBy, unitNames };
}
