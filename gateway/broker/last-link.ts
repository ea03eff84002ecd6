/** Who gave a person his newest enrolment link, and in how many hands it lay: read from the log, which nobody can change. */
import type { AuditEvent, PersonId, Stores } from "../domain/index.js";

const GIVES = ["person.created", "person.factor-reset", "person.link-parted"] as const;

export interface LinkGiven {
  readonly at: number;
  /** Who entered or reset him, or proposed it; nobody where a directory or an envelope made him. */
  readonly by: PersonId | null;
  /** Who confirmed it, and holds the second part; undefined where it took one person. */
  readonly second: PersonId | undefined;
}

/** Undefined where the log knows of none. */
export async function lastLink(stores: Pick<Stores, "audit">, personId: PersonId): Promise<LinkGiven | undefined> {
  const where = { objectId: personId, verb: { in: GIVES } };
  const [row] = await stores.audit.find(where, { orderBy: "id", descending: true, limit: 1 });
  if (row === undefined) return undefined;
  const second = (JSON.parse(row.leaf) as AuditEvent).detail["confirmedBy"];
  return { at: row.at, by: row.actorId, second: typeof second === "string" ? (second as PersonId) : undefined };
}

/** When another person last linked him to an entry of a directory, which may be that person's own; undefined where none did. */
export async function linkedByAnother(stores: Pick<Stores, "audit">, personId: PersonId): Promise<number | undefined> {
  const where = { objectId: personId, verb: "person.directory-linked", actorId: { not: personId } } as const;
  const [row] = await stores.audit.find(where, { orderBy: "id", descending: true, limit: 1 });
  return row?.at;
}
