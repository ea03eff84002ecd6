/**
 * Reads the rows that live sessions hang on, hundreds in a statement: thousands of sessions are read again each second.
 */
import type {
  Clock,
  Database,
  Grant,
  GrantId,
  Person,
  PersonId,
  PersonStanding,
  WebSessionId,
} from "../domain/index.js";
import { BATCH, batches, everyRow } from "./batches.js";
import type { LiveEntry } from "./live-entry.js";
import { readBonds, spanOf } from "./registry/bonds.js";
import { standingPages } from "./web-session.js";

type Deps = { readonly database: Pick<Database, "read"> };

/** What live sessions are asked about the persons named (see `PersonStanding`); those without a row are missing. */
export async function readStandings(
  { database: { read } }: Deps,
  ids: readonly PersonId[],
): Promise<ReadonlyMap<PersonId, PersonStanding>> {
  const people: Person[] = [];
  const operators = new Set<PersonId>();
  for (const batch of batches(ids)) {
    people.push(...(await read.people.find({ id: { in: batch } }, { limit: BATCH })));
    for (const id of await readOperators(read, batch)) operators.add(id);
  }
  // Of them all at once: they share their contracts, vendors and sponsors.
  const bonds = await readBonds(read, people);
  return new Map(
    people.map(({ id, state, credentialEpoch }) => {
      const { hold = false, contract = null } = bonds.get(id) ?? {};
      const span = contract === null ? null : spanOf(contract);
      return [id, { state, credentialEpoch, isOperator: operators.has(id), bondsHold: hold, contract: span }];
    }),
  );
}

/** A person may hold the role for several units. */
async function readOperators(read: Database["read"], batch: readonly PersonId[]): Promise<ReadonlySet<PersonId>> {
  const roles = await everyRow(read.roles, { personId: { in: batch }, role: "operator" });
  return new Set(roles.map(({ personId }) => personId));
}

/** Those of the entries' grants that no longer run. */
export async function readEndedGrants(
  { database: { read } }: Deps,
  entries: readonly LiveEntry[],
): Promise<ReadonlyMap<GrantId, Grant>> {
  const ended = new Map<GrantId, Grant>();
  for (const ids of batches(entries.map((entry) => entry.grant.id))) {
    const where = { id: { in: ids }, state: { in: ["suspended", "revoked", "expired"] } } as const;
    for (const row of await read.grants.find(where, { limit: BATCH })) ended.set(row.id, row);
  }
  return ended;
}

/** The page sessions of the entries that still stand. */
export async function readPages(
  { database: { read }, clock }: Deps & { readonly clock: Clock },
  entries: readonly LiveEntry[],
): Promise<ReadonlySet<WebSessionId>> {
  const standing = new Set<WebSessionId>();
  for (const batch of batches(entries.flatMap((entry) => entry.webSessionId ?? [])))
    for (const id of await standingPages(read, batch, clock.now())) standing.add(id);
  return standing;
}
