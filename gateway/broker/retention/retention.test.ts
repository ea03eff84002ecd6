/** What leaves the store with time, what a hold keeps in it, and that nobody alone changes either. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildHouse, must, type House } from "../../../test/support/access-house.js";
import { createRows, NOW } from "../../../test/support/rows.js";
import { asId, type Recording, type Session, type UnitId } from "../../domain/index.js";
import type { ProposalView } from "../broker.js";
import { removeOldRecordings } from "./remove-old.js";
import { DAY_MS, retentionDays, RETENTION_SETTING } from "./terms.js";

const REASON = "the disk is full of old years";

let house: House;
let gone: string[];
beforeEach(async () => {
  house = await buildHouse();
  gone = [];
  house.deps.library.remove = async (id) => {
    gone.push(id);
  };
});
afterEach(() => {
  house.close();
});

const days = (value: string): Promise<void> =>
  house.deps.database.write(async (tx) => {
    if (!(await tx.settings.update(RETENTION_SETTING, { value })))
      await tx.settings.insert({ id: RETENTION_SETTING, value });
  });
const round = (): Promise<number> => removeOldRecordings(house.deps);
const ids = async (state: Recording["state"]): Promise<readonly string[]> =>
  (await house.deps.database.read.recordings.find({ state })).map((row) => row.id);

/** A recorded session that ended so many days before now. */
async function recorded(
  daysAgo: number,
  more: { readonly session?: Partial<Session>; readonly recording?: Partial<Recording> } = {},
): Promise<{ readonly session: Session; readonly recording: Recording }> {
  const rows = createRows(house.deps.ids);
  const endedAt = house.clock.now() - daysAgo * DAY_MS;
  const unitId = house.people.aud1.unitId;
  const session = rows.session({ unitId, state: "ended", because: "left", endedAt, ...more.session });
  const recording = rows.recording({
    id: session.recordingId,
    sessionId: session.id,
    unitId: session.unitId,
    state: "complete",
    endedAt,
    bytes: 77,
    closingHash: "ab",
    ...more.recording,
  });
  await house.deps.database.write(async (tx) => {
    await tx.sessions.insert(session);
    await tx.recordings.insert(recording);
    const entry = { id: house.deps.ids.next(), recordingId: recording.id, kind: "command" as const, sealed: "s" };
    await tx.search.add([{ ...entry, atUs: 1, at: endedAt, tokens: ["00000000000000aa"] }]);
  });
  return { session, recording };
}

const confirmed = async (proposal: ProposalView): Promise<void> => {
  must(await house.broker.proposals.confirm(house.people.aud2, proposal.id, proposal.digest));
};

describe("the round", () => {
  it("keeps everything until told otherwise", async () => {
    await recorded(10_000);
    expect(await round()).toBe(0);
    await days("0");
    expect(await round()).toBe(0);
    expect(gone).toEqual([]);
  });

  it("removes what ended longer ago than is kept, to the millisecond, and says what was there", async () => {
    await days("200");
    const old = await recorded(200.001);
    const edge = await recorded(200);
    const recovered = await recorded(300, { recording: { state: "recovered" } });
    expect(await round()).toBe(2);
    expect(await ids("removed")).toEqual([old.recording.id, recovered.recording.id].sort());
    expect([...gone].sort()).toEqual([old.recording.id, recovered.recording.id].sort());
    expect(await ids("complete")).toEqual([edge.recording.id]);
    const { read } = house.deps.database;
    expect(await read.search.ofRecording(old.recording.id, ["command"])).toEqual([]);
    expect(await read.search.ofRecording(edge.recording.id, ["command"])).toHaveLength(1);
    const events = await house.audit("recording.removed");
    expect(events).toHaveLength(2);
    expect(events.find((row) => row.objectId === old.recording.id)?.unitId).toBe(old.recording.unitId);
    expect(JSON.parse(events.find((row) => row.objectId === old.recording.id)?.leaf ?? "")).toMatchObject({
      decidedBy: "retention",
      detail: { sessionId: old.session.id, days: 200, bytes: 77, closingHash: "ab" },
    });
    expect(await round()).toBe(0);
    expect(await house.audit("recording.removed")).toHaveLength(2);
  });

  it.each(["1", "183", "000184", "184", "-5", "1e9", "99999999999", "", "null", "NaN"])(
    "removes nothing younger than 184 days, whatever the setting's row says: %j",
    async (value) => {
      await days(value);
      await recorded(183.9);
      expect(await round()).toBe(0);
      expect(gone).toEqual([]);
      expect([0, 184]).toContain(await retentionDays(house.deps.database.read));
    },
  );

  it("leaves open recordings, sessions that have not ended and those of no known end", async () => {
    await days("184");
    await recorded(500, { session: { state: "live", endedAt: null } });
    await recorded(500, { recording: { state: "open" } });
    await recorded(500, { recording: { endedAt: null } });
    await recorded(500, { session: { endedAt: NOW } });
    expect(await round()).toBe(0);
    expect(gone).toEqual([]);
  });

  it("leaves what is held, also past a full batch, and takes it once all holds are released", async () => {
    await days("184");
    const held = [];
    for (let count = 0; count < 101; count += 1) held.push(await recorded(900 - count));
    const free = await recorded(200);
    for (const { session } of held) {
      const hold = { sessionId: session.id, reason: REASON };
      must(await house.broker.proposals.placeHold(house.people.aud1, hold));
    }
    expect(await round()).toBe(1);
    expect(gone).toEqual([free.recording.id]);
    const [first] = held;
    const second = must(
      await house.broker.proposals.placeHold(house.people.aud2, { sessionId: first!.session.id, reason: REASON }),
    );
    const listed = must(await house.broker.proposals.holds(house.people.aud1, { limit: 200 })).items;
    const mine = listed.find((hold) => hold.sessionId === first!.session.id && hold.id !== second.id);
    for (const hold of [mine!, second]) {
      expect(await round()).toBe(0);
      await confirmed(must(await house.broker.proposals.proposeRelease(house.people.aud1, hold.id, REASON)));
    }
    expect(await round()).toBe(1);
    expect(gone).toContain(first!.recording.id);
  });

  it("takes away at the next round what it could not, and counts nothing twice", async () => {
    await days("184");
    const { recording } = await recorded(900);
    house.deps.library.remove = () => Promise.reject(new Error("the disk is away"));
    await expect(round()).rejects.toThrow("away");
    expect(await ids("removed")).toEqual([recording.id]);
    house.deps.library.remove = async (id) => {
      gone.push(id);
    };
    expect(await round()).toBe(0);
    expect(gone).toEqual([recording.id]);
    await round();
    expect(gone).toEqual([recording.id]);
    expect(await house.audit("recording.removed")).toHaveLength(1);
  });
});

describe("retention", () => {
  it("is read by auditors, and changed by two of them", async () => {
    const { broker, people } = house;
    for (const by of ["alice", "bob", "sys1", "sec1"] as const) {
      expect(await broker.proposals.retention(people[by])).toMatchObject({ code: "forbidden" });
      expect(await broker.proposals.proposeRetention(people[by], { days: 200, reason: REASON })).toMatchObject({
        code: "forbidden",
      });
    }
    expect(must(await broker.proposals.retention(people.aud1))).toEqual({ days: 0, leastDays: 184, removed: 0 });
    const proposal = must(await broker.proposals.proposeRetention(people.aud1, { days: 200, reason: REASON }));
    expect(proposal.lines).toEqual([{ label: "days", before: "0", after: "200" }]);
    expect(must(await broker.proposals.retention(people.aud1)).days).toBe(0);
    const alone = await broker.proposals.confirm(people.aud1, proposal.id, proposal.digest);
    expect(alone).toMatchObject({ code: "needs-second-person" });
    await confirmed(proposal);
    expect(must(await broker.proposals.retention(people.aud2)).days).toBe(200);
    const [event] = await house.audit("retention.changed");
    expect(JSON.parse(event?.leaf ?? "")).toMatchObject({
      actor: { id: people.aud1.personId },
      detail: { from: 0, to: 200, proposedBy: people.aud1.personId, confirmedBy: people.aud2.personId },
    });
    await recorded(300);
    await round();
    expect(must(await broker.proposals.retention(people.aud1)).removed).toBe(1);
  });

  it.each([1, 183, -1, 183.5, 184.5, 36_501, Number.NaN, Number.POSITIVE_INFINITY])(
    "of %d days is not proposed",
    async (value) => {
      const { broker, people } = house;
      expect(await broker.proposals.proposeRetention(people.aud1, { days: value, reason: REASON })).toMatchObject({
        code: "invalid-input",
        field: "days",
      });
      expect(await house.deps.database.read.proposals.count({})).toBe(0);
    },
  );

  it("is not what was confirmed once it changed meanwhile", async () => {
    const { broker, people } = house;
    const proposal = must(await broker.proposals.proposeRetention(people.aud1, { days: 200, reason: REASON }));
    await days("400");
    const late = await broker.proposals.confirm(people.aud2, proposal.id, proposal.digest);
    expect(late).toMatchObject({ code: "stale", field: "days" });
    expect(await retentionDays(house.deps.database.read)).toBe(400);
    expect(await broker.proposals.proposeRetention(people.aud1, { days: 400, reason: REASON })).toMatchObject({
      code: "conflict",
    });
  });
});

describe("a legal hold", () => {
  const place = (by: keyof House["people"], sessionId: Session["id"], reason = REASON) =>
    house.broker.proposals.placeHold(house.people[by], { sessionId, reason });

  it("is placed by one auditor, and ended by two", async () => {
    const { broker, people } = house;
    const { session } = await recorded(1);
    for (const by of ["alice", "bob", "sys1", "sec1"] as const)
      expect(await place(by, session.id)).toMatchObject({ code: "forbidden" });
    expect(await place("aud1", session.id, "")).toMatchObject({ code: "invalid-input", field: "reason" });
    expect(await place("aud1", asId(house.deps.ids.next()))).toMatchObject({ code: "not-found" });
    const hold = must(await place("aud1", session.id));
    expect(hold).toMatchObject({ sessionId: session.id, unitId: session.unitId, placedBy: people.aud1.personId });
    expect(await place("aud1", session.id)).toMatchObject({ code: "conflict" });
    expect(await house.audit("hold.placed")).toMatchObject([{ objectId: hold.id, unitId: session.unitId }]);

    expect(await broker.proposals.proposeRelease(people.sec1, hold.id, REASON)).toMatchObject({ code: "forbidden" });
    const proposal = must(await broker.proposals.proposeRelease(people.aud1, hold.id, REASON));
    expect(proposal.lines).toEqual([{ label: "session", before: REASON, after: session.id }]);
    expect(must(await broker.proposals.holds(people.aud1, {})).items).toMatchObject([{ releasedAt: null }]);
    expect(await broker.proposals.confirm(people.aud1, proposal.id, proposal.digest)).toMatchObject({ ok: false });
    await confirmed(proposal);
    expect(must(await broker.proposals.holds(people.aud1, {})).items).toMatchObject([
      { releasedBy: people.aud1.personId, releaseConfirmedBy: people.aud2.personId, releasedAt: house.clock.now() },
    ]);
    expect(await house.audit("hold.released")).toHaveLength(1);
    expect(await broker.proposals.proposeRelease(people.aud1, hold.id, REASON)).toMatchObject({ code: "conflict" });
  });

  it("comes too late for a recording that is gone", async () => {
    await days("184");
    const { session } = await recorded(900);
    await round();
    expect(await place("aud1", session.id)).toMatchObject({ code: "conflict" });
  });

  it("lies within an auditor's units, like all he sees of retention", async () => {
    const { broker, people, deps } = house;
    const rows = createRows(deps.ids);
    const below = rows.unit({ parentId: people.aud1.unitId });
    await deps.database.write(async (tx) => {
      await tx.units.insert(below);
      await tx.powers.update(people.aud2.personId, { unitId: below.id });
    });
    const here = await recorded(900, { session: { unitId: below.id } });
    const there = await recorded(900, { session: { unitId: asId<UnitId>(deps.ids.next()) } });
    expect(await place("aud2", there.session.id)).toEqual(await place("aud2", asId(deps.ids.next())));
    const hold = must(await place("aud1", there.session.id));
    expect(must(await broker.proposals.holds(people.aud2, {})).items).toEqual([]);
    expect(await broker.proposals.proposeRelease(people.aud2, hold.id, REASON)).toMatchObject({ code: "not-found" });
    must(await place("aud2", here.session.id));
    expect(must(await broker.proposals.holds(people.aud1, {})).items).toHaveLength(2);
    expect(must(await broker.proposals.holds(people.aud2, {})).items).toHaveLength(1);
    expect(await broker.proposals.proposeRetention(people.aud2, { days: 200, reason: REASON })).toMatchObject({
      code: "forbidden",
    });
    await days("184");
    const other = await recorded(900);
    await round();
    expect(gone).toEqual([other.recording.id]);
    expect(must(await broker.proposals.retention(people.aud2)).removed).toBe(0);
    expect(must(await broker.proposals.retention(people.aud1)).removed).toBe(1);
  });
});
