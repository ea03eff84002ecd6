/**
 * What a change of a person ends. Another contract or vendor: everything he held under the one before. Not active any more: his
 * grants and requests, and those of the people he sponsors. No operator for a unit any more: his grants there. Making him active or
 * giving the role again brings none of it back.
 */
import type { AccessRequest, Grant, Person, PersonId, Stores } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { covers, scopeOf } from "../scope.js";
import { endHanging, hangingOn, peopleOf, type Ender, type Hanging } from "./ending.js";

/** In the caller's transaction, after the row was written; tell it after commit. */
export async function endAfterChange(
  deps: Pick<BrokerDeps, "clock">,
  tx: Stores,
  by: Ender,
  before: Person,
  after: Person,
): Promise<readonly Hanging[]> {
  const ended: Hanging[] = [];
  if (before.contractId !== after.contractId || before.vendorId !== after.vendorId) {
    const hanging = await hangingOn(tx, { personIds: [before.id], contractIds: [] });
    ended.push(await endHanging(deps, tx, by, hanging, "contract-left"));
  }
  if (before.state === "active" && after.state !== "active")
    ended.push(await endOfDisabled(deps, tx, by, before.id, "person-disabled"));
  return ended;
}

/**
 * Who is not active any more holds no grant and asks for nothing, nor does anybody he sponsors: who becomes active again
 * begins with nothing but his entitlements. In the caller's transaction; tell it after commit.
 */
export async function endOfDisabled(
  deps: Pick<BrokerDeps, "clock">,
  tx: Stores,
  by: Ender,
  id: PersonId,
  reason: string,
): Promise<Hanging> {
  const sponsored = (await peopleOf(tx, { sponsorId: id })).map((person) => person.id);
  const grants: Grant[] = [];
  const requests: AccessRequest[] = [];
  for (const [personIds, why] of [
    [[id], reason],
    [sponsored, "sponsor-disabled"],
  ] as const) {
    const hanging = await hangingOn(tx, { personIds, contractIds: [] });
    const ended = await endHanging(deps, tx, by, { ...hanging, entitlements: [] }, why);
    grants.push(...ended.grants);
    requests.push(...ended.requests);
  }
  return { entitlements: [], grants, requests };
}

/**
 * Who operates for a unit no more holds no grant there: who is given the role again begins with nothing but his entitlements. What he
 * asked for waits for its decision, which asks for the role. In the caller's transaction, after the roles; tell it after commit.
 */
export async function endOfRole(
  deps: Pick<BrokerDeps, "clock">,
  tx: Stores,
  by: Ender,
  id: PersonId,
): Promise<Hanging> {
  const scope = await scopeOf(tx, { personId: id }, ["operator"]);
  const { grants } = await hangingOn(tx, { personIds: [id], contractIds: [] });
  const beyond = grants.filter((grant) => !covers(scope, grant.unitId));
  return endHanging(deps, tx, by, { entitlements: [], grants: beyond, requests: [] }, "role-withdrawn");
}
