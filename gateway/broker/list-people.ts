/** Shows people to those who administrate or audit their units. */
import { done, refused, type Actor, type Outcome, type Person, type PersonId, type Where } from "../domain/index.js";
import type { Listing, PeopleUseCases, PersonView } from "./broker.js";
import type { PeopleDeps } from "./identity-deps.js";
import { mapListing, pageOfEither } from "./pages.js";
import { personView, personViewer } from "./person-view.js";
import { covers, EVERYTHING, scopeOf, withinUnits } from "./scope.js";
import { standing } from "./standing.js";

type Deps = Pick<PeopleDeps, "database" | "policy">;
type PeoplePage = Parameters<PeopleUseCases["list"]>[1];

const QUERY_LONGEST = 100;

/** For security and audit, the people of their units. `q` stands anywhere in login or display name. */
export async function listPeople(deps: Deps, actor: Actor, page: PeoplePage): Promise<Outcome<Listing<PersonView>>> {
  const { read } = deps.database;
  const now = await standing(read, actor);
  if (now?.power !== "security" && now?.power !== "audit") return refused("forbidden");
  const q = page.q?.trim() ?? "";
  if (q.length > QUERY_LONGEST) return refused("invalid-input", { field: "q" });
  const scope = await scopeOf(read, now, ["security", "audit"]);
  const where: Where<Person> = {
    ...withinUnits(scope),
    ...(page.vendorId === undefined ? {} : { vendorId: page.vendorId }),
    ...(page.contractId === undefined ? {} : { contractId: page.contractId }),
  };
  const named = [
    { ...where, login: { contains: q.toLowerCase() } },
    { ...where, displayName: { contains: q } },
  ];
  const listing = await pageOfEither(read.people, q === "" ? [where] : named, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done(await mapListing(listing, await personViewer(deps, read, listing.items, scope)));
}

/** Oneself, and for security and audit anyone of their units; `not-found` otherwise. */
export async function getPerson(deps: Deps, actor: Actor, id: PersonId): Promise<Outcome<PersonView>> {
  const { read } = deps.database;
  const now = await standing(read, actor);
  const person = await read.people.get(id);
  if (now === undefined || person === undefined) return refused("not-found");
  const own = person.id === now.personId;
  const scope = own ? EVERYTHING : await scopeOf(read, now, ["security", "audit"]);
  if (!covers(scope, person.unitId)) return refused("not-found");
  return done(await personView(deps, read, person, scope));
}
