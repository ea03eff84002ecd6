/**
 * The first steps of an installation: a one-time link, good for 15 minutes while no person was ever made, creates the first
 * security administrator. The installation stays in bootstrap until each power has two people who can act, or one and a
 * confirmer of the top unit.
 */
import {
  asId,
  done,
  isPersonLogin,
  refused,
  type Locale,
  type Outcome,
  type Power,
  type Stores,
  type Unit,
  type UnitId,
} from "../domain/index.js";
import { nameKey } from "../text/index.js";
import type { IdentityUseCases } from "./broker.js";
import { insertPerson } from "./create-person.js";
import { isDisplayName, type IdentityDeps } from "./identity-deps.js";
import { topUnit } from "./registry/unit-tree.js";
import { hashOfToken, newToken } from "./secrets-shown-once.js";
import { hasEnough, isSettled } from "./settle.js";
import { INSTALLATION_LOCALE } from "./sign-in-rules.js";

const SETTING = "bootstrap-token";
const TOP_UNIT = "Gatehouse";
const TOKEN_MS = 15 * 60_000;
const POWERS: readonly Power[] = ["system", "security", "audit"];

/** Whether anyone exists, and whether critical acts are not yet two persons' work or a power has fewer people who can act than it takes. */
export async function installation(
  deps: Pick<IdentityDeps, "database" | "config">,
): ReturnType<IdentityUseCases["installation"]> {
  const { read } = deps.database;
  const hasPeople = (await read.people.count({})) > 0;
  let bootstrap = !(await isSettled(read));
  for (const power of POWERS) bootstrap ||= !(await hasEnough(read, power));
  return { hasPeople, bootstrap, demo: deps.config.demo };
}

/** A new link's token; the one before is worth nothing any more. Undefined once a person was ever made. */
export async function makeBootstrapToken(deps: Pick<IdentityDeps, "database" | "clock">): Promise<string | undefined> {
  const { token, hash } = newToken();
  const value = JSON.stringify({ hash, expiresAt: deps.clock.now() + TOKEN_MS });
  return deps.database.write(async (tx) => {
    if ((await tx.people.count({})) > 0) return undefined;
    if (!(await tx.settings.update(SETTING, { value }))) await tx.settings.insert({ id: SETTING, value });
    return token;
  });
}

export interface Bootstrap {
  readonly token: string;
  readonly login: string;
  readonly displayName: string;
  readonly locale: Locale;
  readonly sourceAddress: string;
}

/** Creates the first security administrator. Of two with the same token, one succeeds. */
export async function bootstrap(
  deps: IdentityDeps,
  input: Bootstrap,
): Promise<Outcome<{ readonly enrolmentToken: string }>> {
  if (!isPersonLogin(input.login)) return refused("invalid-input", { field: "login" });
  if (!isDisplayName(input.displayName)) return refused("invalid-input", { field: "displayName" });
  const admitted = deps.throttle.token(input.sourceAddress);
  if (!admitted.ok) return refused("too-many-tries", { retryAfterMs: admitted.retryAfterMs });
  const hash = hashOfToken(input.token);
  const enrolment = newToken();
  const ids = { unit: asId<UnitId>(deps.ids.next()), person: deps.ids.next() };
  const outcome = await deps.database.write(async (tx): Promise<Outcome<{ readonly enrolmentToken: string }>> => {
    const setting = await tx.settings.get(SETTING);
    if (hash === undefined || setting === undefined || !isOpen(setting.value, hash, deps.clock.now())) {
      return refused("enrolment-expired");
    }
    if ((await tx.people.count({})) > 0) return refused("enrolment-expired");
    if (!(await tx.settings.update(SETTING, { value: "used" }, { value: setting.value })))
      return refused("enrolment-expired");
    await tx.settings.insert({ id: INSTALLATION_LOCALE, value: input.locale });
    const unit = await rootUnit(tx, ids.unit, deps.clock.now());
    const by = { personId: null, sourceAddress: input.sourceAddress };
    const person = await insertPerson(deps, tx, {
      ...input,
      id: ids.person,
      unitId: unit.id,
      power: "security",
      roles: [],
      enrolmentHash: enrolment.hash,
      by,
    });
    await tx.audit.append({
      verb: "installation.bootstrapped",
      actorId: null,
      object: { kind: "person", id: person.id },
      sourceAddress: input.sourceAddress,
    });
    return done({ enrolmentToken: enrolment.token });
  });
  if (outcome.ok) deps.throttle.tokenWasRight(input.sourceAddress);
  return outcome;
}

function isOpen(value: string, hash: string, now: number): boolean {
  if (value === "used") return false;
  const open = JSON.parse(value) as { readonly hash: string; readonly expiresAt: number };
  return open.hash === hash && now < open.expiresAt;
}

/** The unit at the top; made with the first person. */
async function rootUnit(tx: Stores, id: UnitId, now: number): Promise<Unit> {
  const root = await topUnit(tx);
  if (root !== undefined) return root;
  const unit: Unit = {
    id,
    parentId: null,
    name: TOP_UNIT,
    nameKey: nameKey(TOP_UNIT),
    state: "active",
    createdAt: now,
  };
  await tx.units.insert(unit);
  return unit;
}
