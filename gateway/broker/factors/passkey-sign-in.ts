/**
 * Signing in with a passkey alone: it was unlocked by its owner's finger, face or PIN, so it counts as both factors. Nobody says
 * who he is; the passkey does. Whatever was wrong, the answer is `sign-in-refused` after the same work.
 */
import { refused, type Actor, type Outcome, type Person, type Stores } from "../../domain/index.js";
import type { Ceremony, FactorUseCases, WebSignIn } from "../broker.js";
import { isSilentOn } from "../directories/silent.js";
import { actorOf, isEnrolled, type IdentityDeps } from "../identity-deps.js";
import { signInRules } from "../sign-in-rules.js";
import { newPage, signedIn } from "../web-session.js";
import type { ChallengeFor } from "./challenges.js";
import { isKnownPlace } from "./known-place.js";
import { beginProof, judgeProof, passkeyNamed } from "./passkey-proof.js";

/** What an answer for nobody in particular is bound to; a directory's second factor takes one too. */
export const SIGN_IN_CHALLENGE: ChallengeFor = { purpose: "passkey-sign-in", personId: null, webSessionId: null };

/** See `FactorUseCases.beginPasskeySignIn`. */
export function beginPasskeySignIn(deps: IdentityDeps): Promise<Outcome<Ceremony>> {
  return beginProof(deps, SIGN_IN_CHALLENGE, []);
}

/** See `FactorUseCases.signInByPasskey`. */
export async function signInByPasskey(
  deps: IdentityDeps,
  input: Parameters<FactorUseCases["signInByPasskey"]>[0],
): Promise<Outcome<WebSignIn>> {
  const admitted = deps.throttle.token(input.sourceAddress);
  if (!admitted.ok && !(await wasHereBefore(deps, input)))
    return refused("too-many-tries", { retryAfterMs: admitted.retryAfterMs });
  const rules = await signInRules(deps.database.read, deps.policy);
  const page = newPage(rules, deps.clock.now(), { ...input, via: "passkey" });
  const entered = await deps.database.write(async (tx): Promise<Actor | undefined> => {
    const proof = await judgeProof(deps, tx, SIGN_IN_CHALLENGE, null, input);
    const person = proof.ok ? await tx.people.get(proof.value.personId) : undefined;
    if (person === undefined || !(await enter(deps, tx, person, input.sourceAddress))) return undefined;
    await page.open(tx, person, proof.ok ? proof.value.id : undefined);
    return actorOf(tx, person, input.sourceAddress);
  });
  if (entered === undefined) return refused("sign-in-refused");
  // Takes the try back, too.
  deps.throttle.succeeded(entered.login, input.sourceAddress);
  return signedIn(deps, page, entered);
}

/** What others behind the same address try keeps nobody out whose passkey's owner came from there before. */
async function wasHereBefore(
  deps: Pick<IdentityDeps, "database">,
  { response, sourceAddress }: Pick<Parameters<FactorUseCases["signInByPasskey"]>[0], "response" | "sourceAddress">,
): Promise<boolean> {
  const passkey = await passkeyNamed(deps.database.read, response);
  return isKnownPlace(deps.database.read, passkey?.personId, sourceAddress);
}

/** Notes that the person came in; false when he may not. */
async function enter(
  deps: Pick<IdentityDeps, "clock" | "directories">,
  tx: Stores,
  person: Person,
  sourceAddress: string,
): Promise<boolean> {
  const isSilent = await isSilentOn(deps, tx, person);
  const able = !isSilent && person.state === "active" && isEnrolled(person);
  const seen = { failures: 0, lastFailureAt: null, lastSignInAt: deps.clock.now() };
  const same = { state: "active", credentialEpoch: person.credentialEpoch } as const;
  const entered = able && (await tx.people.update(person.id, seen, same));
  await tx.audit.append({
    verb: entered ? "person.signed-in" : "person.sign-in-failed",
    actorId: entered ? person.id : null,
    actorName: person.login,
    object: { kind: "person", id: person.id },
    sourceAddress,
    ...(entered ? {} : { decidedBy: able ? "changed-meanwhile" : isSilent ? "directory-unavailable" : "not-active" }),
    detail: { via: "passkey" },
  });
  return entered;
}
