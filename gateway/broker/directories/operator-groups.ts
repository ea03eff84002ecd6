/**
 * What a directory's groups give: the operator role, for the person's own unit, and nothing else. Where groups are mapped they
 * alone say whether a linked person is an operator: out of them, the role goes at the next check and at the next sign-in, and
 * with it what it held open.
 */
import type { Person, Stores } from "../../domain/index.js";
import { tellPerson } from "../identity-deps.js";
import { grantRoles, isExclusive, rolesAt, withdrawRoles } from "../powers.js";
import type { Hanging } from "../registry/ending.js";
import type { DirectoryDeps } from "./deps.js";
import { endAccess, tellEndOfAccess } from "./end-access.js";

type Deps = Pick<DirectoryDeps, "clock" | "directories">;

const GATE = { personId: null, sourceAddress: "", decidedBy: "directory-groups" };

export function isOperatorBy(deps: Pick<DirectoryDeps, "directories">, groups: readonly string[]): boolean {
  return groups.some((group) => deps.directories.operatorGroups.includes(group));
}

/** A mapped group that a SCIM client keeps here names him. */
async function isOperatorByScim(
  deps: Pick<DirectoryDeps, "directories">,
  tx: Stores,
  person: Person,
): Promise<boolean> {
  const where = { displayName: { in: deps.directories.operatorGroups } };
  for (const group of await tx.scimGroups.find(where, { limit: 1000 })) {
    if (!group.memberIds.includes(person.id)) continue;
    if ((await tx.scimTokens.get(group.tokenId))?.retiredAt === null) return true;
  }
  return false;
}

export interface Synced {
  readonly person: Person;
  /** To be called after commit. */
  readonly tell: (deps: Pick<DirectoryDeps, "notify">) => void;
}

/** In the caller's transaction; answers the person as he is then. */
export async function syncOperator(
  deps: Deps,
  tx: Stores,
  person: Person,
  groups: readonly string[],
  by: string,
): Promise<Synced> {
  const unchanged: Synced = { person, tell: () => undefined };
  if (deps.directories.operatorGroups.length === 0) return unchanged;
  const held = await tx.roles.find({ personId: person.id }, { limit: 1000 });
  const operator = held.filter((row) => row.role === "operator");
  const isMember = isOperatorBy(deps, groups) || (await isOperatorByScim(deps, tx, person));
  // Groups give for his own unit alone; out of them goes what people here gave for others too.
  const stands = isMember ? operator.some((row) => row.unitId === person.unitId) : operator.length === 0;
  if (stands) return unchanged;
  if (isMember)
    return give(
      deps,
      tx,
      person,
      held.map((row) => row.role),
      unchanged,
    );
  await withdrawRoles(tx, person, operator, GATE);
  const ended = await endAccess(deps, tx, person, { why: "left-groups", by, state: "stays" });
  return { person: await fresh(tx, person), tell: (deps) => told(deps, person, ended) };
}

function told(deps: Pick<DirectoryDeps, "notify">, person: Person, ended: Hanging | undefined): void {
  if (ended !== undefined) tellEndOfAccess(deps, person, ended);
}

async function give(
  deps: Deps,
  tx: Stores,
  person: Person,
  roles: readonly Parameters<typeof isExclusive>[1][number][],
  unchanged: Synced,
): Promise<Synced> {
  const power = (await tx.powers.get(person.id))?.power ?? null;
  // An auditor or a confirmer becomes no operator by whatever a directory says.
  if (!isExclusive(power, [...roles, "operator"])) return unchanged;
  await grantRoles(tx, person, rolesAt(person.unitId, ["operator"]), GATE, deps.clock.now());
  const risen = { credentialEpoch: person.credentialEpoch + 1 };
  await tx.people.update(person.id, risen, { credentialEpoch: person.credentialEpoch });
  return { person: await fresh(tx, person), tell: (deps) => tellPerson(deps, person.id) };
}

async function fresh(tx: Stores, person: Person): Promise<Person> {
  return (await tx.people.get(person.id)) ?? person;
}
