/** Walks what shows, counts, finds and ends things of others, as the overseers of a sister unit and as those of the unit itself. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { House } from "../../test/support/access-house.js";
import { must } from "../../test/support/access-house.js";
import { buildSisterUnits, type SisterUnits } from "../../test/support/sister-units.js";
import { asId, type Actor, type GrantId, type Recording, type SessionId, type TapEvent } from "../domain/index.js";
import { raiseAlertNow } from "./alerts.js";
import { getPerson, listPeople } from "./list-people.js";
import { searchBound } from "./search-recordings.js";
import { searchTokens } from "./search-text.js";
import type { LiveSession } from "./index.js";

let units: SisterUnits;
let house: House;
let opened: LiveSession;
let session: { readonly id: SessionId; readonly grantId: GrantId; readonly recordingId: Recording["id"] };
let here: Readonly<Record<"audit" | "security" | "approver", Actor>>;
let there: Readonly<Record<"audit" | "security" | "approver", Actor>>;

beforeEach(async () => {
  units = await buildSisterUnits();
  ({ house } = units);
  const team = async (name: string, unitId: typeof units.here) => ({
    audit: await units.join(`aud-${name}`, unitId, ["audit"]),
    security: await units.join(`sec-${name}`, unitId, ["security"]),
    approver: await units.join(`app-${name}`, unitId, ["approver"]),
  });
  here = await team("here", units.here);
  there = await team("there", units.there);
  await house.grant(["ssh.shell"], 3_600_000);
  opened = await house.open();
  const [row] = await house.deps.database.read.sessions.find({ state: { not: "ended" } });
  if (row === undefined) throw new Error("no session");
  session = row;
});
afterEach(async () => {
  await house.broker.sessions.drain(0);
  house.close();
});

/** A line of search text of the session's recording. */
async function index(text: string): Promise<void> {
  const { vault, database, clock, ids } = house.deps;
  const { recordingId } = session;
  const sealed = vault.seal("search", searchBound(recordingId), text);
  const tokens = vault.blind(searchTokens(text));
  const entry = { id: ids.next(), recordingId, kind: "command", atUs: 1, at: clock.now(), sealed, tokens } as const;
  await database.write((tx) => tx.search.add([entry]));
}

const overseers = (of: typeof here): readonly (readonly [string, Actor])[] => Object.entries(of);

describe("the session itself", () => {
  test("stands in its own unit, the asset's", async () => {
    expect((await house.deps.database.read.sessions.get(session.id))?.unitId).toBe(units.here);
    expect((await house.deps.database.read.grants.get(session.grantId))?.unitId).toBe(units.here);
  });

  test("is listed, live and past, in its unit alone", async () => {
    const { sessions } = house.broker;
    for (const [, actor] of overseers(here)) {
      expect(must(await sessions.listLive(actor)).map((one) => one.id)).toEqual([session.id]);
      expect(must(await sessions.list(actor, {})).items.map((one) => one.id)).toEqual([session.id]);
      expect(must(await sessions.get(actor, session.id)).session.id).toBe(session.id);
    }
    for (const [, actor] of overseers(there)) {
      expect(must(await sessions.listLive(actor))).toEqual([]);
      expect(must(await sessions.list(actor, {})).items).toEqual([]);
      expect(must(await sessions.list(actor, { person: "alice" })).items).toEqual([]);
      expect(await sessions.get(actor, session.id)).toMatchObject({ ok: false, code: "not-found" });
    }
  });

  test("is watched and stopped from its unit alone; from another it looks unknown", async () => {
    const { sessions } = house.broker;
    const unknown = asId<SessionId>(house.deps.ids.next());
    for (const [, actor] of overseers(there)) {
      const refusals = [
        await sessions.watch(actor, session.id, () => undefined),
        await sessions.stop(actor, session.id, "不再需要了"),
      ];
      expect(refusals).toEqual([
        await sessions.watch(actor, unknown, () => undefined),
        await sessions.stop(actor, unknown, "不再需要了"),
      ]);
      expect(refusals.every((one) => !one.ok && one.code === "not-found")).toBe(true);
    }
    const watch = must(await sessions.watch(here.approver, session.id, () => undefined));
    watch.stop();
    must(await sessions.stop(here.security, session.id, "不再需要了"));
  });

  test("a watcher whose units shrink is ended while it runs", async () => {
    const seen: TapEvent[] = [];
    must(await house.broker.sessions.watch(here.approver, session.id, (event) => seen.push(event as TapEvent)));
    const { personId } = here.approver;
    await house.deps.database.write(async (tx) => {
      await tx.roles.remove(`${personId}:approver:${units.here}`);
      const id = `${personId}:approver:${units.there}`;
      const row = { personId, role: "approver", unitId: units.there, grantedBy: null, confirmedBy: null } as const;
      await tx.roles.insert({ id, ...row, createdAt: 1 });
    });
    const entry = house.broker.live.get(session.id);
    await Promise.all([...(entry?.watchers ?? [])].map((watcher) => watcher.recheck()));
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen.at(-1)).toEqual({ type: "ended", because: "revoked" });
    expect(entry?.watchers.size).toBe(0);
  });

  test("a mark held for another unit does not lend its unit to this one", async () => {
    const both = await units.join("both", units.there, ["security"]);
    await house.deps.database.write(async (tx) => {
      const row = { personId: both.personId, role: "operator", unitId: units.here } as const;
      const id = `${both.personId}:operator:${units.here}`;
      await tx.roles.insert({ id, ...row, grantedBy: null, confirmedBy: null, createdAt: 1 });
    });
    expect(await house.broker.sessions.watch(both, session.id, () => undefined)).toMatchObject({ code: "not-found" });
    expect(await house.broker.sessions.stop(both, session.id, "不再需要了")).toMatchObject({ code: "not-found" });
  });

  test("its own person sees it whatever his unit", async () => {
    const { alice } = house.people;
    await house.deps.database.write((tx) => tx.people.update(alice.personId, { unitId: units.there }));
    expect(must(await house.broker.sessions.listLive(alice)).map((one) => one.id)).toEqual([session.id]);
    expect(must(await house.broker.access.listGrants(alice, {})).items).toHaveLength(1);
  });
});

describe("its recording", () => {
  beforeEach(async () => {
    await opened.end("left");
    await house.broker.live.allClosed();
  });

  test("is replayed, verified and exported from its unit alone", async () => {
    const { recordings } = house.broker;
    const id = session.recordingId;
    expect((await recordings.index(here.audit, id)).ok).toBe(true);
    const outcomes = [
      await recordings.index(there.audit, id),
      await recordings.segment(there.audit, id, { channel: 1, fromUs: 0, maxUs: 1 }),
      await recordings.thumbnail(there.audit, id, { channel: 1, atUs: 0 }),
      await recordings.verify(there.audit, id),
      await recordings.exportContainer(there.audit, id),
      await recordings.exportAsciicast(there.audit, id, 1),
      await recordings.exportText(there.audit, id, 1),
      await recordings.exportGuac(there.audit, id, 1),
      await recordings.requestInput(there.audit, id, "为了查明原因"),
    ];
    for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: false, code: "not-found" });
  });

  test("its kept input is asked for, agreed to and listed in its unit alone", async () => {
    const { recordings } = house.broker;
    const opening = must(await recordings.requestInput(here.audit, session.recordingId, "为了查明原因"));
    expect(await recordings.approveInput(there.audit, opening.id)).toMatchObject({ code: "not-found" });
    expect(must(await recordings.listInputOpenings(there.audit, {})).items).toEqual([]);
    expect(must(await recordings.listInputOpenings(here.audit, {})).items.map((one) => one.id)).toEqual([opening.id]);
    must(await recordings.approveInput(house.people.aud1, opening.id));
  });

  test("what was typed is found and counted in its unit alone", async () => {
    await index("cat /etc/shadow");
    const { recordings, sessions } = house.broker;
    expect(must(await recordings.search(here.audit, { q: "shadow" }))).toHaveLength(1);
    for (const query of [{ q: "shadow" }, { q: "shadow", person: "alice" }, { q: "shadow", command: "shadow" }])
      expect(must(await recordings.search(there.audit, query))).toEqual([]);
    expect(must(await sessions.list(here.audit, { command: "shadow" })).items).toHaveLength(1);
    expect(must(await sessions.list(there.audit, { command: "shadow" })).items).toEqual([]);
    const counted = (await house.audit("recording.searched")).filter((row) => row.actorId === there.audit.personId);
    expect(counted.map((row) => (JSON.parse(row.leaf) as { detail: { hits: number } }).detail.hits)).toEqual([
      0, 0, 0, 0,
    ]);
  });
});

describe("what goes before it", () => {
  test("requests are listed, read and queued in their unit alone", async () => {
    const request = await house.ask("mallory", ["ssh.shell"]).catch(() => undefined);
    const { access } = house.broker;
    const [first] = must(await access.list(here.approver, { view: "all" })).items;
    if (first === undefined) throw new Error("no request");
    for (const view of ["all", "queue", "decided"] as const)
      expect(must(await access.list(there.approver, { view })).items).toEqual([]);
    for (const actor of [there.security, there.audit])
      expect(must(await access.list(actor, { view: "all" })).items).toEqual([]);
    for (const [, actor] of overseers(there))
      expect(await access.get(actor, first.id)).toMatchObject({ code: "not-found" });
    expect(request === undefined || request.unitId === units.here).toBe(true);
  });

  test("grants are listed and revoked in their unit alone", async () => {
    const { access } = house.broker;
    for (const [, actor] of overseers(there)) {
      expect(must(await access.listGrants(actor, {})).items).toEqual([]);
      expect(must(await access.listGrants(actor, { live: true })).items).toEqual([]);
      expect(await access.revoke(actor, session.grantId, "不再需要了")).toMatchObject({ code: "not-found" });
    }
    expect(must(await access.listGrants(here.audit, { live: true })).items).toHaveLength(1);
    must(await access.revoke(here.approver, session.grantId, "不再需要了"));
  });
});

describe("what is told around it", () => {
  test("alerts are listed and moved on in their unit alone", async () => {
    const fact = { unitId: units.here, kind: "host-key-changed", subject: "asset:x", detail: {} } as const;
    await raiseAlertNow(house.deps, fact);
    const { audit } = house.broker;
    const [alert] = must(await audit.alerts(here.security, {})).items;
    if (alert === undefined) throw new Error("no alert");
    for (const actor of [there.audit, there.security]) {
      expect(must(await audit.alerts(actor, {})).items).toEqual([]);
      expect(must(await audit.alerts(actor, { open: true })).items).toEqual([]);
      expect(await audit.acknowledgeAlert(actor, alert.id)).toMatchObject({ code: "not-found" });
      expect(await audit.resolveAlert(actor, alert.id, "误报，已确认")).toMatchObject({ code: "not-found" });
      expect(await audit.closeAlert(actor, alert.id)).toMatchObject({ code: "not-found" });
    }
    must(await audit.acknowledgeAlert(here.audit, alert.id));
  });

  test("people are listed, found by name and read in their unit alone; oneself always", async () => {
    const target = await units.join("target", units.here, ["operator"]);
    const logins = async (actor: Actor, q?: string): Promise<readonly string[]> => {
      const listed = await listPeople(house.deps, actor, q === undefined ? {} : { q });
      return must(listed).items.map((one) => one.login);
    };
    expect(await logins(here.security, "targ")).toEqual(["target"]);
    for (const actor of [there.security, there.audit]) {
      expect(await logins(actor, "targ")).toEqual([]);
      expect([...(await logins(actor))].sort()).toEqual(["app-there", "aud-there", "sec-there"]);
      expect(await getPerson(house.deps, actor, target.personId)).toMatchObject({ code: "not-found" });
    }
    expect(await listPeople(house.deps, there.approver, {})).toMatchObject({ code: "forbidden" });
    expect(must(await getPerson(house.deps, target, target.personId)).login).toBe("target");
  });

  test("lines of the review are listed in their unit alone", async () => {
    const { database, ids } = house.deps;
    const [sponsorId, personId] = [here.approver.personId, here.audit.personId];
    const item = { unitId: units.here, sponsorId, personId, entitlementId: null, openedAt: 1, dueAt: 2 } as const;
    const open = { state: "open", decidedBy: null, decidedAt: null } as const;
    await database.write((tx) => tx.reviewItems.insert({ ...item, ...open, id: asId(ids.next()) }));
    const { registry } = house.broker;
    expect(must(await registry.reviews(here.security, { view: "all" })).items).toHaveLength(1);
    expect(must(await registry.reviews(there.security, { view: "all" })).items).toEqual([]);
    expect(must(await registry.reviews(there.approver, { view: "mine" })).items).toEqual([]);
  });

  test("people's leaving, files and the review are of their unit alone", async () => {
    const { registry } = house.broker;
    const target = await units.join("target", units.here, ["operator"], { sponsorId: here.approver.personId });
    expect(await registry.personEnding(there.security, target.personId)).toMatchObject({ code: "not-found" });
    expect(await registry.leave(there.security, target.personId, "离职了")).toMatchObject({ code: "not-found" });
    const text = async (actor: Actor): Promise<string> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of must(await registry.exportCsv(actor, "people")).bytes) pieces.push(piece);
      return Buffer.concat(pieces).toString("utf8");
    };
    expect(await text(here.audit)).toContain('"target"');
    expect(await text(there.audit)).not.toContain('"target"');
    expect((await text(there.audit)).split("\r\n")).toHaveLength(2 + overseers(there).length);
    const taken = Buffer.from("login,name\ntarget,Somebody\n");
    const report = must(await registry.importCsv(there.security, { kind: "people", bytes: taken, dryRun: false }));
    expect(report.faults).toEqual([{ line: 2, column: "login", code: "login-taken", value: "target" }]);
  });
});
