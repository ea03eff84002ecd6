/**
 * Someone leaves: shown beforehand, then done in one transaction. He is retired, every way in is closed, and what he holds
 * ends. Those he sponsors stay as people, but what they held under him ends too: nobody answers for them any more.
 */
import {
  done,
  refused,
  type Actor,
  type Outcome,
  type Person,
  type PersonId,
  type Stores,
} from "../../domain/index.js";
import type { Ending } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { tellPerson } from "../identity-deps.js";
import { withdrawOpenOf } from "../proposals/withdraw-open.js";
import { reasonFits } from "../request-access.js";
import { covers, type UnitScope } from "../scope.js";
import { isLastOfPower } from "../settle.js";
import { orUndone, Undone } from "../undone.js";
import { closeWaysIn } from "./close-ways-in.js";
import { endHanging, endingOf, hangingOn, peopleOf, tellEnded, type Ender, type Hanging } from "./ending.js";
import { nameRows } from "./named-people.js";
import { keeperOf } from "./register-deps.js";
import { retirePerson } from "./retire-person.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "notify">;

/** What his leaving would end; `blockedBy` when he is the last who can use his power. */
export async function personEnding(deps: Pick<Deps, "database">, actor: Actor, id: PersonId): Promise<Outcome<Ending>> {
  const { read } = deps.database;
  const found = await leaver(read, actor, id);
  if (!found.ok) return found;
  const { person, scope } = found.value;
  const sponsored = await peopleOf(read, { sponsorId: id });
  const here = sponsored.filter((one) => covers(scope, one.unitId));
  const personIds = [id, ...sponsored.map((one) => one.id)];
  const ending = await endingOf(read, scope, { personIds, contractIds: [] }, [person]);
  return done({
    ...ending,
    sponsored: [...(await nameRows(read, here, scope)).values()],
    blockedBy: (await isLastOfPower(read, id)) ? "last-of-power" : null,
  });
}

/** By a security administrator whose units cover him, never of oneself. `last-of-power`, `conflict` when he has left. */
export async function leave(deps: Deps, actor: Actor, id: PersonId, reason: string): Promise<Outcome<void>> {
  if (!reasonFits(reason)) return refused("invalid-input", { field: "reason" });
  const work = deps.database.write(async (tx): Promise<Outcome<Left>> => {
    const found = await leaver(tx, actor, id);
    if (!found.ok) return found;
    if (await isLastOfPower(tx, id)) return refused("last-of-power");
    const left = await personLeaves(deps, tx, found.value.person, actor, reason.trim());
    if (left === undefined) throw new Undone(refused("stale"));
    return done(left);
  });
  const outcome = await orUndone(work, refused("stale"));
  if (!outcome.ok) return outcome;
  tellLeft(deps, id, outcome.value);
  return done(undefined);
}

/** Outside the actor's units and unknown are answered alike. */
async function leaver(
  stores: Stores,
  actor: Actor,
  id: PersonId,
): Promise<Outcome<{ readonly person: Person; readonly scope: UnitScope }>> {
  const keeper = await keeperOf(stores, actor);
  if (!keeper.ok) return keeper;
  if (keeper.value.person.personId === id) return refused("forbidden");
  const person = await stores.people.get(id);
  const { scope } = keeper.value;
  if (person === undefined || !covers(scope, person.unitId)) return refused("not-found");
  return person.state === "retired" ? refused("conflict") : done({ person, scope });
}

export interface Left {
  readonly sponsored: readonly PersonId[];
  readonly ended: readonly Hanging[];
}

/**
 * Retires the person with everything under him; undefined when the row changed meanwhile. In the caller's transaction, which
 * rolls back then. Events in order: he left, entitlements, grants, requests; then those of the people he sponsors.
 */
export async function personLeaves(
  deps: Pick<Deps, "clock">,
  tx: Stores,
  person: Person,
  by: Ender,
  reason: string,
): Promise<Left | undefined> {
  if (!(await retirePerson(tx, person, by, reason))) return undefined;
  const now = deps.clock.now();
  await closeWaysIn(tx, [person.id], now);
  await withdrawOpenOf(tx, person.id, now);
  const sponsored = (await peopleOf(tx, { sponsorId: person.id })).map((one) => one.id);
  const own = await hangingOn(tx, { personIds: [person.id], contractIds: [] });
  const ended = [await endHanging(deps, tx, by, own, "person-left")];
  if (sponsored.length > 0) {
    const theirs = await hangingOn(tx, { personIds: sponsored, contractIds: [] });
    ended.push(await endHanging(deps, tx, by, theirs, "sponsor-left"));
  }
  return { sponsored, ended };
}

/** After commit: live sessions look at their rows at once. */
export function tellLeft(deps: Pick<Deps, "notify">, id: PersonId, { sponsored, ended }: Left): void {
  for (const hanging of ended) tellEnded(deps, hanging);
  for (const one of [id, ...sponsored]) tellPerson(deps, one);
}
