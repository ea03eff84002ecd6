import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildHouse, must, type House } from "../../test/support/access-house.js";
import { asId, type Actor, type Outcome, type RecordingId, type WebSessionId } from "../domain/index.js";

const STEP_UP = { ok: false, code: "step-up-needed" };

let house: House;
let id: RecordingId;
beforeEach(async () => {
  house = await buildHouse();
  await house.grant();
  const session = await house.open();
  id = asId<RecordingId>(session.tap.recordingId);
  await session.end("left");
  await house.broker.derive.idle();
});
afterEach(() => {
  house.close();
});

/** The second factor was shown longer ago than counts, in everybody's page. */
async function letItGrowOld(): Promise<void> {
  const { database, clock } = house.deps;
  await database.write(async (tx) => {
    for (const { webSessionId } of Object.values(house.people))
      if (webSessionId !== undefined)
        await tx.webSessions.update(webSessionId, { steppedUpAt: clock.now() - 10 * 60_000 });
  });
}

const withoutPage = ({ webSessionId: _page, ...actor }: Actor): Actor => actor;

describe("what asks for a second factor shown a short while ago", () => {
  it("is every way to take a recording or the audit log out", async () => {
    const { recordings, audit } = house.broker;
    const ways: ((by: Actor) => Promise<Outcome<unknown>>)[] = [
      (by) => recordings.exportContainer(by, id),
      (by) => recordings.exportAsciicast(by, id, 1),
      (by) => recordings.exportText(by, id, 1),
      (by) => recordings.exportGuac(by, id, 1),
      (by) => audit.export(by, {}),
    ];
    for (const way of ways) must(await way(house.people.aud1));
    const exported = (await house.audit("recording.exported")).length + (await house.audit("audit.exported")).length;
    expect(exported).toBe(ways.length);
    for (const way of ways) expect(await way(withoutPage(house.people.aud1))).toEqual(STEP_UP);
    await letItGrowOld();
    for (const way of ways) expect(await way(house.people.aud1)).toEqual(STEP_UP);
    expect(await house.audit("recording.exported")).toHaveLength(ways.length - 1);
  });

  it("is agreeing to read kept input, and reading it, not asking for it", async () => {
    const { recordings } = house.broker;
    const { aud1, aud2 } = house.people;
    await letItGrowOld();
    const opening = must(await recordings.requestInput(aud1, id, "because I must"));
    expect(await recordings.approveInput(aud2, opening.id)).toEqual(STEP_UP);
    const { database, clock } = house.deps;
    const recent = { steppedUpAt: clock.now() };
    await database.write((tx) => tx.webSessions.update(aud2.webSessionId as WebSessionId, recent));
    must(await recordings.approveInput(aud2, opening.id));
    expect(await recordings.readInput(aud1, opening.id)).toEqual(STEP_UP);
    await database.write((tx) => tx.webSessions.update(aud1.webSessionId as WebSessionId, recent));
    expect(await recordings.readInput(aud1, opening.id)).not.toEqual(STEP_UP);
  });

  it("is not replaying, searching or verifying", async () => {
    await letItGrowOld();
    const { recordings } = house.broker;
    must(await recordings.index(house.people.aud1, id));
    must(await recordings.search(house.people.aud1, { q: "nginx" }));
    must(await recordings.verify(house.people.aud1, id));
  });
});
