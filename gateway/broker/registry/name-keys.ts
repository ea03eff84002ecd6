/**
 * The keys of units' names, made anew at each start where they are not what `nameKey` says: rows of an older database carry
 * their names in small letters, and what looks alike may be told better by a later release.
 */
import { GatehouseError, type Unit } from "../../domain/index.js";
import { nameKey } from "../../text/index.js";
import type { BrokerDeps } from "../deps.js";
import { allUnits } from "../scope.js";
import { queueOnTop } from "./unit-tree.js";

type Deps = Pick<BrokerDeps, "database" | "log">;

/** Each unit by compare-and-set. Of siblings that look alike already, those that come later keep their keys, which is logged. */
export async function renewNameKeys(deps: Deps): Promise<void> {
  for (const unit of await allUnits(deps.database.read))
    if (unit.nameKey !== nameKey(unit.name)) await renew(deps, unit);
}

async function renew({ database, log }: Deps, unit: Unit): Promise<void> {
  const expected = { name: unit.name, nameKey: unit.nameKey };
  try {
    await database.write(async (tx) => {
      await queueOnTop(tx);
      await tx.units.update(unit.id, { nameKey: nameKey(unit.name) }, expected);
    });
  } catch (error) {
    if (!(error instanceof GatehouseError) || error.code !== "conflict") throw error;
    log("warn", "two units beside one another have names that look alike", { unit: unit.id });
  }
}
