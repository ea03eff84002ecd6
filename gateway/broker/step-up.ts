/**
 * A second factor shown a short while ago, in this page session: asked for before approving, confirming, reading kept input
 * and taking anything out. These acts belong to the page, so an actor without a page session has no way to show one.
 */
import { done, refused, type Actor, type Clock, type Outcome, type Stores } from "../domain/index.js";
import type { Policy } from "../policy/index.js";
import { signInRules } from "./sign-in-rules.js";

type StepUpStores = Pick<Stores, "webSessions" | "settings">;

/** Until when the second factor last shown in the actor's page session counts; null where there is no session that stands. */
export async function steppedUpUntil(
  stores: StepUpStores,
  policy: Pick<Policy, "signIn">,
  actor: Pick<Actor, "personId" | "webSessionId">,
): Promise<number | null> {
  if (actor.webSessionId === undefined) return null;
  const session = await stores.webSessions.get(actor.webSessionId);
  if (session === undefined || session.endedAt !== null || session.personId !== actor.personId) return null;
  return session.steppedUpAt + (await signInRules(stores, policy)).stepUpMs;
}

/** Refuses with `step-up-needed` unless a second factor was shown in the actor's page session within the window of policy. */
export async function requireStepUp(
  stores: StepUpStores,
  clock: Pick<Clock, "now">,
  policy: Pick<Policy, "signIn">,
  actor: Pick<Actor, "personId" | "webSessionId">,
): Promise<Outcome<void>> {
  const until = await steppedUpUntil(stores, policy, actor);
  return until !== null && clock.now() < until ? done(undefined) : refused("step-up-needed");
}
