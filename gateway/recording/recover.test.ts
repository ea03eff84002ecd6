import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { EventType } from "../../recordings/codec/index.js";
import type { RecordingId } from "../domain/index.js";
import type { MemoryBlobs } from "../../test/support/memory-blobs.js";
import { RecordingRoom, payloads, shell } from "../../test/support/recording-room.js";
import { recover } from "./index.js";

/** A room whose process died, with two recordings: one that typed only, one with bulk output and heads between. */
async function deadRoom(): Promise<{ room: RecordingRoom; ids: RecordingId[]; shown: Map<string, Buffer> }> {
  const room = await new RecordingRoom().start();
  const shown = new Map<string, Buffer>();
  const ids: RecordingId[] = [];
  for (const bulk of [false, true]) {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(shell);
    const parts = [Buffer.from("$ "), Buffer.from("l"), ...(bulk ? [randomBytes(90_000)] : []), Buffer.from("s\r\n")];
    for (const part of parts) {
      room.advance(100);
      await channel.input(Buffer.from("k"), { endsLine: false, secret: false });
      await channel.output(part);
      if (part.length === 1) await room.recorder.heads();
    }
    ids.push(id);
    shown.set(id, Buffer.concat(parts));
  }
  return { room, ids, shown };
}

function after(room: RecordingRoom, blobs: MemoryBlobs, journal: MemoryBlobs): RecordingRoom {
  room.blobs = blobs;
  room.journal = journal;
  return room;
}

describe("recovery after a kill", () => {
  test("loses nothing that was shown, closes as node-lost and removes the journals", async () => {
    const { room, ids, shown } = await deadRoom();
    after(room, room.blobs.copy(), room.journal.copy());
    const results = await recover(room.deps(), ids);
    expect(results.map(({ because, complete }) => ({ because, complete }))).toEqual(
      ids.map(() => ({ because: "node-lost", complete: true })),
    );
    for (const [at, id] of ids.entries()) {
      const verdict = await room.verify(id);
      expect(verdict).toMatchObject({ verdict: "recovered", closingHash: results[at]?.closingHash });
      expect(payloads(room.events(id), EventType.output).equals(shown.get(id) ?? Buffer.alloc(0))).toBe(true);
      expect(payloads(room.events(id, 1), EventType.input).length).toBeGreaterThan(2);
    }
    expect([...room.journal.blobs.keys()]).toEqual([]);
    expect(await recover(room.deps(), ids)).toEqual(results);
  });

  test("loses nothing that was synced when the power went", async () => {
    const { room, ids, shown } = await deadRoom();
    await new Promise((resolve) => setTimeout(resolve, 900));
    after(room, room.blobs.copy(true), room.journal.copy(true));
    await recover(room.deps(), ids);
    for (const id of ids)
      expect(payloads(room.events(id), EventType.output).equals(shown.get(id) ?? Buffer.alloc(0))).toBe(true);
  });

  test("a container and a journal cut at any byte give a recording that verifies and holds a prefix of what was shown", async () => {
    const { room, ids, shown } = await deadRoom();
    const [blobs, journal] = [room.blobs, room.journal];
    const id = ids[0] as RecordingId;
    const container = blobs.content(`${id}.ghr`);
    const names = [...journal.blobs.keys()];
    let runs = 0;
    const cuts = [...container.keys()]
      .filter((at) => at % 7 === 0 || at > container.length - 80)
      .map((at) => ({ at, what: "container" }));
    for (const name of names)
      for (let at = 0; at < journal.content(name).length; at += 5) cuts.push({ at, what: name });
    for (const { at, what } of cuts) {
      const [cutBlobs, cutJournal] = [blobs.copy(), journal.copy()];
      if (what === "container") cutBlobs.put(`${id}.ghr`, container.subarray(0, at));
      else cutJournal.put(what, journal.content(what).subarray(0, at));
      after(room, cutBlobs, cutJournal);
      const [result] = await recover(room.deps(), [id]);
      runs++;
      if (result?.complete !== true) {
        expect(what).toBe("container");
        expect(result?.frames).toBe(0);
        continue;
      }
      expect(await room.verify(id)).toMatchObject({ verdict: "recovered" });
      const kept = payloads(room.events(id), EventType.output);
      expect((shown.get(id) ?? Buffer.alloc(0)).subarray(0, kept.length).equals(kept)).toBe(true);
    }
    expect(runs).toBeGreaterThan(200);
  });

  test("a recovery that was itself interrupted at any write comes to the same end", async () => {
    const { room, ids, shown } = await deadRoom();
    const [blobs, journal] = [room.blobs.copy(), room.journal.copy()];
    let interrupted = 0;
    for (let stopAt = 1; stopAt < 8; stopAt++) {
      after(room, blobs.copy(), journal.copy());
      let writes = 0;
      room.blobs.beforeAppend = (name, bytes) => {
        if (++writes < stopAt) return undefined;
        const blob = room.blobs.blobs.get(name);
        if (writes === stopAt && blob !== undefined)
          room.blobs.put(name, Buffer.concat([room.blobs.content(name), bytes.subarray(0, bytes.length / 2)]));
        throw new Error("killed");
      };
      const first = await recover(room.deps(), ids);
      if (first.some(({ complete }) => !complete)) interrupted++;
      room.blobs.beforeAppend = () => undefined;
      const results = await recover(room.deps(), ids);
      expect(results.every(({ complete }) => complete)).toBe(true);
      for (const id of ids) {
        expect(await room.verify(id)).toMatchObject({ verdict: "recovered" });
        expect(payloads(room.events(id), EventType.output).equals(shown.get(id) ?? Buffer.alloc(0))).toBe(true);
      }
    }
    expect(interrupted).toBeGreaterThanOrEqual(2);
  });

  test("finds recordings that only the journal still names", async () => {
    const { room, ids } = await deadRoom();
    after(room, room.blobs.copy(), room.journal.copy());
    const results = await recover(room.deps(), []);
    expect(results.map(({ recordingId, complete }) => [recordingId, complete]).sort()).toEqual(
      ids.map((id) => [id, true]).sort(),
    );
  });
});

describe("what recovery does not touch", () => {
  test("a full disk puts it off: it says so, keeps the journals, and the next start loses nothing", async () => {
    const { room, ids, shown } = await deadRoom();
    after(room, room.blobs.copy(), room.journal.copy());
    room.blobs.beforeAppend = () => {
      throw new Error("no space left on device");
    };
    expect(await recover(room.deps(), ids)).toMatchObject(ids.map(() => ({ complete: false, postponed: true })));
    room.blobs.beforeAppend = () => undefined;
    expect(await recover(room.deps(), ids)).toMatchObject(ids.map(() => ({ complete: true, because: "node-lost" })));
    for (const id of ids)
      expect(payloads(room.events(id), EventType.output).equals(shown.get(id) ?? Buffer.alloc(0))).toBe(true);
  });

  test("a container that was changed meanwhile is named and left as it is", async () => {
    const { room, ids } = await deadRoom();
    const id = ids[1] as RecordingId;
    const name = `${id}.ghr`;
    const changed = room.blobs.content(name);
    changed[changed.length - 5_000] = (changed[changed.length - 5_000] ?? 0) ^ 1;
    after(room, room.blobs.copy(), room.journal.copy());
    room.blobs.put(name, changed);
    const results = await recover(room.deps(), ids);
    expect(results.find(({ recordingId }) => recordingId === id)).toMatchObject({
      complete: false,
      altered: { what: "chain broke" },
    });
    expect(room.blobs.content(name).equals(changed)).toBe(true);
    expect([...room.journal.blobs.keys()].length).toBeGreaterThan(0);
  });

  test("a tail of zeros, as a power cut leaves it, is cut", async () => {
    const { room, ids, shown } = await deadRoom();
    const id = ids[0] as RecordingId;
    after(room, room.blobs.copy(), room.journal.copy());
    room.blobs.put(`${id}.ghr`, Buffer.concat([room.blobs.content(`${id}.ghr`), Buffer.alloc(500)]));
    const [result] = await recover(room.deps(), [id]);
    expect(result).toMatchObject({ complete: true });
    expect(payloads(room.events(id), EventType.output).equals(shown.get(id) ?? Buffer.alloc(0))).toBe(true);
  });

  test("a recording that closed in order is answered as it closed", async () => {
    const room = await new RecordingRoom().start();
    const { tap, id, finished } = await room.open();
    await tap.close("left");
    expect(await recover(room.deps(), [id])).toEqual([{ ...(await finished), recordingId: id }]);
    expect(await recover(room.deps(), [randomUUID() as RecordingId])).toMatchObject([{ complete: false, frames: 0 }]);
  });
});
