/** What a person sees of himself: his own view, his keys, what happened to his account, and what waits for him. */
import {
  GatehouseError,
  PROPOSAL_KINDS,
  PROPOSAL_POWER,
  type Actor,
  type AuditRow,
  type AuditVerb,
  type Person,
  type Stores,
} from "../domain/index.js";
import type { IdentityUseCases } from "./broker.js";
import type { IdentityDeps } from "./identity-deps.js";
import { self } from "./own-proof.js";
import { mustChangePassword, passwordExpiresAt } from "./password-rules.js";
import { personView } from "./person-view.js";
import { EVERYTHING, scopeOf, withinUnits } from "./scope.js";
import { signInRules } from "./sign-in-rules.js";
import { steppedUpUntil } from "./step-up.js";

const SHOWN = 20;
const SIGN_INS: readonly AuditVerb[] = ["person.signed-in", "person.sign-in-failed"];
/** What its owner should know of, because another than he could have done it. */
const TOLD: readonly AuditVerb[] = [
  "person.factor-reset",
  "person.password-changed",
  "person.recovery-code-used",
  "person.key-added",
  "person.passkey-added",
  "person.passkey-retired",
  "person.passkey-cloned",
  "person.device-key-added",
  "person.directory-linked",
  "person.directory-unlinked",
  "person.signed-out-everywhere",
];

/** Rejects with `unauthenticated` when the actor may not act any more. */
export async function me(deps: IdentityDeps, actor: Actor): ReturnType<IdentityUseCases["me"]> {
  const { read } = deps.database;
  const person = await self(deps, actor);
  if (person === undefined) throw new GatehouseError("unauthenticated", "the person may not act any more");
  const { password } = await signInRules(read, deps.policy);
  const view = await personView(deps, read, person, EVERYTHING);
  const events = (verbs: readonly AuditVerb[]): Promise<AuditRow[]> =>
    read.audit.find({ objectId: person.id, verb: { in: verbs } }, { orderBy: "at", descending: true, limit: SHOWN });
  return {
    ...view,
    keys: await read.personKeys.find({ personId: person.id, retiredAt: null }, { orderBy: "createdAt" }),
    signIns: (await events(SIGN_INS)).map((row) => ({ ...seen(row), ok: row.verb === "person.signed-in" })),
    notices: (await events(TOLD)).map((row) => ({ ...seen(row), verb: row.verb })),
    needsSignature: view.roles.includes("operator") && !view.signed,
    passwordExpiresAt: passwordExpiresAt(person, password),
    mustChangePassword: mustChangePassword(person, password, deps.clock.now()),
    steppedUpUntil: await steppedUpUntil(read, deps.policy, actor),
    approvesFrom: person.approvesFrom,
    openReviews: await read.reviewItems.count({ sponsorId: person.id, state: "open" }),
    openProposals: await openProposals(deps, read, person, view),
  };
}

function seen({ at, leaf }: AuditRow): { readonly at: number; readonly source: string | null } {
  const { source } = JSON.parse(leaf) as { readonly source: string | null };
  return { at, source };
}

/** Proposals of others that are for his power, or for a confirmer, within his units. */
async function openProposals(
  deps: Pick<IdentityDeps, "clock">,
  stores: Stores,
  person: Person,
  { power, roles }: Pick<Actor, "power" | "roles">,
): Promise<number> {
  const kinds = roles.includes("confirmer")
    ? PROPOSAL_KINDS
    : PROPOSAL_KINDS.filter((kind) => PROPOSAL_POWER[kind] === power);
  if (kinds.length === 0) return 0;
  const lapsesAt = { gt: deps.clock.now() };
  const scope = await scopeOf(stores, { personId: person.id }, power === null ? ["confirmer"] : [power]);
  return stores.proposals.count({
    ...withinUnits(scope),
    state: "pending",
    kind: { in: kinds },
    proposedBy: { not: person.id },
    subject: { not: `person:${person.id}` },
    lapsesAt,
  });
}
