/** Who may answer for an asset, by name, to those who enter assets: they see no more of people than that. */
import { done, refused, type Actor, type Outcome, type Person, type Where } from "../domain/index.js";
import type { AssetUseCases, Listing, OwnerView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { mapListing, pageOfEither } from "./pages.js";
import { scopeOf, withinUnits } from "./scope.js";
import { standing } from "./standing.js";

type OwnersPage = Parameters<AssetUseCases["owners"]>[1];

const QUERY_LONGEST = 100;

/** For system administrators. `invalid-input` on `q` that is too long, or `cursor`. */
export async function listOwners(
  deps: Pick<BrokerDeps, "database">,
  actor: Actor,
  page: OwnersPage,
): Promise<Outcome<Listing<OwnerView>>> {
  const { read } = deps.database;
  const admin = await standing(read, actor);
  if (admin?.power !== "system") return refused("forbidden");
  const q = page.q?.trim() ?? "";
  if (q.length > QUERY_LONGEST) return refused("invalid-input", { field: "q" });
  const where: Where<Person> = {
    ...withinUnits(await scopeOf(read, admin, ["system"])),
    state: "active",
    vendorId: null,
  };
  const named = [
    { ...where, login: { contains: q.toLowerCase() } },
    { ...where, displayName: { contains: q } },
  ];
  const listing = await pageOfEither(read.people, q === "" ? [where] : named, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  const shown = await mapListing(listing, async ({ id, login, displayName, unitId }) => {
    return { id, login, displayName, unitName: (await read.units.get(unitId))?.name ?? "" };
  });
  return done(shown);
}
