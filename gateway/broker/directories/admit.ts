/**
 * From an entry upstream that proved itself to the person here: by its link alone, or, where that is allowed, as a new person.
 * Brings what the directory says up to date. In the caller's transaction; a refusal wrote nothing.
 */
import type { Person, Stores } from "../../domain/index.js";
import { INSTALLATION_LOCALE } from "../sign-in-rules.js";
import { topUnit } from "../registry/unit-tree.js";
import { wasClosedBy } from "./closed-by.js";
import { keptBound, type DirectoryDeps, type Unfit, type Vouched } from "./deps.js";
import { findLink, insertLink, isMailOfAnother, mailKey } from "./find-link.js";
import { insertFromDirectory, loginFault } from "./new-person.js";
import { isOperatorBy, syncOperator, type Synced } from "./operator-groups.js";

type Deps = Pick<DirectoryDeps, "clock" | "ids" | "vault" | "directories">;

/** The person as he is now, active, with his roles as the groups say; or why not. */
export async function admit(deps: Deps, tx: Stores, vouched: Vouched, sourceAddress: string): Promise<Synced | Unfit> {
  const { kind, source, entry } = vouched;
  const link = await findLink(tx, kind, source, entry.subject);
  if (await isMailOfAnother(tx, entry.email, link?.personId))
    return { unfit: "email-of-another", ...(link === undefined ? {} : { personId: link.personId }) };
  if (link === undefined) return makePerson(deps, tx, vouched, sourceAddress);
  const known = await tx.people.get(link.personId);
  const person = known === undefined ? undefined : await standUp(tx, known, link);
  if (person === undefined) return { unfit: "not-active", personId: link.personId };
  const sealed = vouched.keep === null ? link.sealed : sealOf(deps, vouched, vouched.keep);
  const patch = { email: mailKey(entry.email) ?? link.email, sealed, checkedAt: deps.clock.now(), failingSince: null };
  await tx.externalIdentities.update(link.id, patch, { retiredAt: null });
  return syncOperator(deps, tx, person, entry.groups, kind);
}

function sealOf(deps: Pick<Deps, "vault">, { kind, source, entry }: Vouched, keep: string): string {
  return deps.vault.seal("oidc", keptBound(kind, source, entry.subject), keep);
}

/**
 * Who was closed by the word of this very provider comes back by its word: it forgot his refresh token, or had him away for a
 * while. Who was closed by people here, or holds what two persons give, does not.
 */
async function standUp(
  tx: Stores,
  person: Person,
  link: { readonly kind: string; readonly sealed: string | null; readonly failingSince: number | null },
): Promise<Person | undefined> {
  if (person.state === "active") return person;
  const closedByProvider = person.state === "disabled" && link.kind === "oidc" && link.failingSince !== null;
  if (!closedByProvider || link.sealed !== null || (await holdsMore(tx, person))) return undefined;
  if (!(await wasClosedBy(tx, person, link.kind))) return undefined;
  const expected = { state: "disabled", credentialEpoch: person.credentialEpoch } as const;
  const patch = { state: "active", credentialEpoch: person.credentialEpoch + 1 } as const;
  if (!(await tx.people.update(person.id, patch, expected))) return undefined;
  await tx.audit.append({
    verb: "person.changed",
    actorId: null,
    object: { kind: "person", id: person.id },
    sourceAddress: null,
    decidedBy: "directory",
    detail: { state: "active" },
  });
  return { ...person, ...patch };
}

/** A power, or a role that two persons give. */
export async function holdsMore(
  stores: Pick<Stores, "powers" | "roles">,
  person: Pick<Person, "id">,
): Promise<boolean> {
  if ((await stores.powers.get(person.id)) !== undefined) return true;
  const roles = await stores.roles.find({ personId: person.id }, { limit: 1000 });
  return roles.some((row) => row.role !== "operator");
}

async function makePerson(deps: Deps, tx: Stores, vouched: Vouched, sourceAddress: string): Promise<Synced | Unfit> {
  const { kind, source, entry } = vouched;
  if (!deps.directories.justInTime) return { unfit: "not-linked" };
  if (!isOperatorBy(deps, entry.groups)) return { unfit: "not-in-groups" };
  const login = (entry.login ?? "").toLowerCase();
  const fault = await loginFault(tx, login);
  if (fault !== undefined) return { unfit: `login-${fault}` };
  const root = await topUnit(tx);
  if (root === undefined) return { unfit: "no-unit" };
  const person = await insertFromDirectory(deps, tx, {
    login,
    name: entry.displayName,
    email: entry.email,
    unitId: root.id,
    locale: (await tx.settings.get(INSTALLATION_LOCALE))?.value === "en" ? "en" : "zh-CN",
    state: "active",
    passwordAt: kind,
    by: kind,
    sourceAddress,
  });
  const sealed = vouched.keep === null ? null : sealOf(deps, vouched, vouched.keep);
  const { subject, email } = entry;
  await insertLink(
    deps,
    tx,
    { personId: person.id, kind, source, subject, email, sealed },
    { personId: null, sourceAddress },
  );
  return syncOperator(deps, tx, person, entry.groups, kind);
}
