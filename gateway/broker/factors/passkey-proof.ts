/**
 * Asking for a passkey and judging what comes back, for whoever needs one: a sign-in, a step-up, a waiting terminal. A passkey
 * whose counter does not rise exists twice: it is refused, retired, and told to its owner and the powers.
 */
import { isIP } from "node:net";
import {
  asId,
  done,
  refused,
  sanitise,
  type AlertId,
  type Outcome,
  type Passkey,
  type PersonId,
  type Stores,
} from "../../domain/index.js";
import type { PasskeySite } from "../../vault/index.js";
import { raiseAlert } from "../alerts.js";
import type { Ceremony, WebAuthnJson } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { alertNotice, notice } from "../notices.js";
import { endPages } from "../web-session.js";
import { openChallenge, spendChallenge, type ChallengeFor } from "./challenges.js";

export type ProofDeps = Pick<BrokerDeps, "database" | "clock" | "ids" | "vault" | "config" | "notify">;

const LONGEST_ID = 1364;
const OFF = refused("passkey-refused", { field: "publicUrl" });
const NOT_GOOD = refused("passkey-refused");

/**
 * Where this installation's passkeys belong; undefined where it can have none, because the page is reached by an address or
 * without TLS on another host than this one (WebAuthn Level 3 §5.1, secure contexts).
 */
export function passkeySite(publicUrl: string): PasskeySite | undefined {
  const { origin, hostname, protocol } = new URL(publicUrl);
  if (isIP(hostname.replace(/^\[|\]$/g, "")) !== 0) return undefined;
  const secure = protocol === "https:" || hostname === "localhost" || hostname.endsWith(".localhost");
  return secure ? { origin, rpId: hostname } : undefined;
}

/** A ceremony for these passkeys; with none named, for whoever holds one of this site. `passkey-refused` where passkeys are off. */
export async function beginProof(
  deps: ProofDeps,
  asked: ChallengeFor,
  allow: readonly Passkey[],
): Promise<Outcome<Ceremony>> {
  const site = passkeySite(deps.config.publicUrl);
  if (site === undefined) return OFF;
  const { handle, challenge } = await openChallenge(deps, asked);
  return done({ handle, options: await deps.vault.passkeys.assertionOptions({ site, challenge, allow }) });
}

/** A person's passkeys that stand, oldest first. */
export function passkeysOf(stores: Pick<Stores, "passkeys">, personId: PersonId): Promise<Passkey[]> {
  return stores.passkeys.find({ personId, retiredAt: null }, { orderBy: "createdAt" });
}

export interface ShownProof {
  readonly handle: string;
  readonly response: WebAuthnJson;
  readonly sourceAddress: string | null;
}

/**
 * Uses the ceremony up and judges the answer, in the caller's transaction; the good passkey has its new counter then. What was
 * wrong goes to the log; the answer is `passkey-refused` whatever it was. `owner` null: whoever's passkey it is.
 */
export async function judgeProof(
  deps: ProofDeps,
  tx: Stores,
  asked: ChallengeFor,
  owner: PersonId | null,
  shown: ShownProof,
): Promise<Outcome<Passkey>> {
  const site = passkeySite(deps.config.publicUrl);
  if (site === undefined) return OFF;
  const now = deps.clock.now();
  const challenge = await spendChallenge(tx, now, shown.handle, asked);
  const known = await passkeyNamed(tx, shown.response);
  const passkey = known?.retiredAt === null && (owner === null || known.personId === owner) ? known : undefined;
  // With no challenge or no passkey the same work is done, against one that nobody gave out and a key that nobody has.
  const verdict = await deps.vault.passkeys.verifyAssertion({
    site,
    challenge: challenge ?? "",
    response: shown.response,
    passkey,
    personId: passkey?.personId ?? "",
  });
  const whose = known?.personId ?? owner;
  if (challenge === undefined || passkey === undefined || verdict.kind === "refused") {
    const why = challenge === undefined ? "challenge" : verdict.kind === "refused" ? verdict.why : "unknown-passkey";
    await appendRefusal(tx, whose, shown, why);
    return NOT_GOOD;
  }
  if (owner === null && !namesItsOwner(shown.response)) {
    await appendRefusal(tx, whose, shown, "no-user-handle");
    return NOT_GOOD;
  }
  if (verdict.kind === "cloned") return retireClone(deps, tx, passkey, shown, verdict.counter);
  const { counter, backedUp } = verdict;
  const used = { counter, backedUp, lastUsedAt: now };
  if (!(await tx.passkeys.update(passkey.id, used, { counter: passkey.counter, retiredAt: null }))) return NOT_GOOD;
  return done({ ...passkey, ...used });
}

/** The passkey that an answer says it is of, with nothing proved. */
export async function passkeyNamed(
  stores: Pick<Stores, "passkeys">,
  response: WebAuthnJson,
): Promise<Passkey | undefined> {
  const { id } = response;
  return typeof id === "string" && id.length <= LONGEST_ID ? stores.passkeys.get(asId(id)) : undefined;
}

/** Where nobody said who he is, the authenticator must (WebAuthn Level 3 §7.2 step 6). */
function namesItsOwner(response: WebAuthnJson): boolean {
  return typeof (response["response"] as { readonly userHandle?: unknown } | undefined)?.userHandle === "string";
}

async function appendRefusal(
  tx: Pick<Stores, "audit">,
  personId: PersonId | null,
  shown: ShownProof,
  why: string,
): Promise<void> {
  await tx.audit.append({
    verb: "person.sign-in-failed",
    actorId: null,
    object: { kind: "person", id: personId ?? "unknown" },
    sourceAddress: shown.sourceAddress,
    decidedBy: "passkey",
    detail: { via: "passkey", why: sanitise(why) },
  });
}

/**
 * The signature is the passkey's and the counter went back: there are two of it, and nobody knows which one is the owner's. What
 * either opened ends: pages, terminals and device keys.
 */
async function retireClone(
  deps: ProofDeps,
  tx: Stores,
  passkey: Passkey,
  shown: ShownProof,
  counter: number,
): Promise<Outcome<Passkey>> {
  const person = await tx.people.get(passkey.personId);
  const now = deps.clock.now();
  await tx.passkeys.update(passkey.id, { retiredAt: now }, { retiredAt: null });
  await tx.audit.append({
    verb: "person.passkey-cloned",
    actorId: null,
    object: { kind: "person", id: passkey.personId },
    sourceAddress: shown.sourceAddress,
    detail: { passkey: passkey.id, name: passkey.name, seen: passkey.counter, shown: counter },
  });
  if (person !== undefined) {
    const { credentialEpoch } = person;
    await tx.people.update(person.id, { credentialEpoch: credentialEpoch + 1 }, { credentialEpoch });
    await endPages(tx, person.id, now);
    const subject = `person:${person.id}`;
    const detail = { login: person.login, name: passkey.name };
    const fact = { unitId: person.unitId, kind: "passkey-cloned", subject, detail } as const;
    const alert: AlertId = await raiseAlert(deps, tx, fact);
    deps.notify(alertNotice(alert));
    deps.notify(notice("people", person.id, [person.id], [], ["security"]));
  }
  return NOT_GOOD;
}
