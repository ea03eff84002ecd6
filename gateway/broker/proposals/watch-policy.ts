/**
 * Looks once a minute at the policy: what two persons put in force on another node is taken over here; what lies in the folder
 * without being in force, or in the setting without having been confirmed, also if a start took it from there, raises an alert, once
 * for each content.
 */
import type { Setting, Stores } from "../../domain/index.js";
import { digestOf, POLICY_SETTING, readKept } from "../../policy/index.js";
import { raiseAlert } from "../alerts.js";
import type { BrokerDeps } from "../deps.js";
import { alertNotice } from "../notices.js";
import { topUnit } from "../registry/unit-tree.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "policy" | "bundles" | "notify" | "log">;

export async function watchPolicy(deps: Deps): Promise<void> {
  await takeOver(deps);
  await tellUnconfirmed(deps);
  const found = await deps.bundles.readFolder().catch(() => undefined);
  if (found === undefined || found.digest === deps.policy.digest) return;
  await tell(deps, `policy:${found.digest}`, { inForce: deps.policy.digest, inFolder: found.digest });
}

async function tell(deps: Deps, subject: string, detail: Readonly<Record<string, string>>): Promise<void> {
  if ((await deps.database.read.alerts.count({ kind: "policy-changed", subject })) > 0) return;
  const id = await deps.database.write(async (tx) => {
    const unitId = (await topUnit(tx))?.id;
    return unitId === undefined ? undefined : raiseAlert(deps, tx, { unitId, kind: "policy-changed", subject, detail });
  });
  if (id !== undefined) deps.notify(alertNotice(id));
}

/** The bundle in force is the database's, whichever node it was confirmed on. */
async function takeOver(deps: Deps): Promise<void> {
  const setting = await deps.database.read.settings.get(POLICY_SETTING);
  if (setting === undefined || isKept(setting, deps.policy.digest)) return;
  const files = readKept(setting);
  const digest = digestOf(files);
  if (!(await wasConfirmed(deps.database.read, digest)))
    return tell(deps, `policy:unconfirmed:${digest}`, { inForce: deps.policy.digest, unconfirmed: digest });
  deps.bundles.replace(await deps.bundles.load(files));
  deps.log("info", "took over the policy in force", { digest: deps.policy.digest });
}

function isKept(setting: Setting | undefined, digest: string): boolean {
  return setting?.value.startsWith(`{"digest":"${digest}"`) === true;
}

/** A start takes what the setting says: what stands there must be what two persons confirmed last, or what the first start adopted. */
async function tellUnconfirmed(deps: Deps): Promise<void> {
  const { read } = deps.database;
  const [first] = await read.audit.find({ verb: "policy.loaded" }, { orderBy: "at", limit: 1 });
  const known = (await lastChange(read)) ?? first?.objectId;
  const { digest } = deps.policy;
  // Asked last: what another node put in force meanwhile is taken over in the next minute.
  if (known === undefined || known === digest || !isKept(await read.settings.get(POLICY_SETTING), digest)) return;
  await tell(deps, `policy:unconfirmed:${digest}`, { inForce: digest, unconfirmed: digest });
}

/** The setting and the event of two persons' change are written together; a setting that stands alone was written past them. */
async function wasConfirmed(stores: Pick<Stores, "audit">, digest: string): Promise<boolean> {
  return (await lastChange(stores)) === digest;
}

/** The bundle that two persons put in force last. */
async function lastChange(stores: Pick<Stores, "audit">): Promise<string | undefined> {
  const newest = { orderBy: "at", descending: true, limit: 1 } as const;
  const [change] = await stores.audit.find({ verb: "policy.changed" }, newest);
  return change?.objectId;
}
