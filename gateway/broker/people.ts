/** Binds the people use cases to their dependencies. */
import type { PeopleUseCases } from "./broker.js";
import { changePerson, resetFactors } from "./change-person.js";
import { createPerson } from "./create-person.js";
import type { PeopleDeps } from "./identity-deps.js";
import { listPeople, listUnits } from "./list-people.js";

export function createPeople(deps: PeopleDeps): PeopleUseCases {
  return {
    list: (actor, page) => listPeople(deps, actor, page),
    create: (actor, input) => createPerson(deps, actor, input),
    change: (actor, id, input) => changePerson(deps, actor, id, input),
    resetFactors: (actor, id) => resetFactors(deps, actor, id),
    units: (actor) => listUnits(deps, actor),
  };
}
