/**
 * The first factor of people whose password lies in the LDAP directory, and their first sign-in. Only the entry a person is
 * linked to speaks for him: whoever has his login there today is looked up by the link's subject. Who is checked here is
 * never asked after there.
 */
import { done, isPersonLogin, refused, type DirectoryPerson, type Outcome, type Person } from "../../domain/index.js";
import type { DirectoryUseCases } from "../broker.js";
import { admit, holdsMore } from "./admit.js";
import type { DirectoryDeps } from "./deps.js";
import { findLink } from "./find-link.js";
import { offerEnrolment } from "./new-person.js";
import { tellRefused } from "./tell-refused.js";

type Proved =
  | { readonly state: "ok"; readonly entry: DirectoryPerson }
  | { readonly state: "refused" }
  | { readonly state: "unreachable" };

/** Asks the directory for the person's first factor. `refused` also where he is linked to no entry of it. */
export async function passwordAtDirectory(
  deps: Pick<DirectoryDeps, "database" | "directories" | "log">,
  person: Pick<Person, "id">,
  password: string,
): Promise<Proved> {
  const { ldap } = deps.directories;
  if (ldap === null) return { state: "unreachable" };
  if (password === "") return { state: "refused" };
  const where = { personId: person.id, kind: "ldap", source: ldap.source, retiredAt: null } as const;
  const [link] = await deps.database.read.externalIdentities.find(where, { limit: 1 });
  if (link === undefined) return { state: "refused" };
  const now = await ldap.check(link.subject);
  if (now.state === "unreachable") return unreachable(deps, now.why);
  if (now.state === "gone" || now.person.login === null) return { state: "refused" };
  const answer = await ldap.authenticate(now.person.login, password);
  if (answer.state === "unreachable") return unreachable(deps, answer.why);
  const same = answer.state === "ok" && answer.person.subject === link.subject;
  return same ? { state: "ok", entry: answer.person } : { state: "refused" };
}

function unreachable(deps: Pick<DirectoryDeps, "log">, why: string): Proved {
  deps.log("warn", "the ldap directory did not answer a sign-in", { why });
  return { state: "unreachable" };
}

/**
 * Brings link and operator role up to what the directory just said of a person who proved both factors. Answers him as he is
 * then; undefined when he may not come in.
 */
export async function settleAtDirectory(
  deps: DirectoryDeps,
  entry: DirectoryPerson,
  sourceAddress: string,
): Promise<Person | undefined> {
  const { ldap } = deps.directories;
  if (ldap === null) return undefined;
  const vouched = { kind: "ldap", source: ldap.source, entry, keep: null } as const;
  const admitted = await deps.database.write((tx) => admit(deps, tx, vouched, sourceAddress));
  if ("unfit" in admitted) {
    await tellRefused(deps, sourceAddress, entry, admitted, "ldap");
    return undefined;
  }
  admitted.tell(deps);
  return admitted.person;
}

type First = DirectoryUseCases["enrolByLdap"];

/**
 * A first sign-in: the password is the directory's, and the answer is the token of an enrolment that asks for the second factor
 * alone. `sign-in-refused` whatever was wrong, also for who is enrolled or was made otherwise.
 */
export async function enrolByLdap(deps: DirectoryDeps, input: Parameters<First>[0]): ReturnType<First> {
  const { ldap, justInTime } = deps.directories;
  if (ldap === null || !justInTime) return refused("sign-in-refused");
  const login = input.login.toLowerCase();
  const admitted = await deps.throttle.begin({
    login: login.slice(0, 64),
    address: input.sourceAddress,
    kept: { failures: 0, at: 0 },
    isKnownAddress: () => Promise.resolve(false),
  });
  if (!admitted.ok) return refused("too-many-tries", { retryAfterMs: admitted.retryAfterMs });
  if (!isPersonLogin(login)) return refused("sign-in-refused");
  const answer = await ldap.authenticate(login, input.password);
  if (answer.state === "unreachable") {
    deps.log("warn", "the ldap directory did not answer a first sign-in", { why: answer.why });
    return refused("directory-unavailable");
  }
  const outcome = answer.state === "ok" ? await makeOrFind(deps, answer.person, input.sourceAddress) : undefined;
  if (outcome?.ok !== true) {
    const typed = { login, subject: null };
    if (outcome === undefined) await tellRefused(deps, input.sourceAddress, typed, { unfit: "wrong-password" }, "ldap");
    return refused("sign-in-refused");
  }
  deps.throttle.succeeded(login, input.sourceAddress);
  return outcome;
}

async function makeOrFind(
  deps: DirectoryDeps,
  entry: DirectoryPerson,
  sourceAddress: string,
): Promise<Outcome<{ readonly enrolmentToken: string }>> {
  const source = deps.directories.ldap?.source ?? "";
  const come = await deps.database.write(async (tx) => {
    const known = await findLink(tx, "ldap", source, entry.subject);
    const before = known === undefined ? undefined : await tx.people.get(known.personId);
    if (before !== undefined && (before.passwordAt !== "ldap" || before.totpEnrolledAt !== null))
      return { unfit: "enrolled-already", personId: before.id };
    // A password alone enrols nobody who decides: two persons give him his link.
    if (before !== undefined && (await holdsMore(tx, before))) return { unfit: "holds-more", personId: before.id };
    const admitted = await admit(deps, tx, { kind: "ldap", source, entry, keep: null }, sourceAddress);
    if ("unfit" in admitted) return admitted;
    return { admitted, token: await offerEnrolment(deps, tx, admitted.person) };
  });
  if ("unfit" in come) {
    await tellRefused(deps, sourceAddress, entry, come, "ldap");
    return refused("sign-in-refused");
  }
  come.admitted.tell(deps);
  return come.token === undefined ? refused("sign-in-refused") : done({ enrolmentToken: come.token });
}
