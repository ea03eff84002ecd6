/**
 * What let people in on SSH, read again for the sessions that it opened. A device key ends them when it is retired, when policy takes
 * none any more, when the asset became a sensitive one and, if policy says so, with its own time; a passkey when it is retired.
 */
import {
  isSensitive,
  type AssetId,
  type Database,
  type DeviceKey,
  type DeviceKeyId,
  type PasskeyId,
  type SessionId,
} from "../domain/index.js";
import type { Policy, SignInPolicy } from "../policy/index.js";
import { BATCH, batches } from "./batches.js";
import type { LiveEntry, WayIn } from "./live-entry.js";
import { signInRules } from "./sign-in-rules.js";

interface Deps {
  readonly database: Pick<Database, "read">;
  readonly policy: Pick<Policy, "signIn">;
}

/** Nothing ends it: a code let him in, or what did is as good as it was. */
export const STANDS: WayIn = { because: null, endsAt: Infinity };
const ENDED: WayIn = { because: "sign-in-ended", endsAt: Infinity };

/** Of the entries that a passkey or device key let in; the others are missing. */
export async function readWaysIn(
  { database: { read }, policy }: Deps,
  entries: readonly LiveEntry[],
): Promise<ReadonlyMap<SessionId, WayIn>> {
  const byPasskey = entries.filter((entry) => entry.passkeyId !== null);
  const byKey = entries.filter((entry) => entry.deviceKeyId !== null);
  const ways = new Map<SessionId, WayIn>();
  if (byPasskey.length > 0) {
    const standing = await readPasskeys(read, byPasskey);
    for (const { id, passkeyId } of byPasskey)
      ways.set(id, passkeyId === null || standing.has(passkeyId) ? STANDS : ENDED);
  }
  if (byKey.length === 0) return ways;
  const { deviceKeys: rules } = await signInRules(read, policy);
  const keys = await readDeviceKeys(read, byKey);
  const sensitive = await readSensitive(read, byKey);
  for (const { id, deviceKeyId, grant } of byKey) {
    if (ways.get(id)?.because != null) continue;
    const key = deviceKeyId === null ? undefined : keys.get(deviceKeyId);
    ways.set(id, wayOf(key, rules, sensitive.has(grant.assetId)));
  }
  return ways;
}

function wayOf(key: DeviceKey | undefined, rules: SignInPolicy["deviceKeys"], sensitive: boolean): WayIn {
  if (key === undefined || !rules.allowed) return ENDED;
  if (sensitive) return { because: "device-key-refused", endsAt: Infinity };
  return rules.atEnd === "end" ? { because: null, endsAt: key.expiresAt } : STANDS;
}

/** Those that nobody has retired. */
async function readPasskeys(read: Database["read"], entries: readonly LiveEntry[]): Promise<ReadonlySet<PasskeyId>> {
  const standing = new Set<PasskeyId>();
  for (const batch of batches(entries.flatMap((entry) => entry.passkeyId ?? [])))
    for (const { id } of await read.passkeys.find({ id: { in: batch }, retiredAt: null }, { limit: BATCH }))
      standing.add(id);
  return standing;
}

/** Those that nobody has retired. */
async function readDeviceKeys(
  read: Database["read"],
  entries: readonly LiveEntry[],
): Promise<ReadonlyMap<DeviceKeyId, DeviceKey>> {
  const standing = new Map<DeviceKeyId, DeviceKey>();
  for (const batch of batches(entries.flatMap((entry) => entry.deviceKeyId ?? [])))
    for (const key of await read.deviceKeys.find({ id: { in: batch }, retiredAt: null }, { limit: BATCH }))
      standing.set(key.id, key);
  return standing;
}

/** The assets of the entries that take no device key now. */
async function readSensitive(read: Database["read"], entries: readonly LiveEntry[]): Promise<ReadonlySet<AssetId>> {
  const sensitive = new Set<AssetId>();
  for (const batch of batches(entries.map((entry) => entry.grant.assetId)))
    for (const asset of await read.assets.find({ id: { in: batch } }, { limit: BATCH }))
      if (isSensitive(asset)) sensitive.add(asset.id);
  return sensitive;
}
