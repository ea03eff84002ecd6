/** Over both real databases: what an auditor of a unit reads and takes out of the audit log, and holds that meet the round. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { removeOldRecordings } from "../../gateway/broker/retention/remove-old.js";
import { DAY_MS, RETENTION_SETTING } from "../../gateway/broker/retention/terms.js";
import type { Unit } from "../../gateway/domain/index.js";
import { verifyExport, type NoteVerifier } from "../../gateway/storage/index.js";
import { buildHouse, must, type House } from "../support/access-house.js";
import { onDatabase, SIGNER } from "../support/house-database.js";
import { createRows } from "../support/rows.js";

interface Line {
  readonly note?: string;
  readonly seq?: number;
  readonly leaf?: string;
  readonly hash?: string;
  readonly proof?: readonly string[];
}

describe.each(["SQLite", "PostgreSQL"] as const)("evidence of units on %s", (name) => {
  const closing: (() => Promise<unknown>)[] = [];
  let house: House;
  let below: Unit;
  let key: NoteVerifier;
  beforeAll(async () => {
    house = await buildHouse({}, async (parts) => {
      key = { name: SIGNER, publicKey: parts.vault.evidence.publicKey };
      return onDatabase(name, closing)(parts);
    });
    const rows = createRows(house.deps.ids);
    const top = house.people.aud1.unitId;
    below = rows.unit({ parentId: top });
    const [ours, theirs] = [rows.asset({ unitId: below.id }), rows.asset({ unitId: top })];
    await house.deps.database.write(async (tx) => {
      await tx.units.insert(below);
      await tx.powers.update(house.people.aud2.personId, { unitId: below.id });
      for (const asset of [ours, theirs]) {
        await tx.assets.insert(asset);
        const object = { kind: "asset", id: asset.id };
        for (const verb of ["asset.created", "asset.retired"] as const)
          await tx.audit.append({ verb, actorId: null, object, sourceAddress: null, detail: { host: asset.name } });
      }
    });
    await house.deps.checkpoints.advance();
  });
  afterAll(async () => {
    for (const close of closing) await close();
    house.close();
  });

  async function exported(by: "aud1" | "aud2", range: { readonly from?: number } = {}): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of must(await house.broker.audit.export(house.people[by], range))) lines.push(line);
    return lines;
  }
  const parsed = (lines: readonly string[]): Line[] => lines.map((line) => JSON.parse(line) as Line);

  it("lists for the auditor of a unit its events alone, for the one at the top all", async () => {
    const { broker, people } = house;
    const own = must(await broker.audit.list(people.aud2, { limit: 200 })).items;
    expect(own.map((row) => row.verb)).toEqual(["asset.retired", "asset.created"]);
    expect(own.every((row) => row.unitId === below.id)).toBe(true);
    const all = must(await broker.audit.list(people.aud1, { limit: 200 })).items;
    expect(all.length).toBeGreaterThan(own.length + 2);
    expect(all.some((row) => row.unitId === null && row.verb === "audit.viewed")).toBe(true);
    const foreign = all.find((row) => row.unitId === people.aud1.unitId);
    expect(must(await broker.audit.list(people.aud2, { objectId: foreign!.objectId })).items).toEqual([]);
  });

  it("exports for the auditor of a unit its events, hashes of the rest, and a whole that verifies", async () => {
    const lines = await exported("aud2");
    const [note, ...events] = parsed(lines);
    expect(note?.note).toMatch(/^gatehouse\/test\n/);
    const shown = events.flatMap((line) => (line.leaf === undefined ? [] : [line.leaf]));
    expect(shown).toHaveLength(2);
    for (const leaf of shown) expect(leaf).toMatch(/"verb":"asset\.(created|retired)"/);
    expect(events.every((line) => (line.leaf === undefined) !== (line.hash === undefined))).toBe(true);
    const size = events.length;
    expect(await verifyExport(lines, key)).toMatchObject({ ok: true, size, leaves: 2, withheld: size - 2 });
    expect(await verifyExport(await exported("aud1"), key)).toMatchObject({ ok: true, leaves: size, withheld: 0 });

    const at = lines.findIndex((line) => line.includes('"hash"'));
    const forged = lines.with(at, JSON.stringify({ seq: at - 1, hash: Buffer.alloc(32, 7).toString("base64") }));
    expect(await verifyExport(forged, key)).toMatchObject({ ok: false, because: "root-differs" });
    const hidden = lines.with(
      at,
      lines.find((line) => line.includes('"leaf"'))!.replace(/"seq":\d+/, `"seq":${at - 1}`),
    );
    expect(await verifyExport(hidden, key)).toMatchObject({ ok: false, because: "root-differs" });
  });

  it("exports of a range only what is his, each event with its proof", async () => {
    const lines = await exported("aud2", { from: 0 });
    const leaves = parsed(lines).slice(1);
    expect(leaves.map((line) => /"verb":"([^"]+)"/.exec(line.leaf ?? "")?.[1])).toEqual([
      "asset.created",
      "asset.retired",
    ]);
    expect(await verifyExport(lines, key)).toMatchObject({ ok: true, leaves: 2, withheld: 0, complete: false });
  });

  it("never both holds a session and removes its recording, however the two meet", async () => {
    const { deps, broker, people } = house;
    const rows = createRows(deps.ids);
    await deps.database.write((tx) => tx.settings.insert({ id: RETENTION_SETTING, value: "184" }));
    let held = 0;
    for (let count = 0; count < 8; count += 1) {
      const endedAt = deps.clock.now() - 900 * DAY_MS;
      const session = rows.session({ unitId: below.id, state: "ended", endedAt });
      const recording = {
        id: session.recordingId,
        sessionId: session.id,
        unitId: below.id,
        state: "complete",
      } as const;
      await deps.database.write(async (tx) => {
        await tx.sessions.insert(session);
        await tx.recordings.insert(rows.recording({ ...recording, endedAt }));
      });
      const [hold] = await Promise.all([
        broker.proposals.placeHold(people.aud2, { sessionId: session.id, reason: "an investigation" }),
        removeOldRecordings(deps),
      ]);
      const state = (await deps.database.read.recordings.get(recording.id))?.state;
      expect([hold.ok, state]).toEqual(hold.ok ? [true, "complete"] : [false, "removed"]);
      if (hold.ok) held += 1;
      else expect(hold.code).toBe("conflict");
      await removeOldRecordings(deps);
      expect((await deps.database.read.recordings.get(recording.id))?.state).toBe(state);
    }
    expect(await deps.database.read.legalHolds.count({})).toBe(held);
  });
});
