/** Bearer tokens of SCIM clients: proposed by one security administrator, confirmed by another, taken back by any one of them. */
import { done, refused, type Actor, type Outcome, type ScimToken, type ScimTokenId } from "../../domain/index.js";
import type { DirectoryUseCases, ProposalView } from "../broker.js";
import { proposeAndView } from "../proposals/propose-and-view.js";
import type { Proposed } from "../proposals/propose.js";
import { covers, scopeOf, withinUnits } from "../scope.js";
import { standing } from "../standing.js";
import type { DirectoryDeps } from "./deps.js";

const LONGEST_NAME = 100;
const MOST = 1000;

/** `invalid-input` for a name of another form, and a unit that does not stand; else as `propose` answers. */
export async function proposeScimToken(
  deps: DirectoryDeps,
  actor: Actor,
  input: Parameters<DirectoryUseCases["proposeScimToken"]>[1],
): Promise<Outcome<ProposalView>> {
  const name = input.name.trim();
  if (name === "" || name.length > LONGEST_NAME || /[\p{Cc}\p{Cf}]/u.test(name))
    return refused("invalid-input", { field: "name" });
  return proposeAndView(deps, actor, async (tx): Promise<Outcome<Proposed>> => {
    const now = await standing(tx, actor);
    if (now?.power !== "security") return refused("forbidden");
    const unit = await tx.units.get(input.unitId);
    if (unit?.state !== "active" || !covers(await scopeOf(tx, now, ["security"]), unit.id))
      return refused("invalid-input", { field: "unitId" });
    const { id: unitId } = unit;
    const content = { name, unitId };
    return done({ kind: "scim.token", subject: `unit:${unitId}`, unitId, content, reason: input.reason });
  });
}

/** Of the units over which the actor is a security administrator or an auditor. */
export async function scimTokens(
  deps: Pick<DirectoryDeps, "database">,
  actor: Actor,
): Promise<Outcome<readonly Omit<ScimToken, "hash">[]>> {
  const { read } = deps.database;
  const now = await standing(read, actor);
  if (now?.power !== "security" && now?.power !== "audit") return refused("forbidden");
  const scope = await scopeOf(read, now, ["security", "audit"]);
  const rows = await read.scimTokens.find(withinUnits(scope), { orderBy: "createdAt", descending: true, limit: MOST });
  return done(rows.map(({ hash: _hash, ...shown }) => shown));
}

/** Its next call is refused. The people it made stay as they are; their groups give nothing any more at their next check. */
export async function retireScimToken(
  deps: Pick<DirectoryDeps, "database" | "clock">,
  actor: Actor,
  id: ScimTokenId,
): Promise<Outcome<void>> {
  return deps.database.write(async (tx): Promise<Outcome<void>> => {
    const now = await standing(tx, actor);
    if (now?.power !== "security") return refused("forbidden");
    const token = await tx.scimTokens.get(id);
    if (token === undefined || !covers(await scopeOf(tx, now, ["security"]), token.unitId)) return refused("not-found");
    if (!(await tx.scimTokens.update(id, { retiredAt: deps.clock.now() }, { retiredAt: null })))
      return refused("conflict");
    await tx.audit.append({
      verb: "scim.token-retired",
      actorId: now.personId,
      object: { kind: "scim-token", id },
      sourceAddress: actor.sourceAddress,
      unitId: token.unitId,
      detail: { name: token.name },
    });
    return done(undefined);
  });
}
