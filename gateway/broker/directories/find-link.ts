/**
 * The link between an entry upstream and a person: kind, source and subject, and nothing else. An e-mail or a login never
 * links anybody and never moves a link; an e-mail that is somebody else's only speaks against who shows it.
 */
import {
  asId,
  type AuditEvent,
  type DirectoryKind,
  type ExternalIdentity,
  type ExternalIdentityId,
  type Person,
  type PersonId,
  type Stores,
} from "../../domain/index.js";
import type { DirectoryDeps } from "./deps.js";

const MOST = 1000;
const MOST_LINKINGS = 100;

/** The one link of an entry that stands. */
export async function findLink(
  stores: Pick<Stores, "externalIdentities">,
  kind: DirectoryKind,
  source: string,
  subject: string,
): Promise<ExternalIdentity | undefined> {
  const [link] = await stores.externalIdentities.find({ kind, source, subject, retiredAt: null }, { limit: 1 });
  return link;
}

/** How e-mails are kept and compared. */
export function mailKey(email: string | null): string | null {
  return email === null ? null : email.toLowerCase();
}

/** Whether an e-mail is that of a person, here or by a link, other than `mine`. Who left is nobody. */
export async function isMailOfAnother(
  stores: Pick<Stores, "externalIdentities" | "people">,
  email: string | null,
  mine: PersonId | undefined,
): Promise<boolean> {
  const key = mailKey(email);
  if (key === null) return false;
  // Of people it is kept as somebody typed it.
  const alike = await stores.people.find({ email: { contains: key } }, { limit: MOST });
  const people = alike.filter((person) => mailKey(person.email) === key);
  const links = await stores.externalIdentities.find({ email: key, retiredAt: null }, { limit: MOST });
  const ids = new Set(links.map((link) => link.personId));
  const linked = await Promise.all([...ids].map((id) => stores.people.get(id)));
  const isOther = (person: Person | undefined): boolean =>
    person !== undefined && person.id !== mine && person.state !== "retired";
  return [...people, ...linked].some(isOther);
}

/** Who linked the person to this entry, last; undefined where the log knows of nobody, not even a directory. */
export async function linkerOf(
  stores: Pick<Stores, "audit">,
  personId: PersonId,
  { kind, subject }: Pick<ExternalIdentity, "kind" | "subject">,
): Promise<AuditEvent["actor"] | undefined> {
  const where = { objectId: personId, verb: "person.directory-linked" } as const;
  const rows = await stores.audit.find(where, { orderBy: "id", descending: true, limit: MOST_LINKINGS });
  const events = rows.map(({ leaf }) => JSON.parse(leaf) as AuditEvent);
  return events.find(({ detail }) => detail["kind"] === kind && detail["subject"] === subject)?.actor;
}

/** Ends the link with its event; false when it had ended. */
export async function endLink(
  deps: Pick<DirectoryDeps, "clock">,
  tx: Stores,
  link: ExternalIdentity,
  by: { readonly personId: PersonId | null; readonly sourceAddress: string | null },
): Promise<boolean> {
  const { id, personId, kind, source, subject } = link;
  const patch = { retiredAt: deps.clock.now(), sealed: null };
  if (!(await tx.externalIdentities.update(id, patch, { retiredAt: null }))) return false;
  await tx.audit.append({
    verb: "person.directory-unlinked",
    actorId: by.personId,
    object: { kind: "person", id: personId },
    sourceAddress: by.sourceAddress,
    detail: { kind, source, subject },
  });
  return true;
}

export interface NewLink {
  readonly personId: PersonId;
  readonly kind: DirectoryKind;
  readonly source: string;
  readonly subject: string;
  readonly email: string | null;
  readonly sealed: string | null;
}

/** Writes the link with its event. Rejects with `conflict` when the entry is somebody's already. */
export async function insertLink(
  deps: Pick<DirectoryDeps, "clock" | "ids">,
  tx: Stores,
  input: NewLink,
  by: { readonly personId: PersonId | null; readonly sourceAddress: string | null },
): Promise<ExternalIdentity> {
  const now = deps.clock.now();
  const link: ExternalIdentity = {
    ...input,
    id: asId<ExternalIdentityId>(deps.ids.next()),
    email: mailKey(input.email),
    checkedAt: now,
    failingSince: null,
    createdAt: now,
    retiredAt: null,
  };
  await tx.externalIdentities.insert(link);
  await tx.audit.append({
    verb: "person.directory-linked",
    actorId: by.personId,
    object: { kind: "person", id: input.personId },
    sourceAddress: by.sourceAddress,
    detail: { kind: input.kind, source: input.source, subject: input.subject },
  });
  return link;
}
