/** The house of `access-house.ts` with two units below the top: its asset is of `here`, and nothing is of `there` unless a test puts it. */
import { createHash } from "node:crypto";
import {
  asId,
  type Actor,
  type Person,
  type Power,
  type Role,
  type UnitId,
  type WebSessionId,
} from "../../gateway/domain/index.js";
import { nameKey } from "../../gateway/text/index.js";
import { buildHouse, signAll, type House } from "./access-house.js";
import { createRows, NOW } from "./rows.js";

export interface SisterUnits {
  readonly house: House;
  readonly top: UnitId;
  readonly here: UnitId;
  readonly there: UnitId;
  /** Writes a person who can act, with a page session whose second factor is fresh. */
  join(login: string, unitId: UnitId, marks: readonly (Power | Role)[], more?: Partial<Person>): Promise<Actor>;
}

const POWERS: readonly string[] = ["system", "security", "audit"];

/** Builds it; `house.close` at the end. */
export async function buildSisterUnits(...given: Parameters<typeof buildHouse>): Promise<SisterUnits> {
  const house = await buildHouse(...given);
  const { ids, database } = house.deps;
  const top = house.people.sec1.unitId;
  const [here, there] = [asId<UnitId>(ids.next()), asId<UnitId>(ids.next())];
  await database.write(async (tx) => {
    for (const [id, name] of [
      [here, "局甲"],
      [there, "局乙"],
    ] as const)
      await tx.units.insert({ id, parentId: top, name, nameKey: nameKey(name), state: "active", createdAt: NOW });
    await tx.assets.update(house.asset.id, { unitId: here });
    for (const { id } of await tx.entitlements.find({})) await tx.entitlements.update(id, { unitId: here });
  });
  const rows = createRows(ids);
  const join: SisterUnits["join"] = async (login, unitId, marks, more = {}) => {
    const person = rows.person({ login, displayName: login, unitId, ...more });
    const webSessionId = asId<WebSessionId>(createHash("sha256").update(person.id).digest("hex"));
    await database.write(async (tx) => {
      await tx.people.insert(person);
      const given = { unitId, grantedBy: null, confirmedBy: null, createdAt: NOW };
      for (const mark of marks)
        if (POWERS.includes(mark)) await tx.powers.insert({ id: person.id, power: mark as Power, ...given });
        else {
          const id = `${person.id}:${mark}:${unitId}`;
          await tx.roles.insert({ id, personId: person.id, role: mark as Role, ...given });
        }
      await signAll(house.deps, tx, person.id);
      await tx.webSessions.insert({
        id: webSessionId,
        personId: person.id,
        credentialEpoch: person.credentialEpoch,
        createdAt: NOW,
        lastSeenAt: NOW,
        expiresAt: NOW * 2,
        endedAt: null,
        sourceAddress: "198.18.0.2",
        userAgent: "test",
        steppedUpAt: NOW * 2,
        via: "passkey",
        passkeyId: null,
      });
    });
    const { id, displayName, locale, vendorId, credentialEpoch } = person;
    return {
      personId: id,
      login,
      displayName,
      locale,
      unitId,
      vendorId,
      power: (marks.find((mark) => POWERS.includes(mark)) as Power | undefined) ?? null,
      roles: marks.filter((mark) => !POWERS.includes(mark)) as Role[],
      sourceAddress: "198.18.0.2",
      credentialEpoch,
      webSessionId,
    };
  };
  return { house, top, here, there, join };
}
