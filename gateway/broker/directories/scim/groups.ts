/**
 * SCIM groups (RFC 7643 §4.2). A group is a list of people that the token reaches; if its name is one of those mapped in the
 * configuration, its members are operators. No name gives anything else.
 */
import {
  done,
  refused,
  type Outcome,
  type PersonId,
  type ScimGroup,
  type ScimToken,
  type Stores,
} from "../../../domain/index.js";
import type { ScimGroupView, ScimUseCases } from "../../broker.js";
import type { DirectoryDeps } from "../deps.js";
import { syncOperator, type Synced } from "../operator-groups.js";
import { tokenNow } from "./enter.js";
import { namesPower, noteRefused } from "./note-refused.js";
import { MOST_GROUPS, groupsOf, reachAll, type Reached } from "./scim-people.js";

type Create = Parameters<ScimUseCases["createGroup"]>[1];
type Change = Parameters<ScimUseCases["changeGroup"]>[2];

const MOST_MEMBERS = 1000;
const LONGEST = 255;

interface Written {
  readonly group: ScimGroupView;
  readonly synced: readonly Synced[];
}

export function groupView(group: ScimGroup, reached: readonly Reached[]): ScimGroupView {
  const people = new Map(reached.map(({ person }) => [person.id, person.displayName]));
  const { id, externalId, displayName, memberIds } = group;
  const members = memberIds.flatMap((value) => {
    const display = people.get(value);
    return display === undefined ? [] : [{ value, display }];
  });
  return { id, externalId, displayName, members };
}

export async function createGroup(
  deps: DirectoryDeps,
  token: ScimToken,
  input: Create,
): Promise<Outcome<ScimGroupView>> {
  if (namesPower(input.displayName)) await noteRefused(deps, token, "group", [input.displayName]);
  return write(deps, async (tx) => {
    if ((await tokenNow(tx, token.id)) === undefined) return refused("unauthenticated");
    const reached = await reachAll(tx, token);
    const fault = faultOf(input.displayName, input.externalId, input.memberIds, reached);
    if (fault !== undefined) return refused("invalid-input", { field: fault });
    const groups = await groupsOf(tx, token);
    if (groups.length >= MOST_GROUPS) return refused("too-many-tries", { field: "displayName" });
    if (groups.some((one) => one.displayName === input.displayName))
      return refused("conflict", { field: "displayName" });
    const group: ScimGroup = {
      id: deps.ids.next(),
      tokenId: token.id,
      externalId: input.externalId,
      displayName: input.displayName,
      memberIds: [...new Set(input.memberIds)],
      createdAt: deps.clock.now(),
    };
    await tx.scimGroups.insert(group);
    await append(tx, token, group, "created");
    return done(await settle(deps, tx, token, undefined, group, reached));
  });
}

export async function changeGroup(
  deps: DirectoryDeps,
  token: ScimToken,
  id: string,
  input: Change,
): Promise<Outcome<ScimGroupView>> {
  if (input.displayName !== undefined && namesPower(input.displayName))
    await noteRefused(deps, token, id, [input.displayName]);
  return write(deps, async (tx) => {
    if ((await tokenNow(tx, token.id)) === undefined) return refused("unauthenticated");
    const before = await tx.scimGroups.get(id);
    if (before?.tokenId !== token.id) return refused("not-found");
    const reached = await reachAll(tx, token);
    const known = new Set(reached.map(({ person }) => person.id));
    const gone = new Set(input.removeMembers);
    const kept = (input.setMembers ?? before.memberIds.filter((one) => known.has(one))).filter((one) => !gone.has(one));
    const memberIds = [...new Set([...kept, ...(input.addMembers ?? [])])];
    const displayName = input.displayName ?? before.displayName;
    const externalId = input.externalId === undefined ? before.externalId : input.externalId;
    const fault = faultOf(displayName, externalId, memberIds, reached);
    if (fault !== undefined) return refused("invalid-input", { field: fault });
    const others = (await groupsOf(tx, token)).filter((one) => one.id !== id);
    if (others.some((one) => one.displayName === displayName)) return refused("conflict", { field: "displayName" });
    const group = { ...before, displayName, externalId, memberIds };
    await tx.scimGroups.update(id, { displayName, externalId, memberIds });
    await append(tx, token, group, "changed");
    return done(await settle(deps, tx, token, before, group, reached));
  });
}

export async function removeGroup(deps: DirectoryDeps, token: ScimToken, id: string): Promise<Outcome<void>> {
  const outcome = await write(deps, async (tx) => {
    if ((await tokenNow(tx, token.id)) === undefined) return refused("unauthenticated");
    const before = await tx.scimGroups.get(id);
    if (before?.tokenId !== token.id) return refused("not-found");
    await tx.scimGroups.remove(id);
    await append(tx, token, before, "removed");
    return done(await settle(deps, tx, token, before, { ...before, memberIds: [] }, await reachAll(tx, token)));
  });
  return outcome.ok ? done(undefined) : outcome;
}

async function write(
  deps: DirectoryDeps,
  work: (tx: Stores) => Promise<Outcome<Written>>,
): Promise<Outcome<ScimGroupView>> {
  const outcome = await deps.database.write(work);
  if (!outcome.ok) return outcome;
  for (const synced of outcome.value.synced) synced.tell(deps);
  return done(outcome.value.group);
}

function faultOf(
  displayName: string,
  externalId: string | null,
  memberIds: readonly PersonId[],
  reached: readonly Reached[],
): string | undefined {
  if (displayName.trim() === "" || displayName.length > LONGEST || /\p{Cc}/u.test(displayName)) return "displayName";
  if (externalId !== null && externalId.length > LONGEST) return "externalId";
  if (memberIds.length > MOST_MEMBERS) return "members";
  const known = new Set(reached.map(({ person }) => person.id));
  return memberIds.every((id) => known.has(id)) ? undefined : "members";
}

/** Whoever came into a mapped group, or went out of one, becomes or ceases to be an operator in the same transaction. */
async function settle(
  deps: DirectoryDeps,
  tx: Stores,
  token: ScimToken,
  before: ScimGroup | undefined,
  after: ScimGroup,
  reached: readonly Reached[],
): Promise<Written> {
  const mapped = (group: ScimGroup | undefined): readonly PersonId[] =>
    group !== undefined && deps.directories.operatorGroups.includes(group.displayName) ? group.memberIds : [];
  const [had, has] = [new Set(mapped(before)), new Set(mapped(after))];
  const moved = reached.filter(({ person }) => had.has(person.id) !== has.has(person.id));
  const synced: Synced[] = [];
  for (const { person } of moved) synced.push(await syncOperator(deps, tx, person, [], `scim:${token.id}`));
  return { group: groupView(after, reached), synced };
}

async function append(tx: Stores, token: ScimToken, group: ScimGroup, what: string): Promise<void> {
  await tx.audit.append({
    verb: "person.changed",
    actorId: null,
    object: { kind: "scim-group", id: group.id },
    sourceAddress: null,
    decidedBy: `scim:${token.id}`,
    unitId: token.unitId,
    detail: { what, group: group.displayName, members: group.memberIds.length },
  });
}
