/**
 * A person made because a directory says so, at a first sign-in or by SCIM. An operator at most, of the unit told, nobody's
 * vendor; his login is his own or none: a login that was ever somebody's is never attached to.
 */
import {
  asId,
  isPersonLogin,
  type Locale,
  type Person,
  type PersonId,
  type Stores,
  type UnitId,
} from "../../domain/index.js";
import { isPlainName } from "../../text/index.js";
import { insertPerson, NO_BONDS } from "../create-person.js";
import { isDisplayName } from "../identity-deps.js";
import { PeopleNames } from "../registry/people-names.js";
import { ENROLMENT_MS, newToken } from "../secrets-shown-once.js";
import type { DirectoryDeps } from "./deps.js";
import { mailKey } from "./find-link.js";

export interface DirectoryNewcomer {
  readonly login: string;
  /** As the directory gives it. */
  readonly name: string | null;
  readonly email: string | null;
  readonly unitId: UnitId;
  readonly locale: Locale;
  readonly state: "active" | "disabled";
  readonly passwordAt: Person["passwordAt"];
  /** `oidc`, `ldap`, or the SCIM token. */
  readonly by: string;
  readonly sourceAddress: string;
}

/** Why a login cannot be given; undefined when it can. */
export async function loginFault(
  stores: Pick<Stores, "people">,
  login: string,
): Promise<"not-well-formed" | "taken" | undefined> {
  if (!isPersonLogin(login)) return "not-well-formed";
  return (await stores.people.count({ login })) > 0 ? "taken" : undefined;
}

/**
 * The name a directory gives, if it is one and looks like nobody else's of his unit or vendor; with his login beside it where it does:
 * two of one name are common, and a directory must not name anybody so that he is taken for another. Else the login.
 */
export async function nameFrom(
  stores: Pick<Stores, "people">,
  given: string | null,
  person: Pick<Person, "id" | "login" | "unitId" | "vendorId">,
): Promise<string> {
  const names = new PeopleNames();
  const name = (given ?? "").trim();
  for (const displayName of [name, `${name} (${person.login})`])
    if (isName(displayName) && !(await names.isTaken(stores, { ...person, displayName }))) return displayName;
  return person.login;
}

/** The form that a name here has. */
export function isName(text: string): boolean {
  return isDisplayName(text) && isPlainName(text);
}

/** Writes the row with its event; rejects with `conflict` when the login was taken meanwhile. */
export async function insertFromDirectory(
  deps: Pick<DirectoryDeps, "clock" | "ids">,
  tx: Stores,
  input: DirectoryNewcomer,
): Promise<Person> {
  const { email, by, sourceAddress, name, ...person } = input;
  const id = deps.ids.next();
  const named = { id: asId<PersonId>(id), login: input.login, unitId: input.unitId, vendorId: null };
  return insertPerson(deps, tx, {
    ...person,
    id,
    displayName: await nameFrom(tx, name, named),
    power: null,
    roles: [],
    enrolmentHash: null,
    by: { personId: null, sourceAddress, decidedBy: by },
    bonds: { ...NO_BONDS, email: mailKey(email) },
  });
}

/**
 * A fresh enrolment link's token for who never came in yet; earlier ones are worth nothing, nor is a secret that they showed. Undefined
 * for anybody else: whom a reset took his factors has a link from people here, and a password alone is no way round it.
 */
export async function offerEnrolment(
  deps: Pick<DirectoryDeps, "clock">,
  tx: Stores,
  person: Person,
): Promise<string | undefined> {
  const { token, hash } = newToken();
  const patch = { enrolmentHash: hash, enrolmentExpiresAt: deps.clock.now() + ENROLMENT_MS, totpSealed: null };
  const { credentialEpoch } = person;
  const expected = { credentialEpoch, state: "active", totpEnrolledAt: null, lastSignInAt: null } as const;
  return (await tx.people.update(person.id, patch, expected)) ? token : undefined;
}
