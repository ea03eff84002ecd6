/**
 * Letting in who signed with a device key. The look-ups are the same whoever asks with whatever key; a key that does not let in, for
 * whatever reason, is answered like one nobody knows. That a known key was tried from elsewhere is told to the log, afterwards.
 */
import {
  done,
  isPersonLogin,
  refused,
  type Actor,
  type DeviceKey,
  type Outcome,
  type Person,
  type Stores,
} from "../../domain/index.js";
import type { FactorUseCases } from "../broker.js";
import { actorOf, isEnrolled } from "../identity-deps.js";
import type { SignInPolicy } from "../../policy/index.js";
import { mustChangePassword } from "../password-rules.js";
import { signInRules } from "../sign-in-rules.js";
import { deviceKeyStands } from "./device-keys.js";
import { isSamePlace } from "./terminal-codes.js";
import type { TerminalDeps } from "./terminal-deps.js";

type Input = Parameters<FactorUseCases["signInByDeviceKey"]>[0];

const TELL_EVERY_MS = 60_000;
const MOST_TOLD = 10_000;

export type SignInByDeviceKey = (input: Input) => Promise<Outcome<Actor>>;

export function createSignInByDeviceKey(deps: TerminalDeps): SignInByDeviceKey {
  const told = new Map<string, number>();
  /** A stolen key that is tried over and over makes one event a minute. */
  const tellOnce = (key: DeviceKey, input: Input, why: string): void => {
    const now = deps.clock.now();
    if (now - (told.get(key.id) ?? -TELL_EVERY_MS) < TELL_EVERY_MS) return;
    if (told.size >= MOST_TOLD) told.clear();
    told.set(key.id, now);
    deps.database
      .write((tx) => appendRefusal(tx, key, input, why))
      .catch((error: unknown) =>
        deps.log("error", "a refused device key could not be logged", { error: String(error) }),
      );
  };
  return async (input) => {
    const { read } = deps.database;
    const login = isPersonLogin(input.login) ? input.login : "";
    const [person] = await read.people.find({ login }, { limit: 1 });
    const [key] = await read.deviceKeys.find({ fingerprint: input.fingerprint }, { limit: 1 });
    const rules = await signInRules(read, deps.policy);
    if (person === undefined || key?.personId !== person.id) return refused("sign-in-refused");
    const because = refusalOf(person, key, rules, input.sourceAddress, deps.clock.now());
    const actor =
      because === undefined ? await deps.database.write((tx) => letIn(deps, tx, person, key, input)) : undefined;
    if (actor !== undefined) return done(actor);
    tellOnce(key, input, because ?? "changed-meanwhile");
    return refused("sign-in-refused");
  };
}

function refusalOf(
  person: Person,
  key: DeviceKey,
  rules: SignInPolicy,
  sourceAddress: string,
  now: number,
): string | undefined {
  if (!rules.deviceKeys.allowed) return "device-keys-off";
  if (person.state !== "active") return "not-active";
  if (!isEnrolled(person)) return "not-enrolled";
  if (key.retiredAt !== null) return "device-key-retired";
  if (!deviceKeyStands(key, person, now)) return "device-key-over";
  if (mustChangePassword(person, rules.password, now)) return "password-expired";
  if (!rules.deviceKeys.otherAddress && !isSamePlace(key.sourceAddress, sourceAddress)) return "other-address";
  return undefined;
}

/** Only if key and person still stand. It does not forgive what was guessed at the login elsewhere: a machine signs in by the minute. */
async function letIn(
  deps: Pick<TerminalDeps, "clock">,
  tx: Stores,
  person: Person,
  key: DeviceKey,
  input: Input,
): Promise<Actor | undefined> {
  const now = deps.clock.now();
  const stands = { state: "active", credentialEpoch: key.credentialEpoch } as const;
  if (!(await tx.people.update(person.id, { lastSignInAt: now }, stands))) return undefined;
  if (!(await tx.deviceKeys.update(key.id, { lastUsedAt: now }, { retiredAt: null, expiresAt: { gt: now } })))
    return undefined;
  await tx.audit.append({
    verb: "person.signed-in",
    actorId: person.id,
    actorName: person.login,
    object: { kind: "person", id: person.id },
    sourceAddress: input.sourceAddress,
    detail: { via: "ssh-device-key", deviceKey: key.id },
  });
  return { ...(await actorOf(tx, person, input.sourceAddress)), deviceKeyId: key.id, passkeyId: key.passkeyId };
}

async function appendRefusal(tx: Stores, key: DeviceKey, input: Input, why: string): Promise<void> {
  await tx.audit.append({
    verb: "person.sign-in-failed",
    actorId: null,
    actorName: input.login,
    object: { kind: "person", id: key.personId },
    sourceAddress: input.sourceAddress,
    decidedBy: why,
    detail: { via: "ssh-device-key", deviceKey: key.id },
  });
}
