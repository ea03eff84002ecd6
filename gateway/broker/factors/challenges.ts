/**
 * Challenges that the gate gives out with a handle to show again: two minutes, one answer, good or bad, and only for the person,
 * page session and purpose they were made for.
 */
import { randomBytes } from "node:crypto";
import {
  asId,
  type ChallengeId,
  type ChallengePurpose,
  type PersonId,
  type Stores,
  type WebSessionId,
} from "../../domain/index.js";
import { isAhead } from "../clock-skew.js";
import type { BrokerDeps } from "../deps.js";
import { hashOfToken, newToken } from "../secrets-shown-once.js";

export const CHALLENGE_MS = 120_000;
const CHALLENGE_BYTES = 32;

/** Whose challenge it is, and for what; nulls where nobody is known yet. */
export interface ChallengeFor {
  readonly purpose: ChallengePurpose;
  readonly personId: PersonId | null;
  readonly webSessionId: WebSessionId | null;
}

/** A fresh WebAuthn challenge (base64url of 256 bits) and the handle it is found by. */
export async function openChallenge(
  deps: Pick<BrokerDeps, "database" | "clock">,
  asked: ChallengeFor,
): Promise<{ readonly handle: string; readonly challenge: string }> {
  const { token, hash } = newToken();
  const challenge = randomBytes(CHALLENGE_BYTES).toString("base64url");
  const now = deps.clock.now();
  await deps.database.write((tx) =>
    tx.challenges.insert({
      ...asked,
      id: asId<ChallengeId>(hash),
      value: challenge,
      createdAt: now,
      expiresAt: now + CHALLENGE_MS,
      usedAt: null,
    }),
  );
  return { handle: token, challenge };
}

/** Uses the challenge up and answers it; undefined for a handle that is unknown, used, over, or meant for another. */
export async function spendChallenge(
  tx: Pick<Stores, "challenges">,
  now: number,
  handle: string,
  asked: ChallengeFor,
): Promise<string | undefined> {
  const hash = hashOfToken(handle);
  const row = hash === undefined ? undefined : await tx.challenges.get(asId(hash));
  if (row === undefined) return undefined;
  const { purpose, personId, webSessionId } = asked;
  const meant = row.purpose === purpose && row.personId === personId && row.webSessionId === webSessionId;
  if (!meant || now >= row.expiresAt || isAhead(row.createdAt, now)) return undefined;
  return (await tx.challenges.update(row.id, { usedAt: now }, { usedAt: null })) ? row.value : undefined;
}

/** Takes away what is over. */
export async function sweepChallenges(deps: Pick<BrokerDeps, "database" | "clock">): Promise<void> {
  const now = deps.clock.now();
  await deps.database.write((tx) => tx.challenges.removeOlder(now));
}
