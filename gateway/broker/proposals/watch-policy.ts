/**
 * Looks once a minute at the policy: what another node put in force is taken over here, and what lies in the folder without
 * being in force raises an alert, once for each content.
 */
import type { Stores } from "../../domain/index.js";
import { POLICY_SETTING, readKept } from "../../policy/index.js";
import { raiseAlert } from "../alerts.js";
import type { BrokerDeps } from "../deps.js";
import { alertNotice } from "../notices.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "policy" | "bundles" | "notify" | "log">;

export async function watchPolicy(deps: Deps): Promise<void> {
  await takeOver(deps);
  const found = await deps.bundles.readFolder().catch(() => undefined);
  if (found === undefined || found.digest === deps.policy.digest) return;
  const subject = `policy:${found.digest}`;
  if ((await deps.database.read.alerts.count({ kind: "policy-changed", subject })) > 0) return;
  const id = await deps.database.write(async (tx) => {
    const unitId = await topOf(tx);
    const detail = { inForce: deps.policy.digest, inFolder: found.digest };
    return unitId === undefined ? undefined : raiseAlert(deps, tx, { unitId, kind: "policy-changed", subject, detail });
  });
  if (id !== undefined) deps.notify(alertNotice(id));
}

/** The bundle in force is the database's, whichever node it was confirmed on. */
async function takeOver(deps: Deps): Promise<void> {
  const setting = await deps.database.read.settings.get(POLICY_SETTING);
  if (setting === undefined || setting.value.startsWith(`{"digest":"${deps.policy.digest}"`)) return;
  deps.bundles.replace(await deps.bundles.load(readKept(setting)));
  deps.log("info", "took over the policy in force", { digest: deps.policy.digest });
}

async function topOf(stores: Pick<Stores, "units">) {
  return (await stores.units.find({ parentId: null }, { limit: 1 }))[0]?.id;
}
