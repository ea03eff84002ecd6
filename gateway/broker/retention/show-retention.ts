/** What an auditor sees of retention: how long recordings are kept, the least, and how many of his units' went. */
import { done, refused, RETENTION_LEAST_DAYS, type Actor } from "../../domain/index.js";
import type { ProposalUseCases } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { scopeOf, withinUnits } from "../scope.js";
import { standing } from "../standing.js";
import { retentionDays } from "./terms.js";

export async function showRetention(
  deps: Pick<BrokerDeps, "database">,
  actor: Actor,
): ReturnType<ProposalUseCases["retention"]> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader?.power !== "audit") return refused("forbidden");
  const within = withinUnits(await scopeOf(read, reader, ["audit"]));
  const removed = await read.recordings.count({ state: "removed", ...within });
  return done({ days: await retentionDays(read), leastDays: RETENTION_LEAST_DAYS, removed });
}
