/** What looking at the rows of live sessions costs: statements are counted, whoever's the sessions are and whatever let them in. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildHouse, type House } from "../../test/support/access-house.js";
import { createRows } from "../../test/support/rows.js";
import { countStatements } from "../../test/support/statements.js";
import { asId, type AssetId, type DeviceKeyId, type GrantId, type PasskeyId, type SessionId } from "../domain/index.js";

let house: House;
beforeEach(async () => {
  house = await buildHouse();
  await house.grant();
});
afterEach(() => {
  house.close();
});

/** Statements of one reading while so many sessions live, each of another person, asset, key and passkey. */
async function cost(sessions: number): Promise<number> {
  await house.open();
  const { database, ids } = house.deps;
  const [entry] = house.broker.live.living();
  if (entry === undefined) throw new Error("no session lives");
  const rows = createRows(ids);
  for (let at = 1; at < sessions; at += 1) {
    const person = rows.person({ login: `p${String(at)}`, credentialEpoch: entry.epoch });
    await database.write((tx) => tx.people.insert(person));
    const id = (): string => ids.next();
    const grant = { ...entry.grant, id: asId<GrantId>(id()), assetId: asId<AssetId>(id()) };
    const ways = { deviceKeyId: asId<DeviceKeyId>(id()), passkeyId: asId<PasskeyId>(id()) };
    house.broker.live.register({ ...entry, ...ways, id: asId<SessionId>(id()), personId: person.id, grant });
  }
  const statements = countStatements(database.read);
  await house.broker.live.changed();
  return statements();
}

test.each([2, 400])("%d sessions are read in one statement for each kind of row", async (sessions) => {
  expect(await cost(sessions)).toBeLessThanOrEqual(9);
});
