/**
 * What a change of a person ends. Another contract or vendor: everything he held under the one before. Not active any more: his
 * grants and requests, and those of the people he sponsors; making him active again brings none of it back.
 */
import type { Person, Stores } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
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
  const end = async (people: readonly Pick<Person, "id">[], reason: string, withEntitlements: boolean) => {
    const hanging = await hangingOn(tx, { personIds: people.map((person) => person.id), contractIds: [] });
    ended.push(await endHanging(deps, tx, by, withEntitlements ? hanging : { ...hanging, entitlements: [] }, reason));
  };
  if (before.contractId !== after.contractId || before.vendorId !== after.vendorId)
    await end([before], "contract-left", true);
  if (before.state === "active" && after.state !== "active") {
    await end([before], "person-disabled", false);
    await end(await peopleOf(tx, { sponsorId: before.id }), "sponsor-disabled", false);
  }
  return ended;
}
