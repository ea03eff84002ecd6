/** Binds the people use cases to their dependencies. */
import type { PeopleUseCases } from "./broker.js";
import { changePerson, resetFactors } from "./change-person.js";
import { createPerson } from "./create-person.js";
import type { BrokerDeps } from "./deps.js";
import type { PeopleDeps } from "./identity-deps.js";
import { getPerson, listPeople } from "./list-people.js";

export function createPeople(deps: PeopleDeps & Pick<BrokerDeps, "vault">): PeopleUseCases {
  return {
    list: (actor, page) => listPeople(deps, actor, page),
    get: (actor, id) => getPerson(deps, actor, id),
    create: (actor, input) => createPerson(deps, actor, input),
    change: (actor, id, input) => changePerson(deps, actor, id, input),
    resetFactors: (actor, id, reason) => resetFactors(deps, actor, id, reason),
  };
}
