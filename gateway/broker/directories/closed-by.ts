/** Who closed a person, from the audit log: the directory that did may open him again, and nobody else's directory may. */
import type { AuditEvent, AuditVerb, Person, Stores } from "../../domain/index.js";

const CLOSINGS: readonly AuditVerb[] = ["person.disabled", "person.directory-gone", "person.dormant", "person.lapsed"];
const LOOKED_AT = 100;

/**
 * `people`: somebody here, or a rule of the house; `nobody`: he was made closed; else the directory's name as `EndOfAccess.by` had it.
 * What a directory ended without closing him says nothing; where that is all that is found, it counts as `people`.
 */
export async function closedBy(
  stores: Pick<Stores, "audit">,
  person: Pick<Person, "id">,
): Promise<"people" | "nobody" | { readonly directory: unknown }> {
  const where = { objectId: person.id, verb: { in: CLOSINGS } };
  const rows = await stores.audit.find(where, { orderBy: "id", descending: true, limit: LOOKED_AT });
  for (const { verb, leaf } of rows) {
    if (verb !== "person.directory-gone") return "people";
    const { detail } = JSON.parse(leaf) as AuditEvent;
    if (detail["state"] === "disabled") return { directory: detail["by"] };
  }
  return rows.length < LOOKED_AT ? "nobody" : "people";
}

/** Whether it was this directory, and nobody since, that closed the person. */
export async function wasClosedBy(
  stores: Pick<Stores, "audit">,
  person: Pick<Person, "id">,
  directory: string,
): Promise<boolean> {
  const by = await closedBy(stores, person);
  return typeof by === "object" && by.directory === directory;
}
