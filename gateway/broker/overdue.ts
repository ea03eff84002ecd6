/**
 * A connection may be older than what let it in is good for: a password past its days, a device key past its hour. What was opened
 * goes on; nothing new opens, and who signs in again is told why.
 */
import type { Actor, ErrorCode } from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";
import { deviceKeyStands } from "./factors/device-keys.js";
import { mustChangePassword } from "./password-rules.js";
import { signInRules } from "./sign-in-rules.js";

/** Why the actor opens nothing new; undefined when he may. Asked of the rows, now. */
export async function overdueFault(
  deps: Pick<BrokerDeps, "database" | "clock" | "policy">,
  { personId, deviceKeyId }: Pick<Actor, "personId" | "deviceKeyId">,
): Promise<ErrorCode | undefined> {
  const { read } = deps.database;
  const now = deps.clock.now();
  const person = await read.people.get(personId);
  if (person === undefined) return "unauthenticated";
  const { password } = await signInRules(read, deps.policy);
  if (mustChangePassword(person, password, now)) return "password-expired";
  const key = deviceKeyId === undefined ? undefined : await read.deviceKeys.get(deviceKeyId);
  return key !== undefined && !deviceKeyStands(key, person, now) ? "unauthenticated" : undefined;
}
