/** The broker as the composition root makes it. */
import { assembleBroker, type RunningBroker } from "./assemble-broker.js";
import type { BrokerDeps } from "./deps.js";
import { bindDirectories } from "./directories/bind-directories.js";
import { createFactors } from "./factors/factors.js";
import { createIdentity } from "./identity.js";
import { createPeople } from "./people.js";
import { createThrottle } from "./throttle.js";

/** Binds every use case to `deps`. Nothing runs before `start`; doors open after it resolved. */
export function createBroker(deps: BrokerDeps): RunningBroker {
  // One for every way in, so that none is a second chance to guess.
  const throttle = createThrottle(deps.clock);
  return assembleBroker(deps, {
    identity: (inner) => createIdentity({ ...inner, throttle }),
    people: createPeople,
    factors: (inner) => createFactors({ ...inner, throttle }),
    directories: (inner) => bindDirectories({ ...inner, throttle }),
  });
}
