/** Binds the people use cases to their dependencies; what the rules about powers refuse is told to the log. */
import type { PeopleUseCases } from "./broker.js";
import { changePerson, resetFactors } from "./change-person.js";
import { createPerson } from "./create-person.js";
import type { BrokerDeps } from "./deps.js";
import type { PeopleDeps } from "./identity-deps.js";
import { getPerson, listPeople } from "./list-people.js";
import { noteRefusal } from "./proposals/note-refusal.js";

export function createPeople(deps: PeopleDeps & Pick<BrokerDeps, "vault">): PeopleUseCases {
  return {
    list: (actor, page) => listPeople(deps, actor, page),
    get: (actor, id) => getPerson(deps, actor, id),
    create: async (actor, input) =>
      noteRefusal(deps, actor, { kind: "login", id: input.login }, await createPerson(deps, actor, input)),
    change: async (actor, id, input) =>
      noteRefusal(deps, actor, { kind: "person", id }, await changePerson(deps, actor, id, input)),
    resetFactors: async (actor, id, reason) =>
      noteRefusal(deps, actor, { kind: "person", id }, await resetFactors(deps, actor, id, reason)),
  };
}
