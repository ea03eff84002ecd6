import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildHouse, must, type House } from "../../test/support/access-house.js";
import { asId, type Actor, type RecordingId } from "../domain/index.js";
import { recoverNode, logHeads, registerNode } from "./node-start.js";
import { merkleRoot } from "./hashing.js";
import { RECORDED } from "./replay-events.js";
import { foldText, searchTokens } from "./search-text.js";

let house: House;
let id: RecordingId;
beforeEach(async () => {
  house = await buildHouse();
  await house.grant();
  const session = await house.open();
  id = asId<RecordingId>(session.tap.recordingId);
  house.world.derived = {
    ...house.world.derived,
    markers: [
      { atUs: 10, channel: 1, kind: "command", text: "sudo systemctl restart nginx" },
      { atUs: 20, channel: 1, kind: "command", text: "vi /etc/网络配置.conf" },
      { atUs: 30, channel: 2, kind: "transfer", text: "/tmp/dump.sql" },
      { atUs: 40, channel: 0, kind: "note", text: "nginx note" },
    ],
  };
  await session.end("left");
  await house.broker.derive.idle();
});
afterEach(() => {
  house.close();
});

const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
};

describe("reading recordings", () => {
  it("is the auditors' alone, and answers not-found to everyone else as for an unknown one", async () => {
    const { recordings } = house.broker;
    const reads: ((by: Actor, of: RecordingId) => Promise<unknown>)[] = [
      (by, of) => recordings.index(by, of),
      (by, of) => recordings.segment(by, of, { channel: 1, fromUs: 0, maxUs: 1 }),
      (by, of) => recordings.verify(by, of),
      (by, of) => recordings.exportContainer(by, of),
      (by, of) => recordings.exportAsciicast(by, of, 1),
      (by, of) => recordings.exportText(by, of, 1),
      (by, of) => recordings.exportGuac(by, of, 1),
      (by, of) => recordings.thumbnail(by, of, { channel: 1, atUs: 0 }),
      (by, of) => recordings.requestInput(by, of, "because I must"),
    ];
    const unknown = asId<RecordingId>(house.deps.ids.next());
    for (const read of reads) {
      for (const by of ["alice", "mallory", "bob", "sys1", "sec1"] as const) {
        expect(await read(house.people[by], id)).toEqual({ ok: false, code: "not-found" });
      }
      expect(await read(house.people.aud1, unknown)).toEqual({ ok: false, code: "not-found" });
    }
    expect(await house.audit("recording.viewed")).toEqual([]);
    must(await recordings.index(house.people.aud1, id));
    await house.deps.database.write((tx) => tx.powers.remove(house.people.aud1.personId));
    for (const read of reads) expect(await read(house.people.aud1, id)).toEqual({ ok: false, code: "not-found" });
  });

  it("writes an event for each index and each range, and none for what was just written down", async () => {
    const { broker, people, clock } = house;
    must(await broker.recordings.index(people.aud1, id));
    const range = (fromUs: number) => broker.recordings.segment(people.aud1, id, { channel: 1, fromUs, maxUs: 1000 });
    for (const fromUs of [0, 0, 5000, 9000]) await range(fromUs);
    clock.advance(10_000);
    await range(9000);
    const details = (await house.audit("recording.viewed")).map(
      (row) => (JSON.parse(row.leaf) as { detail: unknown }).detail,
    );
    expect(details).toMatchObject([
      { part: "index" },
      { part: "range", fromUs: 0, toUs: 1000 },
      { part: "range", fromUs: 5000, toUs: 6000 },
      { part: "range", fromUs: 9000, toUs: 10_000 },
      { part: "range", fromUs: 9000, toUs: 10_000 },
    ]);
    expect(await broker.recordings.segment(people.aud1, id, { channel: 1, fromUs: -1, maxUs: 1 })).toMatchObject({
      code: "invalid-input",
    });
    expect(await broker.recordings.segment(people.aud1, id, { channel: 1, fromUs: 0, maxUs: 1e12 })).toMatchObject({
      code: "invalid-input",
    });
  });

  it("shows small pictures, all of them one reading for ten seconds, beside that of the ranges", async () => {
    const { broker, people, clock, world } = house;
    const picture = (atUs: number) => broker.recordings.thumbnail(people.aud1, id, { channel: 1, atUs });
    expect(await picture(1)).toEqual({ ok: false, code: "not-found" });
    world.thumbnail = Uint8Array.of(137, 80, 78, 71);
    world.derived = { ...world.derived, thumbnails: [{ channel: 1, atUs: 5 }] };
    expect(must(await broker.recordings.index(people.aud2, id)).thumbnails).toEqual([{ channel: 1, atUs: 5 }]);
    const shown = await Promise.all([1, 500, 9_000_000, 2].map(picture));
    expect(shown.map((one) => must(one))).toEqual(Array(4).fill(world.thumbnail));
    await broker.recordings.segment(people.aud1, id, { channel: 1, fromUs: 0, maxUs: 10 });
    await picture(77);
    clock.advance(10_000);
    await picture(77);
    const parts = (await house.audit("recording.viewed"))
      .map((row) => (JSON.parse(row.leaf) as { detail: { part: string } }).detail.part)
      .filter((part) => part !== "index");
    expect(parts).toEqual(["pictures", "range", "pictures"]);
    expect(await picture(-1)).toMatchObject({ code: "invalid-input" });
    expect(await picture(0.5)).toMatchObject({ code: "invalid-input" });
  });

  it("hands a desktop's drawings out as an event", async () => {
    const whole = must(await house.broker.recordings.exportGuac(house.people.aud1, id, 1));
    expect(Buffer.concat(await collect(whole)).toString()).toBe("4.sync,1.0;");
    const [event] = await house.audit("recording.exported");
    expect(event?.leaf).toContain('"as":"guac"');
  });

  it("cuts a download within a second of the right to it", async () => {
    const { broker, people, clock, deps } = house;
    const whole = must(await broker.recordings.exportContainer(people.aud1, id));
    expect(await collect(whole)).toHaveLength(5);
    const cut = must(await broker.recordings.exportContainer(people.aud1, id));
    let pieces = 0;
    for await (const piece of cut) {
      pieces += piece.length;
      await deps.database.write((tx) => tx.powers.remove(people.aud1.personId));
      clock.advance(1000);
    }
    expect(pieces).toBe(1);
    expect(await house.audit("recording.exported")).toHaveLength(2);
  });

  it("opens an alert for an altered one", async () => {
    expect(must(await house.broker.recordings.verify(house.people.aud1, id))).toEqual({
      verdict: "altered",
      detail: "record 2: chain",
    });
    expect(await house.deps.database.read.alerts.find({ kind: "recording-altered" })).toHaveLength(1);
    await house.broker.recordings.verify(house.people.aud2, id);
    expect(await house.deps.database.read.alerts.find({ kind: "recording-altered" })).toMatchObject([{ count: 2 }]);
  });
});

describe("search", () => {
  const find = async (q: string, more: object = {}) =>
    must(await house.broker.recordings.search(house.people.aud1, { q, ...more })).map((hit) => hit.text);

  it("finds commands and files by words, in Chinese by any letters, and narrows", async () => {
    expect(await find("nginx")).toEqual(["sudo systemctl restart nginx"]);
    expect(await find("RESTART systemctl")).toHaveLength(1);
    expect(await find("配置")).toEqual(["vi /etc/网络配置.conf"]);
    expect(await find("络")).toHaveLength(1);
    expect(await find("置配")).toEqual([]);
    expect(await find("dump.sql")).toEqual(["/tmp/dump.sql"]);
    expect(await find("dump", { kind: "command" })).toEqual([]);
    expect(await find("nginx", { person: "alice", asset: "web" })).toHaveLength(1);
    expect(await find("nginx", { person: "mallory" })).toEqual([]);
    expect(must(await house.broker.sessions.list(house.people.aud1, { command: "nginx" })).items).toHaveLength(1);
    expect(must(await house.broker.sessions.list(house.people.aud1, { command: "apache" })).items).toEqual([]);
    const searched = (await house.audit("recording.searched")).map((row) => JSON.parse(row.leaf) as object);
    expect(searched.slice(-2)).toMatchObject([
      { object: { kind: "search", id: "sessions" }, detail: { q: "nginx", hits: 1 } },
      { object: { kind: "search", id: "sessions" }, detail: { q: "apache", hits: 0 } },
    ]);
  });

  it("is the auditors' alone, needs a word, and is an event with what was asked", async () => {
    expect(await house.broker.recordings.search(house.people.sec1, { q: "nginx" })).toEqual({
      ok: false,
      code: "forbidden",
    });
    expect(await house.broker.recordings.search(house.people.aud1, { q: " .. " })).toMatchObject({
      code: "invalid-input",
    });
    await find("nginx");
    const [event] = await house.audit("recording.searched");
    expect(JSON.parse(event?.leaf ?? "")).toMatchObject({ detail: { q: "nginx", hits: 1 } });
  });

  it("keeps no readable text in the database", async () => {
    const entries = await house.deps.database.read.search.ofRecording(id, ["command", "file"]);
    expect(entries).toHaveLength(3);
    expect(JSON.stringify(entries)).not.toMatch(/nginx|dump/);
  });

  it("splits words where scripts change", () => {
    expect(searchTokens("Ab_1 网络x")).toEqual(["ab_1", "网", "络", "网络", "x"]);
    expect(searchTokens("x ".repeat(9) + [...Array(99).keys()].join(" "))).toHaveLength(64);
    expect(foldText("ＡＢ")).toBe("ab");
  });
});

describe("kept input", () => {
  it("needs two auditors, a reason and haste; each act is an event", async () => {
    const { broker, people, clock } = house;
    expect(await broker.recordings.requestInput(people.aud1, id, "")).toMatchObject({ field: "reason" });
    const opening = must(await broker.recordings.requestInput(people.aud1, id, "incident 7"));
    expect(await broker.recordings.readInput(people.aud1, opening.id)).toEqual({
      ok: false,
      code: "needs-second-person",
    });
    expect(await broker.recordings.approveInput(people.aud1, opening.id)).toEqual({ ok: false, code: "own-request" });
    expect(await broker.recordings.approveInput(people.sec1, opening.id)).toEqual({ ok: false, code: "not-found" });
    must(await broker.recordings.approveInput(people.aud2, opening.id));
    expect(await broker.recordings.approveInput(people.aud2, opening.id)).toEqual({
      ok: false,
      code: "already-decided",
    });
    expect(await broker.recordings.readInput(people.aud2, opening.id)).toEqual({ ok: false, code: "not-found" });
    await broker.recordings.readInput(people.aud1, opening.id);
    await broker.recordings.readInput(people.aud1, opening.id);
    expect(await house.audit("recording.input-requested")).toHaveLength(1);
    expect(await house.audit("recording.input-approved")).toHaveLength(1);
    expect(await house.audit("recording.input-read")).toHaveLength(2);
    clock.advance(15 * 60_000);
    expect(await broker.recordings.readInput(people.aud1, opening.id)).toEqual({ ok: false, code: "stale" });
  });

  it("is answered in a bounded piece, however much was pasted", async () => {
    const { broker, people, deps } = house;
    const opening = must(await broker.recordings.requestInput(people.aud1, id, "incident 7"));
    must(await broker.recordings.approveInput(people.aud2, opening.id));
    const { wrapped } = deps.vault.newRecordingKeys(id);
    const pasted = new Uint8Array(1024 * 1024).fill(0x61);
    Object.assign(deps.library, {
      read: async () => ({ header: { keys: wrapped }, close: async () => undefined }),
      input: async function* () {
        for (let atUs = 0; atUs < 64; atUs += 1) yield { type: RECORDED.input, channel: 1, atUs, payload: pasted };
      },
    });
    const lines = must(await broker.recordings.readInput(people.aud1, opening.id));
    expect(lines).toHaveLength(16);
  });

  it("of a desktop is answered as lines of text, of a terminal as it was typed", async () => {
    const { broker, people, deps, world } = house;
    const opening = must(await broker.recordings.requestInput(people.aud1, id, "incident 7"));
    must(await broker.recordings.approveInput(people.aud2, opening.id));
    const { wrapped } = deps.vault.newRecordingKeys(id);
    const facts = { detail: "", fromUs: 0, toUs: 9, cols: 80, rows: 24 };
    const channels = [
      { ...facts, channel: 1, kind: "shell", pty: true },
      { ...facts, channel: 9, kind: "desktop", pty: false },
    ];
    world.derived = { ...world.derived, channels };
    const keys = Buffer.from("3.key,3.104,1.1;3.key,3.104,1.0;3.key,3.105,1.1;3.key,3.105,1.0;3.key,5.65289,1.1;");
    Object.assign(deps.library, {
      read: async () => ({ header: { keys: wrapped }, close: async () => undefined }),
      input: async function* () {
        yield { type: RECORDED.input, channel: 1, atUs: 1, payload: Buffer.from("3.key") };
        yield { type: RECORDED.input, channel: 9, atUs: 2, payload: keys };
      },
    });
    expect(must(await broker.recordings.readInput(people.aud1, opening.id))).toEqual([
      { channel: 1, atUs: 1, text: "3.key" },
      { channel: 9, atUs: 2, text: "hi<Tab>" },
    ]);
  });

  it("cannot be agreed to after a week", async () => {
    const opening = must(await house.broker.recordings.requestInput(house.people.aud1, id, "incident 7"));
    house.clock.advance(7 * 86_400_000);
    expect(await house.broker.recordings.approveInput(house.people.aud2, opening.id)).toEqual({
      ok: false,
      code: "stale",
    });
    expect(await house.broker.recordings.listInputOpenings(house.people.bob, {})).toMatchObject({ code: "forbidden" });
  });
});

describe("a node", () => {
  it("recovers what a dead process left: recordings sealed, sessions ended, an alert each", async () => {
    await house.open();
    const { read } = house.deps.database;
    const [open] = await read.recordings.find({ state: "open" });
    if (open === undefined) throw new Error("none open");
    const facts = {
      because: "node-lost",
      complete: false,
      durationUs: 7,
      bytes: 8,
      frames: 9,
      closingHash: "cc",
    } as const;
    house.world.recovered = [{ recordingId: open.id, ...facts }];
    await registerNode(house.deps);
    expect(await recoverNode(house.deps)).toEqual([open.id]);
    expect(await read.recordings.get(open.id)).toMatchObject({ state: "recovered", durationUs: 7, closingHash: "cc" });
    expect(await read.sessions.get(open.sessionId)).toMatchObject({ state: "ended", because: "node-lost" });
    expect(await read.alerts.find({ kind: "recording-recovered" })).toHaveLength(1);
    expect(await house.audit("node.started")).toHaveLength(1);
    expect(await recoverNode(house.deps)).toEqual([open.id]);
  });

  it("leaves a recording open that could not be recovered now, and recovers it at the next start", async () => {
    await house.open();
    const { read } = house.deps.database;
    const [open] = await read.recordings.find({ state: "open" });
    if (open === undefined) throw new Error("none open");
    const facts = { because: "node-lost", durationUs: 0, bytes: 0, frames: 0, closingHash: null } as const;
    house.world.recovered = [{ recordingId: open.id, ...facts, complete: false, postponed: true }];
    expect(await recoverNode(house.deps)).not.toContain(open.id);
    expect(await read.recordings.get(open.id)).toMatchObject({ state: "open" });
    const alerts = await read.alerts.find({ subject: `recording:${open.id}` });
    expect(alerts.map(({ kind }) => kind)).toEqual(["recorder-failed"]);
    expect(await read.sessions.get(open.sessionId)).toMatchObject({ state: "ended", because: "node-lost" });
    house.world.recovered = [{ recordingId: open.id, ...facts, complete: true, frames: 9, closingHash: "cc" }];
    expect(await recoverNode(house.deps)).toContain(open.id);
    expect(await read.recordings.get(open.id)).toMatchObject({ state: "recovered", closingHash: "cc" });
  });

  it("logs the heads of open recordings under their Merkle root", async () => {
    await logHeads(house.deps);
    const [event] = await house.audit("recording.heads");
    const leaf = JSON.parse(event?.leaf ?? "") as { detail: { root: string; heads: string[] } };
    expect(leaf.detail.heads.length).toBeGreaterThan(0);
    expect(leaf.detail.root).toBe(merkleRoot(leaf.detail.heads));
  });

  it("tells the library how long each open recording is, so that live desktops are followed", async () => {
    const grew: unknown[] = [];
    const library = { ...house.deps.library, grew: (...of: unknown[]) => void grew.push(of) };
    await logHeads({ ...house.deps, library });
    const heads = await house.deps.recorder.heads();
    expect(heads.length).toBeGreaterThan(0);
    expect(grew).toEqual(heads.map(({ recordingId, bytes }) => [recordingId, bytes]));
  });

  it("hashes trees as RFC 6962 does", () => {
    expect(merkleRoot([])).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(merkleRoot([""])).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    expect(
      new Set(
        [
          ["a", "b", "c"],
          ["a", "b"],
          ["a", "c", "b"],
        ].map(merkleRoot),
      ).size,
    ).toBe(3);
  });
});

describe("audit and alerts", () => {
  it("are read by auditors, and reading is an event", async () => {
    const { broker, people } = house;
    for (const by of ["alice", "bob", "sys1", "sec1"] as const) {
      expect(await broker.audit.list(people[by], {})).toMatchObject({ code: "forbidden" });
      expect(await broker.audit.export(people[by], {})).toMatchObject({ code: "forbidden" });
    }
    const page = must(await broker.audit.list(people.aud1, { verb: "session.opened" }));
    expect(page.items).toMatchObject([{ actorLogin: "alice" }]);
    expect(await broker.audit.list(people.aud1, { verb: "no.such" })).toMatchObject({ code: "invalid-input" });
    must(await broker.audit.export(people.aud1, {}));
    expect(await house.audit("audit.viewed")).toHaveLength(1);
    // A cursor made by hand is no way to read unseen.
    const cursor = Buffer.from("ffffffff-ffff-ffff-ffff-ffffffffffff").toString("base64url");
    expect(must(await broker.audit.list(people.aud1, { cursor })).items.length).toBeGreaterThan(5);
    expect(await house.audit("audit.viewed")).toHaveLength(2);
    expect(await house.audit("audit.exported")).toHaveLength(1);
  });

  it("alerts are acknowledged, then resolved with a measure, by the three powers", async () => {
    const { broker, people } = house;
    await broker.recordings.verify(people.aud1, id);
    const [alert] = must(await broker.audit.alerts(people.sys1, { open: true })).items;
    if (alert === undefined) throw new Error("no alert");
    expect(await broker.audit.alerts(people.bob, {})).toMatchObject({ code: "forbidden" });
    expect(await broker.audit.acknowledgeAlert(people.alice, alert.id)).toMatchObject({ code: "forbidden" });
    must(await broker.audit.acknowledgeAlert(people.sec1, alert.id));
    expect(await broker.audit.acknowledgeAlert(people.sec1, alert.id)).toMatchObject({ code: "conflict" });
    expect(await broker.audit.resolveAlert(people.sec1, alert.id, "")).toMatchObject({ field: "resolution" });
    expect(await broker.audit.closeAlert(people.sys1, alert.id)).toMatchObject({ code: "conflict" });
    must(await broker.audit.resolveAlert(people.sec1, alert.id, "restored from the copy"));
    expect(must(await broker.audit.alerts(people.sys1, { open: true })).items).toEqual([]);
  });

  it("a resolved alert is closed by another person than who resolved it, once", async () => {
    const { broker, people } = house;
    await broker.recordings.verify(people.aud1, id);
    const [alert] = must(await broker.audit.alerts(people.sys1, { open: true })).items;
    if (alert === undefined) throw new Error("no alert");
    must(await broker.audit.resolveAlert(people.sec1, alert.id, "restored from the copy"));
    expect(await broker.audit.closeAlert(people.alice, alert.id)).toMatchObject({ code: "forbidden" });
    expect(await broker.audit.closeAlert(people.sec1, alert.id)).toMatchObject({ code: "needs-second-person" });
    expect(must(await broker.audit.closeAlert(people.sec2, alert.id))).toMatchObject({ state: "closed" });
    expect(await broker.audit.closeAlert(people.sec2, alert.id)).toMatchObject({ code: "conflict" });
    expect(await house.audit("alert.closed")).toMatchObject([{ actorId: people.sec2.personId, objectId: alert.id }]);
  });
});
