/** Accounts that nobody used for as long as policy allows are disabled; never the last that can use a power, which an alert tells. */
import type { Person, Stores } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { tellPerson } from "../identity-deps.js";
import { isLastOfPower } from "../settle.js";
import { signInRules } from "../sign-in-rules.js";
import { orUndone } from "../undone.js";
import { endOfDisabled } from "./after-change.js";
import { tellEnded, type Hanging } from "./ending.js";
import { disablePerson } from "./review-endings.js";
import { alertLastOfPower } from "./review-rounds.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "policy" | "notify">;

const DAY_MS = 86_400_000;
const BATCH = 500;
const NOBODY = { personId: null, sourceAddress: null };

/** One pass. */
export async function disableDormant(deps: Deps): Promise<void> {
  const { password } = await signInRules(deps.database.read, deps.policy);
  if (password.dormantDays === null) return;
  const before = deps.clock.now() - password.dormantDays * DAY_MS;
  for (let after = ""; ;) {
    const where = { state: "active", createdAt: { lte: before }, id: { gt: after as Person["id"] } } as const;
    const people = await deps.database.read.people.find(where, { orderBy: "id", limit: BATCH });
    for (const person of people)
      if (await isDormant(deps.database.read, person, before)) await disable(deps, person.id, before);
    if (people.length < BATCH) return;
    after = people.at(-1)?.id ?? "";
  }
}

/** Neither signed in nor enrolled, nor made active, changed or reset by anybody since. */
async function isDormant(stores: Pick<Stores, "audit">, person: Person, before: number): Promise<boolean> {
  const used = [person.lastSignInAt, person.totpEnrolledAt, person.passwordChangedAt].map((at) => at ?? 0);
  if (person.state !== "active" || Math.max(...used) > before) return false;
  const verb = { in: ["person.changed", "person.factor-reset", "proposal.confirmed"] } as const;
  const touched = await stores.audit.find({ objectId: person.id, verb, at: { gt: before } }, { limit: 1 });
  return touched.length === 0;
}

async function disable(deps: Deps, id: Person["id"], before: number): Promise<void> {
  type Done = { readonly person: Person; readonly ended: Hanging | "last" } | undefined;
  const work = deps.database.write(async (tx): Promise<{ readonly ok: true; readonly value: Done }> => {
    const person = await tx.people.get(id);
    if (person === undefined || !(await isDormant(tx, person, before))) return { ok: true, value: undefined };
    if (await isLastOfPower(tx, id)) return { ok: true, value: { person, ended: "last" } };
    if (!(await disablePerson(tx, person, NOBODY, "person.dormant"))) return { ok: true, value: undefined };
    return { ok: true, value: { person, ended: await endOfDisabled(deps, tx, NOBODY, id, "person-dormant") } };
  });
  const outcome = await orUndone<Done>(work, { ok: false, code: "stale" });
  if (!outcome.ok || outcome.value === undefined) return;
  const { person, ended } = outcome.value;
  if (ended === "last") {
    await alertLastOfPower(deps, person, "dormant");
    return;
  }
  tellEnded(deps, ended);
  tellPerson(deps, id);
}
