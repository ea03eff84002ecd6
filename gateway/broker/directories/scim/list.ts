/** SCIM listings: what the token reaches, one comparison, pages by index from 1 (RFC 7644 §3.4.2). */
import { done, refused, type Outcome, type PersonId, type ScimToken } from "../../../domain/index.js";
import type { ScimFilter, ScimGroupView, ScimUseCases, ScimUser } from "../../broker.js";
import type { DirectoryDeps } from "../deps.js";
import { groupView } from "./groups.js";
import { groupsOf, reachAll, reachPerson, userOf } from "./scim-people.js";

type Deps = Pick<DirectoryDeps, "database">;
type Question = Parameters<ScimUseCases["listUsers"]>[1];

const MOST = 200;

function pageOf<T>(
  all: readonly T[],
  { startIndex, count }: Question,
): { readonly total: number; readonly items: readonly T[] } {
  const from = Math.max(1, startIndex) - 1;
  return { total: all.length, items: all.slice(from, from + Math.min(MOST, Math.max(0, count))) };
}

/** `userName` is compared without regard to case (RFC 7643 §4.1.1), the rest exactly. */
function fits(filter: ScimFilter | undefined, row: Readonly<Record<string, unknown>>): boolean {
  if (filter === undefined) return true;
  const value = row[filter.attribute];
  const text = typeof value === "string" || typeof value === "boolean" ? String(value) : undefined;
  if (text === undefined) return false;
  const loose = filter.attribute === "userName" || filter.attribute === "active";
  return loose ? text.toLowerCase() === filter.value.toLowerCase() : text === filter.value;
}

export async function listUsers(deps: Deps, token: ScimToken, question: Question) {
  const { read } = deps.database;
  const groups = await groupsOf(read, token);
  const users = (await reachAll(read, token)).map((reached) => userOf(reached, groups));
  return pageOf<ScimUser>(
    users.filter((user) => fits(question.filter, { ...user })),
    question,
  );
}

export async function getUser(deps: Deps, token: ScimToken, id: PersonId): Promise<Outcome<ScimUser>> {
  const { read } = deps.database;
  const reached = await reachPerson(read, token, id);
  return reached === undefined ? refused("not-found") : done(userOf(reached, await groupsOf(read, token)));
}

export async function listGroups(deps: Deps, token: ScimToken, question: Question) {
  const { read } = deps.database;
  const reached = await reachAll(read, token);
  const groups = (await groupsOf(read, token)).map((group) => groupView(group, reached));
  return pageOf<ScimGroupView>(
    groups.filter((group) => fits(question.filter, { ...group })),
    question,
  );
}

export async function getGroup(deps: Deps, token: ScimToken, id: string): Promise<Outcome<ScimGroupView>> {
  const group = await deps.database.read.scimGroups.get(id);
  if (group?.tokenId !== token.id) return refused("not-found");
  return done(groupView(group, await reachAll(deps.database.read, token)));
}
