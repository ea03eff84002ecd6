/** Shows people to those who administrate or audit them, and units to whoever may act. */
import { done, refused, type Actor, type Outcome, type Unit } from "../domain/index.js";
import type { Listing, Page, PersonView } from "./broker.js";
import type { PeopleDeps } from "./identity-deps.js";
import { mapListing, pageOf } from "./pages.js";
import { personView } from "./person-view.js";
import { standing } from "./standing.js";

type Deps = Pick<PeopleDeps, "database" | "policy">;

/** For security and audit. */
export async function listPeople(deps: Deps, actor: Actor, page: Page): Promise<Outcome<Listing<PersonView>>> {
  const { read } = deps.database;
  const now = await standing(read, actor);
  if (now?.power !== "security" && now?.power !== "audit") return refused("forbidden");
  const listing = await pageOf(read.people, {}, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done(await mapListing(listing, (person) => personView(deps, read, person)));
}

export async function listUnits(deps: Deps, actor: Actor): Promise<Outcome<readonly Unit[]>> {
  const { read } = deps.database;
  if ((await standing(read, actor)) === undefined) return refused("unauthenticated");
  return done(await read.units.find({}, { limit: 1000 }));
}
