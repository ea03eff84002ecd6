/**
 * Looks once a minute whether each power has its sealed envelopes, once critical acts are two persons' work; where one is missing an
 * alert is raised, once for each sealing and what is missing of it. A demo has nobody to lose.
 */
import type { Power, Stores } from "../../domain/index.js";
import { raiseAlert } from "../alerts.js";
import type { BrokerDeps } from "../deps.js";
import { alertNotice } from "../notices.js";
import { topUnit } from "../registry/unit-tree.js";
import { isSettled } from "../settle.js";
import { missingOf } from "./halves.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "config" | "notify">;

export interface Envelopes {
  /** When envelopes were sealed last; null: never. */
  readonly sealedAt: number | null;
  /** Powers of which an envelope was used, is void, or was never sealed. */
  readonly missing: readonly Power[];
}

/** Undefined before critical acts need two persons: until then nobody can seal. */
export async function envelopesOf(
  stores: Pick<Stores, "breakGlassSeals" | "settings">,
): Promise<Envelopes | undefined> {
  if (!(await isSettled(stores))) return undefined;
  const newest = { orderBy: "sealedAt", descending: true, limit: 1 } as const;
  const [last] = await stores.breakGlassSeals.find({}, newest);
  const good = await stores.breakGlassSeals.find({ usedAt: null, voidAt: null });
  return { sealedAt: last?.sealedAt ?? null, missing: missingOf(good) };
}

export async function watchSeals(deps: Deps): Promise<void> {
  const { read } = deps.database;
  const found = deps.config.demo ? undefined : await envelopesOf(read);
  if (found === undefined || found.missing.length === 0) return;
  const { sealedAt, missing } = found;
  const subject = `envelopes:${sealedAt === null ? "never" : String(sealedAt)}:${missing.join("+")}`;
  if ((await read.alerts.count({ kind: "envelopes-missing", subject })) > 0) return;
  const id = await deps.database.write(async (tx) => {
    const top = await topUnit(tx);
    if (top === undefined) return undefined;
    const detail = { powers: missing.join(" "), sealedAt };
    return raiseAlert(deps, tx, { unitId: top.id, kind: "envelopes-missing", subject, detail });
  });
  if (id !== undefined) deps.notify(alertNotice(id));
}
