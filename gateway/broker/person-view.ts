/** What is shown of a person: himself, what he hangs on and what he holds. No hash, no secret, nothing sealed. */
import type { Person, PersonId, Stores, Unit, UnitId } from "../domain/index.js";
import type { PersonView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { isEnrolled } from "./identity-deps.js";
import { vendorNames } from "./registry/vendor-chain.js";
import { covers, withinUnits, type UnitScope } from "./scope.js";

/** The person as administrators see him within `scope`, and as he himself does. What he holds beyond it is not named, only that there is something. */
export async function personView(
  deps: Pick<BrokerDeps, "policy">,
  stores: Stores,
  person: Person,
  scope: UnitScope,
): Promise<PersonView> {
  const contract = person.contractId === null ? undefined : await stores.contracts.get(person.contractId);
  const sponsor = person.sponsorId === null ? undefined : await stores.people.get(person.sponsorId);
  return {
    id: person.id,
    login: person.login,
    displayName: person.displayName,
    locale: person.locale,
    state: person.state,
    ...(await heldWhere(stores, person.id, scope)),
    unitId: person.unitId,
    unitName: (await stores.units.get(person.unitId))?.name ?? "",
    vendorId: person.vendorId,
    vendorChain: await vendorNames(stores, person.vendorId),
    contractId: person.contractId,
    contractNumber: contract?.number ?? null,
    contractEndsAt: contract?.toAt ?? null,
    sponsorId: person.sponsorId,
    sponsorName: sponsor?.displayName ?? null,
    email: person.email,
    identityTail: person.identityTail,
    enrolled: isEnrolled(person),
    passkeys: await stores.passkeys.count({ personId: person.id, retiredAt: null }),
    signed: await hasSigned(deps, stores, person.id),
    reviewedAt: person.reviewedAt,
    lastSignInAt: person.lastSignInAt,
    createdAt: person.createdAt,
    pendingProposals: await stores.proposals.count({
      ...withinUnits(scope),
      subject: `person:${person.id}`,
      state: "pending",
    }),
  };
}

/** Power and roles, with the units they are held for, as far as the scope reaches. */
async function heldWhere(
  stores: Pick<Stores, "powers" | "roles" | "units">,
  id: PersonId,
  scope: UnitScope,
): Promise<Pick<PersonView, "power" | "roles" | "holdings" | "holdsBeyond">> {
  const power = await stores.powers.get(id);
  const all = await stores.roles.find({ personId: id }, { limit: 1000, orderBy: "id" });
  const roles = all.filter((row) => covers(scope, row.unitId));
  const names = new Map<UnitId, Unit["name"]>();
  for (const { unitId } of [...roles, ...(power === undefined ? [] : [power])])
    if (!names.has(unitId)) names.set(unitId, (await stores.units.get(unitId))?.name ?? "");
  const where = (unitId: UnitId) => ({ unitId, unitName: names.get(unitId) ?? "" });
  return {
    power: power?.power ?? null,
    roles: [...new Set(roles.map((row) => row.role))],
    holdings: [
      ...(power === undefined ? [] : [{ what: power.power, ...where(power.unitId) }]),
      ...roles.map(({ role, unitId }) => ({ what: role, ...where(unitId) })),
    ],
    holdsBeyond: roles.length < all.length,
  };
}

/** Whether the person signed the text in force of every declaration, in one language or the other. */
export async function hasSigned(
  deps: Pick<BrokerDeps, "policy">,
  stores: Pick<Stores, "signatures">,
  personId: PersonId,
): Promise<boolean> {
  for (const { kind, texts } of deps.policy.declarations) {
    const digest = { in: Object.values(texts).map((text) => text.digest) };
    if ((await stores.signatures.count({ personId, kind, digest })) === 0) return false;
  }
  return true;
}
