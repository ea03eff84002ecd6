/**
 * What is kept while a browser is at the provider, and between its coming back and the second factor here. Known by the hash
 * of a handle that the browser shows again; used once; what the provider's answer must match is sealed.
 */
import {
  asId,
  type Challenge,
  type ChallengeId,
  type PersonId,
  type Stores,
  type WebSessionId,
} from "../../domain/index.js";
import { isAhead } from "../clock-skew.js";
import { hashOfToken, newToken } from "../secrets-shown-once.js";
import type { DirectoryDeps } from "./deps.js";

type Deps = Pick<DirectoryDeps, "clock" | "vault">;

const AT_PROVIDER_MS = 10 * 60_000;
const HALF_MS = 5 * 60_000;
const KEPT = "kept:";
const HALF = "half:";

/** A browser goes to the provider. With an actor's page session: to link his account. Answers the handle. */
export async function keepJourney(
  deps: Deps,
  tx: Stores,
  input: { readonly kept: string; readonly personId: PersonId | null; readonly webSessionId: WebSessionId | null },
): Promise<string> {
  const { token, hash } = newToken();
  const value = `${KEPT}${deps.vault.seal("oidc", `journey:${hash}`, input.kept)}`;
  await tx.challenges.insert(row(deps, hash, AT_PROVIDER_MS, { ...input, value }));
  return token;
}

/** Signed in at the provider; the second factor is owed. Answers the handle. */
export async function keepHalf(
  deps: Deps,
  tx: Stores,
  person: { readonly id: PersonId; readonly credentialEpoch: number },
): Promise<string> {
  const { token, hash } = newToken();
  const value = `${HALF}${String(person.credentialEpoch)}`;
  await tx.challenges.insert(row(deps, hash, HALF_MS, { value, personId: person.id, webSessionId: null }));
  return token;
}

function row(
  deps: Deps,
  hash: string,
  ttlMs: number,
  more: Pick<Challenge, "value" | "personId" | "webSessionId">,
): Challenge {
  const now = deps.clock.now();
  const { value, personId, webSessionId } = more;
  return {
    id: asId<ChallengeId>(hash),
    purpose: "oidc",
    personId,
    webSessionId,
    value,
    createdAt: now,
    expiresAt: now + ttlMs,
    usedAt: null,
  };
}

async function standing(
  deps: Pick<Deps, "clock">,
  stores: Pick<Stores, "challenges">,
  handle: string,
  form: typeof KEPT | typeof HALF,
): Promise<Challenge | undefined> {
  const hash = hashOfToken(handle);
  const found = hash === undefined ? undefined : await stores.challenges.get(asId(hash));
  if (found === undefined || found.purpose !== "oidc" || !found.value.startsWith(form)) return undefined;
  const now = deps.clock.now();
  return found.usedAt === null && now < found.expiresAt && !isAhead(found.createdAt, now) ? found : undefined;
}

/** Uses the journey up and lends what was kept of it; undefined for a handle that is none, used or too old. */
export async function endJourney(
  deps: Deps & Pick<DirectoryDeps, "database">,
  handle: string,
): Promise<{ readonly challenge: Challenge; readonly kept: string } | undefined> {
  const challenge = await deps.database.write(async (tx) => {
    const found = await standing(deps, tx, handle, KEPT);
    return found !== undefined && (await useUp(deps, tx, found)) ? found : undefined;
  });
  if (challenge === undefined) return undefined;
  const sealed = challenge.value.slice(KEPT.length);
  const kept = await deps.vault.lend("oidc", `journey:${challenge.id}`, sealed, (text) => text);
  return { challenge, kept };
}

/** The half sign-in of a handle, with the epoch it was made under. It is used up by the factor that lets the person in. */
export async function findHalf(
  deps: Pick<Deps, "clock">,
  stores: Pick<Stores, "challenges">,
  handle: string,
): Promise<{ readonly challenge: Challenge; readonly epoch: number } | undefined> {
  const challenge = await standing(deps, stores, handle, HALF);
  return challenge === undefined ? undefined : { challenge, epoch: Number(challenge.value.slice(HALF.length)) };
}

export function useUp(deps: Pick<Deps, "clock">, tx: Stores, challenge: Challenge): Promise<boolean> {
  return tx.challenges.update(challenge.id, { usedAt: deps.clock.now() }, { usedAt: null });
}
