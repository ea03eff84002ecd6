/**
 * What the calendar does to contracts: the last day passes and they end, with everything under them; and 30, 7 and 1 days
 * before, those who keep the register are told, once each. Compare-and-set, so that several nodes may do it at once.
 */
import { GatehouseError, type Contract, type Stores } from "../../domain/index.js";
import { raiseAlert } from "../alerts.js";
import { alertNotice } from "../notices.js";
import type { BrokerDeps } from "../deps.js";
import { endContractIn } from "./end-contract.js";
import { tellEnded } from "./ending.js";
import { tellRegister } from "./register-deps.js";
import { vendorNames } from "./vendor-chain.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "notify">;

const BATCH = 200;
const DAY_MS = 86_400_000;
/** Days before the end at which it is told, the shortest first. */
const WARN_DAYS = [1, 7, 30] as const;
const THE_GATE = { personId: null, sourceAddress: null };

/** One pass: ends each contract whose last day has passed. One that cannot be ended now holds up no other; its error comes last. */
export async function endPassedContracts(deps: Deps): Promise<void> {
  const only = { toAt: { lte: deps.clock.now() } };
  const passed = await deps.database.read.contracts.find({ ...only, state: "active" }, { limit: BATCH });
  const failures: unknown[] = [];
  for (const contract of passed) {
    try {
      const ended = await deps.database.write((tx) =>
        endContractIn(deps, tx, THE_GATE, contract, "last-day-passed", only),
      );
      if (ended === undefined) continue;
      tellRegister(deps, contract.id);
      tellEnded(deps, ended);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** One pass: an alert for each contract that comes nearer to its end than it was told of before. */
export async function warnOfEndings(deps: Deps): Promise<void> {
  const now = deps.clock.now();
  const near = { gt: now, lte: now + WARN_DAYS[2] * DAY_MS };
  for (let offset = 0; ; offset += BATCH) {
    const page = { orderBy: "id", limit: BATCH, offset } as const;
    const ending = await deps.database.read.contracts.find({ state: "active", toAt: near }, page);
    for (const contract of ending) await warnOnce(deps, contract, now);
    if (ending.length < BATCH) return;
  }
}

async function warnOnce(deps: Deps, contract: Contract, now: number): Promise<void> {
  const days = WARN_DAYS.find((one) => contract.toAt - now <= one * DAY_MS) ?? WARN_DAYS[2];
  // A contract that is extended is told of again.
  const mark = `contract-ending:${contract.id}:${contract.toDate}:${String(days)}`;
  if ((await deps.database.read.settings.get(mark)) !== undefined) return;
  try {
    deps.notify(alertNotice(await deps.database.write((tx) => warn(deps, tx, contract, mark, days))));
  } catch (error) {
    // Another node was there first; its mark stands, and this transaction left nothing.
    if (!(error instanceof GatehouseError) || error.code !== "conflict") throw error;
  }
}

async function warn(
  deps: Pick<Deps, "clock" | "ids">,
  tx: Stores,
  { id, unitId, number, toDate, vendorId }: Contract,
  mark: string,
  days: number,
): Promise<string> {
  await tx.settings.insert({ id: mark, value: String(deps.clock.now()) });
  const [vendor = ""] = await vendorNames(tx, vendorId);
  const detail = { number, vendor, toDate, days };
  return raiseAlert(deps, tx, { unitId, kind: "contract-ending", subject: `contract:${id}`, detail });
}
