/** What the use cases of units, vendors and contracts take, and the few steps they share. */
import { refused, type Actor, type Outcome, type Power, type Stores } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { notice } from "../notices.js";
import { scopeOf, type UnitScope } from "../scope.js";
import { standing, type Standing } from "../standing.js";

export type RegisterDeps = Pick<BrokerDeps, "database" | "clock" | "ids" | "calendar" | "documents" | "notify">;

/** Who keeps or reads the register, and where. */
export interface Keeper {
  readonly person: Standing;
  readonly scope: UnitScope;
}

/** The security administrator who keeps the register, with the units he covers; `forbidden` for anyone else. */
export async function keeperOf(stores: Stores, actor: Actor): Promise<Outcome<Keeper>> {
  return holderOf(stores, actor, ["security"]);
}

/** Whoever may read it: the three powers, each where it is held. */
export async function readerOf(stores: Stores, actor: Actor): Promise<Outcome<Keeper>> {
  return holderOf(stores, actor, ["system", "security", "audit"]);
}

async function holderOf(stores: Stores, actor: Actor, powers: readonly Power[]): Promise<Outcome<Keeper>> {
  const person = await standing(stores, actor);
  if (person === undefined || person.power === null || !powers.includes(person.power)) return refused("forbidden");
  return { ok: true, value: { person, scope: await scopeOf(stores, person, [person.power]) } };
}

/** Something in the register changed: those who keep and read it. */
export function tellRegister(deps: Pick<BrokerDeps, "notify">, id: string): void {
  deps.notify(notice("registry", id, [], [], ["system", "security", "audit"]));
}
