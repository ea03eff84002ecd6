/** That someone who keeps the register gave it what it does not take stands in the log. Whoever may not keep it is refused before anything is looked at. */
import { sanitise, type Actor, type ErrorCode, type Outcome } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { keeperOf } from "./register-deps.js";

/** Refusals that are about what was given. */
const TOLD: readonly ErrorCode[] = ["invalid-input", "name-taken", "conflict", "vendor-cycle", "not-under-contract"];
const LONGEST_NAME = 128;
const NEW = "new";

export interface GivenEntry {
  readonly kind: "unit" | "vendor" | "contract" | "person";
  /** Null for what would be new. */
  readonly id: string | null;
  /** What it was to be called, where that was said. */
  readonly name: string | undefined;
}

/** The outcome as it is, with an event `register.refused` when it is such a refusal of a security administrator's. */
export async function noteFault<T>(
  deps: Pick<BrokerDeps, "database">,
  actor: Actor,
  { kind, id, name }: GivenEntry,
  outcome: Outcome<T>,
): Promise<Outcome<T>> {
  if (outcome.ok || !TOLD.includes(outcome.code)) return outcome;
  const { code: decidedBy, field } = outcome;
  await deps.database.write(async (tx) => {
    const keeper = await keeperOf(tx, actor);
    if (!keeper.ok) return;
    const { personId: actorId, unitId } = keeper.value.person;
    await tx.audit.append({
      verb: "register.refused",
      actorId,
      object: { kind, id: id ?? NEW },
      sourceAddress: actor.sourceAddress,
      // What is not there yet has no unit of its own.
      ...(id === null ? { unitId } : {}),
      decidedBy,
      detail: {
        ...(field === undefined ? {} : { field }),
        ...(name === undefined ? {} : { name: sanitise(name, LONGEST_NAME) }),
      },
    });
  });
  return outcome;
}
