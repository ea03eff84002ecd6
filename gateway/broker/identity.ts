/** Binds the identity use cases to their dependencies. */
import { done, refused } from "../domain/index.js";
import { createAuthenticate } from "./authenticate.js";
import type { IdentityUseCases } from "./broker.js";
import { beginEnrolment, completeEnrolment } from "./enrol.js";
import type { IdentityDeps } from "./identity-deps.js";
import { bootstrap, installation, makeBootstrapToken } from "./installation.js";
import { me } from "./me.js";
import { addKey, changePassword, retireKey, setLocale } from "./own-account.js";
import { overdueFault } from "./overdue.js";
import { standing } from "./standing.js";
import { createThrottle, type Throttle } from "./throttle.js";
import { resume, signInWeb, signOut } from "./web-session.js";

/** `throttle`: one that other ways in count in too; its own where none is given. */
export function createIdentity(
  given: Omit<IdentityDeps, "throttle"> & { readonly throttle?: Throttle },
): IdentityUseCases {
  const deps: IdentityDeps = { ...given, throttle: given.throttle ?? createThrottle(given.clock) };
  const authenticate = createAuthenticate(deps);
  return {
    signIn: (input) => authenticate(input),
    signInWeb: (input) => signInWeb(deps, authenticate, input),
    resume: (cookie, sourceAddress, more) => resume(deps, cookie, sourceAddress, more?.quietly),
    signOut: (cookie) => signOut(deps, cookie),
    refresh: async (actor) => {
      const now = await standing(deps.database.read, actor);
      const over = now === undefined || (await overdueFault(deps, now)) !== undefined;
      return over ? refused("unauthenticated") : done(now);
    },
    installation: () => installation(deps),
    makeBootstrapToken: () => makeBootstrapToken(deps),
    bootstrap: (input) => bootstrap(deps, input),
    beginEnrolment: (input) => beginEnrolment(deps, input),
    completeEnrolment: (input) => completeEnrolment(deps, input),
    changePassword: (actor, input) => changePassword(deps, actor, input),
    me: (actor) => me(deps, actor),
    setLocale: (actor, locale) => setLocale(deps, actor, locale),
    addKey: (actor, input) => addKey(deps, actor, input),
    retireKey: (actor, id) => retireKey(deps, actor, id),
  };
}
