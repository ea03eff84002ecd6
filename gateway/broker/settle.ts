/**
 * Who can in fact act, how many of them a power has, and the moment from which critical acts need two persons. That moment
 * comes once: a setting is written with the row that completes it, and nothing takes it away.
 */
import type { Person, PersonId, Power, PowerHolding, Stores, Unit, UnitId } from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";
import { topUnit } from "./registry/unit-tree.js";

/** Also known to the schema's triggers (`storage/migrations/power-rules.ts`). */
export const SETTLED = "second-person";
const BATCH = 1000;
/** Where critical acts are two persons' work, so many of a power at the top, or one and a confirmer of the top unit. */
const ENOUGH = 2;

/** Whether a person can sign in: active, with both factors. */
export function isAble(person: Pick<Person, "state" | "passwordHash" | "passwordAt" | "totpEnrolledAt">): boolean {
  const knowsSomething = person.passwordHash !== null || person.passwordAt !== "here";
  return person.state === "active" && knowsSomething && person.totpEnrolledAt !== null;
}

/** Whether critical acts need a second person. */
export async function isSettled(stores: Pick<Stores, "settings">): Promise<boolean> {
  return (await settledAt(stores)) !== undefined;
}

/** Since when; undefined while they need none. */
export async function settledAt(stores: Pick<Stores, "settings">): Promise<number | undefined> {
  const setting = await stores.settings.get(SETTLED);
  return setting === undefined ? undefined : Number(setting.value);
}

type RightsStores = Pick<Stores, "powers" | "roles" | "people" | "units">;

/** Holders of a power who can act. */
async function ableHolders(stores: Pick<Stores, "powers" | "people">, power: Power): Promise<readonly PowerHolding[]> {
  const rows = await stores.powers.find({ power }, { limit: BATCH });
  const people = new Map(
    (await stores.people.find({ id: { in: rows.map((row) => row.id) } }, { limit: BATCH })).map((one) => [one.id, one]),
  );
  return rows.filter(({ id }) => {
    const person = people.get(id);
    return person !== undefined && isAble(person);
  });
}

/**
 * Whether a power has two who can act for the whole installation, or one and a confirmer of the top unit who can. Who holds it for a
 * unit below is none of the two: he confirms nothing of the top's.
 */
export async function hasEnough(stores: RightsStores, power: Power): Promise<boolean> {
  const top = await topUnit(stores);
  if (top === undefined) return false;
  const able = (await ableHolders(stores, power)).filter((row) => row.unitId === top.id);
  return able.length >= ENOUGH || (able.length === 1 && (await hasTopConfirmer(stores, top)));
}

async function hasTopConfirmer(stores: RightsStores, top: Unit): Promise<boolean> {
  const rows = await stores.roles.find({ role: "confirmer", unitId: top.id }, { limit: BATCH });
  const people = await stores.people.find({ id: { in: rows.map((row) => row.personId) } }, { limit: BATCH });
  return people.some(isAble);
}

/**
 * Writes the setting and its event if this transaction brought the top unit's second security administrator, or the confirmer
 * beside the one there is. Called wherever someone becomes able or is given a right.
 */
export async function settleIfComplete(deps: Pick<BrokerDeps, "clock">, tx: Stores): Promise<void> {
  if ((await isSettled(tx)) || !(await hasEnough(tx, "security"))) return;
  await tx.settings.insert({ id: SETTLED, value: String(deps.clock.now()) });
  const top = await topUnit(tx);
  await tx.audit.append({
    verb: "installation.settled",
    actorId: null,
    object: { kind: "unit", id: top?.id ?? "" },
    sourceAddress: null,
    unitId: null,
  });
}

/**
 * Whether nobody else who can act holds the person's power as widely: for the top unit, if he does. False for who holds none
 * or cannot act himself.
 */
export async function isLastOfPower(stores: RightsStores, id: PersonId): Promise<boolean> {
  const held = await stores.powers.get(id);
  if (held === undefined) return false;
  const able = await ableHolders(stores, held.power);
  if (!able.some((row) => row.id === id)) return false;
  const others = able.filter((row) => row.id !== id);
  if (!(await isTop(stores, held.unitId))) return others.length === 0;
  for (const other of others) if (await isTop(stores, other.unitId)) return false;
  return true;
}

async function isTop(stores: Pick<Stores, "units">, id: UnitId): Promise<boolean> {
  return (await stores.units.get(id))?.parentId === null;
}
