/** Showing the second factor again, by code or passkey, so that this page session may approve, reveal and export for a while. */
import { done, refused, type Actor, type Outcome, type Stores } from "../../domain/index.js";
import type { Ceremony, SecondFactor } from "../broker.js";
import type { IdentityDeps } from "../identity-deps.js";
import { pageActor, type PageActor } from "../issue-ticket.js";
import { appendOwn, proven, unused } from "../own-proof.js";
import { beginProof, judgeProof, passkeysOf } from "./passkey-proof.js";

/** See `FactorUseCases.beginStepUp`: for one's own passkeys; `passkey-refused` for who has none. */
export async function beginStepUp(deps: IdentityDeps, actor: Actor): Promise<Outcome<Ceremony>> {
  const { read } = deps.database;
  const person = await pageActor(read, actor);
  if (!person.ok) return person;
  const { personId, webSessionId } = person.value;
  const own = await passkeysOf(read, personId);
  if (own.length === 0) return refused("passkey-refused");
  return beginProof(deps, { purpose: "step-up", personId, webSessionId }, own);
}

/** See `FactorUseCases.stepUp`: `sign-in-refused` for a code, `passkey-refused` for a passkey, whatever was wrong with it. */
export async function stepUp(deps: IdentityDeps, actor: Actor, factor: SecondFactor): Promise<Outcome<void>> {
  const person = await pageActor(deps.database.read, actor);
  if (!person.ok) return person;
  return factor.kind === "code"
    ? stepUpByCode(deps, person.value, factor.code)
    : deps.database.write((tx) => stepUpByPasskey(deps, tx, actor, factor));
}

async function stepUpByCode(deps: IdentityDeps, actor: PageActor, code: string): Promise<Outcome<void>> {
  const person = await deps.database.read.people.get(actor.personId);
  if (person === undefined) return refused("unauthenticated");
  const step = await proven(deps, actor, person, { code });
  if (!step.ok) return step;
  return deps.database.write(async (tx): Promise<Outcome<void>> => {
    if (!(await tx.people.update(person.id, { totpLastStep: step.value }, unused(person, step.value))))
      return refused("sign-in-refused");
    return mark(deps, tx, actor, "code");
  });
}

async function stepUpByPasskey(
  deps: IdentityDeps,
  tx: Stores,
  actor: Actor,
  factor: Extract<SecondFactor, { readonly kind: "passkey" }>,
): Promise<Outcome<void>> {
  const person = await pageActor(tx, actor);
  if (!person.ok) return person;
  const { personId, webSessionId, sourceAddress } = person.value;
  const { handle, response } = factor;
  const asked = { purpose: "step-up", personId, webSessionId } as const;
  const proof = await judgeProof(deps, tx, asked, personId, { handle, response, sourceAddress });
  return proof.ok ? mark(deps, tx, person.value, "passkey") : proof;
}

/** Only in a page session that stands. */
async function mark(
  deps: Pick<IdentityDeps, "clock">,
  tx: Stores,
  actor: PageActor,
  via: "code" | "passkey",
): Promise<Outcome<void>> {
  const mine = { personId: actor.personId, credentialEpoch: actor.credentialEpoch, endedAt: null };
  if (!(await tx.webSessions.update(actor.webSessionId, { steppedUpAt: deps.clock.now() }, mine)))
    return refused("unauthenticated");
  await appendOwn(tx, actor, "person.stepped-up", { via });
  return done(undefined);
}
