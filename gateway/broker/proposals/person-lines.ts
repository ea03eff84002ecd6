/** Whom a proposal is about, for the second person to read: who he is, and by whose hand he came. */
import type { PersonId, Stores } from "../../domain/index.js";
import type { ProposalLine } from "./kind.js";

/** A person whom the proposer entered himself may be the proposer's second face: the one who confirms should know. */
export async function personLines(
  stores: Pick<Stores, "people">,
  { personId, login }: { readonly personId: PersonId; readonly login: string },
): Promise<readonly ProposalLine[]> {
  const person = await stores.people.get(personId);
  const maker = person?.createdBy == null ? undefined : await stores.people.get(person.createdBy);
  const named = person === undefined ? login : `${person.displayName} (${login})`;
  return [
    { label: "person", before: null, after: named },
    ...(maker === undefined
      ? []
      : [{ label: "madeBy", before: null, after: `${maker.displayName} (${maker.login})` } as const]),
  ];
}
