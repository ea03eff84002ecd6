/** Binds the people use cases to their dependencies; what the rules about powers and the register refuse is told to the log. */
import type { PeopleUseCases } from "./broker.js";
import { changePerson, resetFactors } from "./change-person.js";
import { createPerson } from "./create-person.js";
import type { BrokerDeps } from "./deps.js";
import type { PeopleDeps } from "./identity-deps.js";
import { getPerson, listPeople } from "./list-people.js";
import { noteRefusal } from "./proposals/note-refusal.js";
import { noteFault } from "./registry/note-fault.js";

export function createPeople(deps: PeopleDeps & Pick<BrokerDeps, "vault">): PeopleUseCases {
  return {
    list: (actor, page) => listPeople(deps, actor, page),
    get: (actor, id) => getPerson(deps, actor, id),
    create: async (actor, input) => {
      const { login } = input;
      const outcome = await createPerson(deps, actor, input);
      await noteFault(deps, actor, { kind: "person", id: null, name: login }, outcome);
      return noteRefusal(deps, actor, { kind: "login", id: login }, outcome);
    },
    change: async (actor, id, input) => {
      const outcome = await changePerson(deps, actor, id, input);
      await noteFault(deps, actor, { kind: "person", id, name: input.displayName }, outcome);
      return noteRefusal(deps, actor, { kind: "person", id }, outcome);
    },
    resetFactors: async (actor, id, reason) =>
      noteRefusal(deps, actor, { kind: "person", id }, await resetFactors(deps, actor, id, reason)),
  };
}
