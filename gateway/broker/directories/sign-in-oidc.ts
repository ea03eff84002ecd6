/**
 * Signing in at an OpenID provider, up to the second factor. Whatever was wrong with the answer, the browser reads
 * `directory-refused`; the log says what. A provider proves a second factor only by values that the configuration names.
 */
import {
  OIDC_RETURN_PATH,
  done,
  refused,
  type Actor,
  type DirectoryPerson,
  type PasskeyId,
  type Person,
  type Stores,
} from "../../domain/index.js";
import type { DirectoryUseCases } from "../broker.js";
import { actorOf } from "../identity-deps.js";
import { requireStepUp } from "../step-up.js";
import { signInRules } from "../sign-in-rules.js";
import { standing } from "../standing.js";
import { newPage, signedIn, type NewPage } from "../web-session.js";
import { admit, holdsMore } from "./admit.js";
import type { DirectoryDeps } from "./deps.js";
import { linkerOf } from "./find-link.js";
import { linkByJourney } from "./link-own.js";
import { offerEnrolment } from "./new-person.js";
import { endJourney, keepHalf, keepJourney } from "./oidc-challenge.js";
import type { Synced } from "./operator-groups.js";
import { tellRefused } from "./tell-refused.js";

type Begin = DirectoryUseCases["beginOidc"];
type Complete = DirectoryUseCases["completeOidc"];

export async function beginOidc(deps: DirectoryDeps, input: Parameters<Begin>[0]): ReturnType<Begin> {
  const { oidc } = deps.directories;
  if (oidc === null) return refused("directory-unavailable");
  const { actor } = input;
  if (actor !== undefined) {
    const fresh = await requireStepUp(deps.database.read, deps.clock, deps.policy, actor);
    if (!fresh.ok) return fresh;
    if ((await standing(deps.database.read, actor)) === undefined) return refused("unauthenticated");
  }
  const begun = await oidc.begin({ redirectUri: new URL(OIDC_RETURN_PATH, deps.config.publicUrl).href });
  const owner = { personId: actor?.personId ?? null, webSessionId: actor?.webSessionId ?? null };
  const handle = await deps.database.write((tx) => keepJourney(deps, tx, { kept: begun.kept, ...owner }));
  return done({ url: begun.url, handle });
}

export async function completeOidc(deps: DirectoryDeps, input: Parameters<Complete>[0]): ReturnType<Complete> {
  const { oidc } = deps.directories;
  const journey = oidc === null ? undefined : await endJourney(deps, input.handle);
  if (oidc === null || journey === undefined) {
    // Shown twice, too late, or by another browser than the one that was sent there.
    await tellRefused(deps, input.sourceAddress, null, { unfit: "no-journey" });
    return refused("directory-refused");
  }
  const answer = await oidc.complete({ callbackUrl: input.callbackUrl, kept: journey.kept });
  if (!answer.ok) {
    await tellRefused(deps, input.sourceAddress, null, { unfit: answer.why });
    return refused("directory-refused");
  }
  const vouched = { kind: "oidc", source: oidc.issuer, entry: answer.person, keep: answer.refreshToken } as const;
  if (journey.challenge.personId !== null) return linkByJourney(deps, journey.challenge, vouched, input.sourceAddress);
  const page = newPage(await signInRules(deps.database.read, deps.policy), deps.clock.now(), {
    sourceAddress: input.sourceAddress,
    userAgent: input.userAgent,
    via: "oidc",
    provedAt: answer.person.provedAt,
    ...(input.previous === undefined ? {} : { previous: input.previous }),
  });
  const come = await deps.database.write(async (tx) => {
    const admitted = await admit(deps, tx, vouched, input.sourceAddress);
    return "unfit" in admitted
      ? admitted
      : { admitted, next: await goOn(deps, tx, admitted, answer.person, page, input.sourceAddress) };
  });
  if ("unfit" in come) {
    await tellRefused(deps, input.sourceAddress, answer.person, come);
    return refused("directory-refused");
  }
  come.admitted.tell(deps);
  const { next } = come;
  if (next.kind !== "in") return next.kind === "refused" ? refused("directory-refused") : done(next);
  const outcome = await signedIn(deps, page, next.actor);
  return outcome.ok ? done({ kind: "signed-in", signIn: outcome.value }) : outcome;
}

type Next =
  | { readonly kind: "in"; readonly actor: Actor }
  | { readonly kind: "half"; readonly half: { readonly handle: string; readonly displayName: string } }
  | { readonly kind: "enrol"; readonly enrolmentToken: string }
  | { readonly kind: "refused" };

async function goOn(
  deps: DirectoryDeps,
  tx: Stores,
  { person }: Synced,
  entry: DirectoryPerson,
  page: NewPage,
  sourceAddress: string,
): Promise<Next> {
  if (entry.provedSecondFactor && (await isOwnLink(tx, person, entry.subject)))
    return { kind: "in", actor: await letIn(deps, tx, person, page, sourceAddress) };
  const passkeys = await tx.passkeys.count({ personId: person.id, retiredAt: null });
  if (person.totpEnrolledAt !== null || passkeys > 0)
    return { kind: "half", half: { handle: await keepHalf(deps, tx, person), displayName: person.displayName } };
  // Who has a password here enrols by the link that an administrator gave him; who decides, by the one that two gave him.
  const token =
    person.passwordAt === "oidc" && !(await holdsMore(tx, person)) ? await offerEnrolment(deps, tx, person) : undefined;
  return token === undefined ? { kind: "refused" } : { kind: "enrol", enrolmentToken: token };
}

/**
 * Whether the provider's word may stand for both factors. Of who holds what two persons give it does not where one of them made the
 * link: he could have named an entry of his own, and be that person.
 */
async function isOwnLink(tx: Stores, person: Person, subject: string): Promise<boolean> {
  if (!(await holdsMore(tx, person))) return true;
  const linker = await linkerOf(tx, person.id, { kind: "oidc", subject });
  return linker !== undefined && (linker.id === null || linker.id === person.id);
}

/** Writes the page session, with the passkey that was its second factor, and its event. In the caller's transaction. */
export async function letIn(
  deps: Pick<DirectoryDeps, "clock">,
  tx: Stores,
  person: Person,
  page: NewPage,
  sourceAddress: string,
  passkeyId?: PasskeyId,
): Promise<Actor> {
  const seen = { failures: 0, lastFailureAt: null, lastSignInAt: deps.clock.now() };
  await tx.people.update(person.id, seen, { credentialEpoch: person.credentialEpoch });
  await tx.audit.append({
    verb: "person.signed-in",
    actorId: person.id,
    actorName: person.login,
    object: { kind: "person", id: person.id },
    sourceAddress,
    detail: { via: "oidc" },
  });
  await page.open(tx, person, passkeyId);
  return { ...(await actorOf(tx, person, sourceAddress)), webSessionId: page.id };
}
