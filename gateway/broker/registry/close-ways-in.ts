/** Closes what would let a person in again: page sessions, passkeys, keys for SSH, device keys, an open enrolment's codes. */
import type { PersonId, Stores } from "../../domain/index.js";

const BATCH = 1000;

/** How many of each were closed. In the caller's transaction, beside raising the epoch. */
export async function closeWaysIn(
  tx: Stores,
  personId: PersonId,
  now: number,
): Promise<{
  readonly pageSessions: number;
  readonly passkeys: number;
  readonly keys: number;
  readonly deviceKeys: number;
}> {
  const standing = { personId, retiredAt: null } as const;
  const retired = { retiredAt: now } as const;
  const sessions = await tx.webSessions.find({ personId, endedAt: null }, { limit: BATCH });
  for (const { id } of sessions) await tx.webSessions.update(id, { endedAt: now }, { endedAt: null });
  const passkeys = await tx.passkeys.find(standing, { limit: BATCH });
  for (const { id } of passkeys) await tx.passkeys.update(id, retired, { retiredAt: null });
  const keys = await tx.personKeys.find(standing, { limit: BATCH });
  for (const { id } of keys) await tx.personKeys.update(id, retired, { retiredAt: null });
  const deviceKeys = await tx.deviceKeys.find(standing, { limit: BATCH });
  for (const { id } of deviceKeys) await tx.deviceKeys.update(id, retired, { retiredAt: null });
  return {
    pageSessions: sessions.length,
    passkeys: passkeys.length,
    keys: keys.length,
    deviceKeys: deviceKeys.length,
  };
}
