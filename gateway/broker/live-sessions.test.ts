import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeRecording } from "../../test/support/access-fakes.js";
import { buildHouse, changePerson, must, type House } from "../../test/support/access-house.js";
import { asId, GatehouseError, type EndReason, type GrantId, type TapEvent } from "../domain/index.js";
import { moveStates } from "./move-states.js";

let house: House;
let ends: EndReason[];
beforeEach(async () => {
  house = await buildHouse();
  ends = [];
});
afterEach(() => {
  house.close();
});

const opened = async (actions?: Parameters<House["grant"]>[0], durationMs?: number) => {
  const granted = await house.grant(actions, durationMs);
  const session = await house.open((because) => ends.push(because));
  return { session, grantId: granted.grants[0]?.id ?? asId<GrantId>("") };
};
const tick = async (ms: number): Promise<void> => {
  house.clock.advance(ms);
  house.broker.live.tick();
  await house.broker.live.changed();
};
const recording = (): FakeRecording => [...house.recordings.values()].at(-1) ?? new FakeRecording();

describe("an end is an end", () => {
  it("tells the door synchronously, then closes recording and rows, once", async () => {
    const { session } = await opened();
    const entry = house.broker.live.get(session.id);
    if (entry === undefined) throw new Error("not registered");
    const closing = house.broker.live.end(entry, "stopped");
    expect(ends).toEqual(["stopped"]);
    await Promise.all([closing, house.broker.live.end(entry, "idle")]);
    expect(ends).toEqual(["stopped"]);
    expect(recording().closedBecause).toBe("stopped");
    const { read } = house.deps.database;
    expect(await read.sessions.get(session.id)).toMatchObject({ state: "ended", because: "stopped" });
    expect(await read.recordings.find({})).toMatchObject([{ state: "complete", closingHash: "ab".repeat(32) }]);
    expect(await house.audit("session.ended")).toHaveLength(1);
    expect(await house.audit("recording.completed")).toHaveLength(1);
  });

  it("keeps the recording open while the door writes down what was under way, and no longer than a bounded time", async () => {
    for (const hangs of [false, true]) {
      await house.grant();
      let written: () => void = () => undefined;
      const lastWords = new Promise<void>((resolve) => (written = resolve));
      const session = await house.open();
      const entry = house.broker.live.get(session.id);
      if (entry === undefined) throw new Error("not registered");
      Object.assign(entry, { onEnd: () => lastWords });
      const closing = house.broker.live.end(entry, "stopped");
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(recording().closedBecause).toBeUndefined();
      await session.tap.note("session", { drive: "left.txt" });
      if (!hangs) written();
      await closing;
      expect(recording().closedBecause).toBe("stopped");
    }
  }, 15_000);

  it("ends by the wall clock, or by the monotonic one when the wall was set back", async () => {
    await opened(["ssh.shell"], 60_000);
    await tick(59_999);
    expect(ends).toEqual([]);
    await tick(1);
    expect(ends).toEqual(["expired"]);
    ends = [];
    await opened(["ssh.shell"], 60_000);
    house.clock.us += 60_000_000;
    house.broker.live.tick();
    expect(ends).toEqual(["expired"]);
  });

  it("ends at a revocation signalled in the process, without waiting for a tick", async () => {
    const { grantId } = await opened();
    must(await house.broker.access.revoke(house.people.bob, grantId, "no longer needed"));
    await house.broker.live.changed();
    expect(ends).toEqual(["revoked"]);
  });

  const elsewhere: readonly (readonly [
    string,
    EndReason,
    (ids: { id: string; grantId: GrantId }) => Promise<unknown>,
  ])[] = [
    [
      "a revocation",
      "revoked",
      ({ grantId }) => house.deps.database.write((tx) => tx.grants.update(grantId, { state: "revoked" })),
    ],
    ["a disabled person", "revoked", () => changePerson(house, house.people.alice.personId, { state: "disabled" })],
    [
      "a lost role",
      "revoked",
      () =>
        house.deps.database.write((tx) =>
          tx.roles.remove(`${house.people.alice.personId}:operator:${house.people.alice.unitId}`),
        ),
    ],
    ["a changed password", "revoked", () => changePerson(house, house.people.alice.personId, { credentialEpoch: 9 })],
    [
      "a stop",
      "stopped",
      ({ id }) => house.deps.database.write((tx) => tx.sessions.update(asId(id), { because: "stopped" })),
    ],
  ];
  it.each(elsewhere)("finds %s that another node wrote within a second", async (_name, because, act) => {
    const { session, grantId } = await opened();
    await act({ id: session.id, grantId });
    house.clock.advance(1000);
    house.broker.live.tick();
    await expect.poll(() => ends).toEqual([because]);
  });

  it("ends idle and too old sessions", async () => {
    const { session } = await opened(["ssh.shell"], 12 * 3_600_000);
    const pass = async (ms: number, touching: boolean): Promise<void> => {
      for (let passed = 0; passed < ms && ends.length === 0; passed += 9000) {
        await tick(9000);
        if (touching) session.touch();
      }
    };
    await pass(20 * 60_000, true);
    expect(ends).toEqual([]);
    await pass(16 * 60_000, false);
    expect(ends).toEqual(["idle"]);
    ends = [];
    const second = await house.open((because) => ends.push(because));
    const entry = house.broker.live.get(second.id);
    if (entry === undefined) throw new Error("not registered");
    Object.assign(entry, { tooOldAtUs: house.clock.us + 1_000_000 });
    await tick(1000);
    expect(ends).toEqual(["too-old"]);
  });

  it("freezes both ways after 10 s without the database, thaws, and ends after 60 s", async () => {
    const frozen: boolean[] = [];
    await house.grant();
    const answer = await house.broker.sessions.open({
      actor: house.people.alice,
      accountLogin: "root",
      assetName: "web-01",
      protocol: "ssh",
      client: "test",
      onEnd: (because) => void ends.push(because),
      onFreeze: (now) => frozen.push(now),
    });
    if (answer.kind !== "open") throw new Error("not opened");
    await tick(1000);
    house.world.databaseAnswers = false;
    for (let second = 0; second < 9; second += 1) await tick(1000);
    expect(frozen).toEqual([]);
    await tick(1001);
    expect(frozen).toEqual([true]);
    expect(house.broker.sessions.stillAdmitted(answer.session.admission)).toBe(false);
    expect(answer.session.allows("ssh.shell")).toBe(false);
    house.world.databaseAnswers = true;
    await tick(1000);
    expect(frozen).toEqual([true, false]);
    house.world.databaseAnswers = false;
    for (let second = 0; second < 61; second += 1) await tick(1000);
    expect(ends).toEqual(["node-lost"]);
  });

  it("ends with an alert when the recorder fails, and leaves the recording for recovery", async () => {
    const { session } = await opened();
    recording().fail("recorder-failed");
    expect(ends).toEqual(["recorder-failed"]);
    await session.end("left");
    expect(await house.deps.database.read.alerts.find({ kind: "recorder-failed" })).toHaveLength(1);
    // What the recorder could not finish is not called complete: the next start seals what is whole of it.
    expect(await house.deps.database.read.recordings.find({})).toMatchObject([{ state: "open", closingHash: null }]);
    expect(await house.audit("recording.completed")).toHaveLength(0);
    expect(await house.deps.database.read.recordings.find({})).toMatchObject([{ state: "open" }]);
  });

  it("moves grants and requests on with their events", async () => {
    const { id } = (await house.grant(["ssh.shell"], 60_000)).grants[0] ?? { id: asId<GrantId>("") };
    const from = house.clock.now() + 1000;
    await house.deps.database.write((tx) => tx.grants.update(id, { state: "scheduled", from }));
    await moveStates(house.deps);
    expect(await house.audit("grant.activated")).toEqual([]);
    house.clock.advance(1000);
    await moveStates(house.deps);
    await moveStates(house.deps);
    expect(await house.audit("grant.activated")).toMatchObject([{ objectId: id, actorId: null }]);
    await house.ask();
    house.clock.advance(86_400_000);
    await moveStates(house.deps);
    await moveStates(house.deps);
    const { read } = house.deps.database;
    expect(await read.grants.find({})).toMatchObject([{ state: "expired", endReason: "expired" }]);
    expect((await read.requests.find({ state: "lapsed" })).length).toBe(1);
    expect(await house.audit("grant.expired")).toHaveLength(1);
    expect(await house.audit("request.lapsed")).toHaveLength(1);
  });
});

describe("channels", () => {
  it("writes the close of a channel once the database is back, also when its session goes on", async () => {
    const { session } = await opened(["ssh.exec"]);
    const channel = must(await session.openChannel({ kind: "exec", action: "ssh.exec", detail: "true" }));
    const { database } = house.deps;
    const write = database.write.bind(database);
    let refusals = 0;
    Object.assign(database, {
      write: () => {
        refusals += 1;
        Object.assign(database, { write });
        return Promise.reject(new GatehouseError("storage-unavailable", "the database does not answer"));
      },
    });
    await channel.close("0");
    expect(refusals).toBe(1);
    expect(await database.read.channels.find({})).toMatchObject([{ outcome: "recorded", exit: "0" }]);
    expect(await house.audit("channel.closed")).toHaveLength(1);
  });

  it("opens what the grant holds, counts the rest as refused, and answers how each ended", async () => {
    const { session } = await opened(["ssh.shell"]);
    const shell = must(
      await session.openChannel({
        kind: "shell",
        action: "ssh.shell",
        detail: "",
        pty: { term: "xterm", cols: 80, rows: 24 },
      }),
    );
    expect(await session.openChannel({ kind: "exec", action: "ssh.exec", detail: "id" })).toEqual({
      ok: false,
      code: "not-granted",
    });
    await session.refuseChannel({ kind: "x11", detail: "", because: "never" });
    await shell.close("0");
    await session.end("left");
    const { channels } = must(await house.broker.sessions.get(house.people.aud1, session.id));
    expect(channels.map((row) => [row.number, row.outcome, row.refusedBecause])).toEqual(
      expect.arrayContaining([
        [1, "recorded", null],
        [-1, "refused", "not-granted"],
        [-2, "refused", "never"],
      ]),
    );
    expect(recording().openings[0]?.keepBytes).toBe(Infinity);
    expect(recording().notes.filter((note) => note.kind === "refused")).toHaveLength(2);
  });

  it("keeps 64 MiB of a channel without a terminal, then digests", async () => {
    const { session } = await opened(["ssh.exec"]);
    must(await session.openChannel({ kind: "exec", action: "ssh.exec", detail: "cat" }));
    expect(recording().openings).toMatchObject([{ keepBytes: 64 * 1024 * 1024, beyond: "digest" }]);
    recording().digested = true;
    await session.end("left");
    expect(await house.deps.database.read.channels.find({})).toMatchObject([{ outcome: "recorded", bytesOut: 5 }]);
  });

  it("refuses a channel on an old connection once the grant is gone, although nobody has ticked yet", async () => {
    const { session, grantId } = await opened(["ssh.exec"]);
    await house.deps.database.write((tx) => tx.grants.update(grantId, { state: "revoked" }));
    expect(await session.openChannel({ kind: "exec", action: "ssh.exec", detail: "id" })).toEqual({
      ok: false,
      code: "grant-ended",
    });
    expect(ends).toEqual(["revoked"]);
  });

  it("forwards only to the exact host and port that was granted", async () => {
    const { session } = await opened(["ssh.forward"]);
    const forward = (host: string, port: number) =>
      session.openChannel({
        kind: "forward",
        action: "ssh.forward",
        detail: `${host}:${String(port)}`,
        forwardTo: { host, port },
      });
    expect((await forward("db.internal", 5432)).ok).toBe(true);
    for (const [host, port] of [
      ["db.internal", 5433],
      ["DB.internal", 5432],
      ["10.0.0.5", 5432],
    ] as const) {
      expect(await forward(host, port)).toEqual({ ok: false, code: "not-granted" });
    }
    must(
      await house.broker.assets.create(house.people.sys1, {
        name: "db",
        protocol: "ssh",
        host: "db.internal",
        port: 5432,
        description: "",
        legacyAlgorithms: false,
      }),
    );
    expect(await forward("db.internal", 5432)).toEqual({ ok: false, code: "address-refused" });
  });

  it("writes refusals one by one up to a bound, so that nobody floods the log", async () => {
    const { session } = await opened();
    for (let count = 0; count < 520; count += 1)
      await session.refuseChannel({ kind: "x11", detail: "", because: "never" });
    expect(await house.deps.database.read.channels.count({})).toBe(500);
    await session.end("left");
    const [ended] = await house.audit("session.ended");
    expect(JSON.parse(ended?.leaf ?? "{}")).toMatchObject({ detail: { refusals: 520 } });
  });

  it("logs transfers as rows and events", async () => {
    const { session } = await opened(["sftp.read"]);
    const channel = must(await session.openChannel({ kind: "sftp", action: "sftp.read", detail: "" }));
    await session.transfer(channel, {
      direction: "download",
      path: "/etc/<b>",
      size: 3,
      sha256: "ab",
      sequential: true,
    });
    await session.refuseInChannel(channel, { what: "write", path: "/etc/passwd", because: "not-granted" });
    expect(must(await house.broker.sessions.get(house.people.bob, session.id)).transfers).toMatchObject([
      { path: "/etc/<b>", size: 3 },
    ]);
    expect(await house.audit("transfer.logged")).toHaveLength(1);
    expect(await house.audit("transfer.refused")).toHaveLength(1);
  });
});

describe("watching and stopping", () => {
  const watch = (
    by: "alice" | "mallory" | "bob" | "aud1",
    id: Parameters<House["broker"]["sessions"]["get"]>[1],
    seen: unknown[],
  ) => house.broker.sessions.watch(house.people[by], id, (event) => seen.push(event));
  const output = (text: string): TapEvent => ({
    type: "output",
    channel: 1,
    atUs: 5,
    bytes: Buffer.from(text),
    stderr: false,
  });

  it("gives accepted events to who may watch, on record in both places, and never to the session's person", async () => {
    const { session } = await opened();
    const unknown = await watch("mallory", session.id, []);
    expect(unknown).toEqual({ ok: false, code: "not-found" });
    expect(await watch("alice", session.id, [])).toEqual(unknown);
    expect(await watch("bob", asId(house.deps.ids.next()), [])).toEqual(unknown);
    const seen: unknown[] = [];
    const { stop } = must(await watch("bob", session.id, seen));
    recording().emit(output("early"));
    await new Promise((resolve) => setImmediate(resolve));
    recording().emit(output("late"));
    expect(seen).toMatchObject([{ bytes: Buffer.from("early") }, { bytes: Buffer.from("late") }]);
    stop();
    recording().emit(output("after"));
    expect(seen).toHaveLength(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await house.audit("session.watched")).toHaveLength(1);
    expect(await house.audit("session.unwatched")).toHaveLength(1);
    expect(recording().notes.map((note) => note.detail["on"])).toEqual([true, false]);
  });

  it("ends with the session, and within a second of the watcher's right", async () => {
    const { session } = await opened();
    const [bob, aud1]: unknown[][] = [[], []];
    must(await watch("bob", session.id, bob ?? []));
    must(await watch("aud1", session.id, aud1 ?? []));
    await new Promise((resolve) => setImmediate(resolve));
    await house.deps.database.write((tx) => tx.powers.remove(house.people.aud1.personId));
    await tick(1000);
    expect(aud1).toEqual([{ type: "ended", because: "revoked" }]);
    expect(bob).toEqual([]);
    await session.end("left");
    expect(bob).toEqual([{ type: "ended", because: "left" }]);
  });

  it("stops at once, by who may, with a reason", async () => {
    const { session } = await opened();
    const { broker, people } = house;
    expect(await broker.sessions.stop(people.mallory, session.id, "out you go")).toEqual({
      ok: false,
      code: "not-found",
    });
    expect(await broker.sessions.stop(people.bob, session.id, "")).toMatchObject({ code: "invalid-input" });
    must(await broker.sessions.stop(people.bob, session.id, "out you go"));
    expect(ends).toEqual(["stopped"]);
    await broker.live.allClosed();
    expect(await broker.sessions.stop(people.bob, session.id, "out you go")).toMatchObject({ code: "conflict" });
    expect(await house.audit("session.stopped")).toHaveLength(1);
  });

  it("drains: warns, refuses new ones, ends the rest", async () => {
    await opened();
    await house.broker.sessions.drain(0);
    expect(ends).toEqual(["node-drained"]);
    expect(await house.deps.database.read.sessions.find({})).toMatchObject([
      { state: "ended", because: "node-drained" },
    ]);
  });

  it("shows an operator his own sessions and those who oversee all of them", async () => {
    const { session } = await opened();
    const { broker, people } = house;
    expect(must(await broker.sessions.listLive(people.alice))).toHaveLength(1);
    expect(must(await broker.sessions.listLive(people.mallory))).toEqual([]);
    expect(must(await broker.sessions.listLive(people.aud1))).toMatchObject([
      { id: session.id, live: true, watchers: 0 },
    ]);
    expect(must(await broker.sessions.list(people.aud1, { person: "ali", asset: "web" })).items).toHaveLength(1);
    expect(must(await broker.sessions.list(people.aud1, { person: "nobody" })).items).toEqual([]);
    expect(await broker.sessions.get(people.mallory, session.id)).toEqual({ ok: false, code: "not-found" });
    expect(await broker.sessions.list(people.bob, { command: "rm" })).toMatchObject({ code: "forbidden" });
  });
});
