/** The broker as the composition root makes it. */
import { assembleBroker, type RunningBroker } from "./assemble-broker.js";
import type { BrokerDeps } from "./deps.js";
import { createIdentity } from "./identity.js";
import { createPeople } from "./people.js";

/** Binds every use case to `deps`. Nothing runs before `start`; doors open after it resolved. */
export function createBroker(deps: BrokerDeps): RunningBroker {
  return assembleBroker(deps, { identity: createIdentity, people: createPeople });
}
