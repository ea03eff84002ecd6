import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { must } from "../../test/support/access-house.js";
import { appoint, buildContractHouse, type ContractHouse } from "../../test/support/contract-house.js";
import { asId, type RecordingId, type SessionId } from "../domain/index.js";
import { raiseAlertNow } from "./alerts.js";
import { peopleOfEvents } from "./audit-people.js";
import { EVERYTHING } from "./scope.js";

let house: ContractHouse;
beforeEach(async () => {
  house = await buildContractHouse();
});
afterEach(() => {
  house.close();
});

const CHAIN = ["南方运维", "远景科技"];
const NUMBER = "HT-2027-001";
const whose = { login: "mallory", vendorChain: CHAIN, contractNumber: NUMBER };

const TABLES = ["people", "vendors", "contracts", "sessions", "recordings", "requests", "grants"] as const;
/** The outermost vendor is called otherwise from now on. */
const renameVendor = async (): Promise<void> => {
  const { broker, people, top } = house;
  must(await broker.registry.changeVendor(people.sec1, top.id, { name: "北辰集团" }));
};
const events = async (verb: string) =>
  must(await house.broker.audit.list(house.people.aud1, { verb })).items.map(({ actor, about }) => ({ actor, about }));

describe("an audit event", () => {
  it("shows who asked, who agreed and for whom, with the chain of then", async () => {
    await house.work();
    await renameVendor();
    const then = { ...whose, asThen: true };
    expect(await events("request.filed")).toMatchObject([{ actor: then, about: null }]);
    expect(await events("grant.created")).toMatchObject([
      { actor: { login: "bob", vendorChain: [], contractNumber: null }, about: then },
    ]);
  });

  it("shows a session's person as its snapshot keeps him, whoever reads it later", async () => {
    await house.work();
    const session = await house.session();
    await session.end("left");
    await house.broker.derive.idle();
    await renameVendor();
    const recordingId = asId<RecordingId>(session.tap.recordingId);
    must(await house.broker.recordings.requestInput(house.people.aud1, recordingId, "A secret was typed"));
    const then = { ...whose, asThen: true };
    expect(await events("session.opened")).toMatchObject([{ actor: then }]);
    expect(await events("recording.input-requested")).toMatchObject([{ actor: { login: "aud1" }, about: then }]);
  });

  it("says that the chain is of now where nothing was written down", async () => {
    await house.work();
    await renameVendor();
    const now = { login: "mallory", vendorChain: ["南方运维", "北辰集团"], asThen: false };
    expect(await events("request.approved")).toMatchObject([{ actor: { login: "bob" }, about: now }]);
  });

  it("keeps chain and contract in its leaf where somebody is let in", async () => {
    await house.work();
    await house.session();
    for (const verb of ["request.filed", "grant.created", "session.opened"]) {
      const [row] = await house.audit(verb);
      expect(JSON.parse(row?.leaf ?? "{}"), verb).toMatchObject({ detail: { vendorChain: CHAIN, contract: NUMBER } });
    }
  });

  it("costs no more statements for a page than for one", async () => {
    await house.work();
    await house.session();
    const rows = await house.audit();
    expect(rows.length).toBeGreaterThan(10);
    const count = async (some: typeof rows): Promise<number> => {
      let found = 0;
      const { read } = house.deps.database;
      const counting = (store: object): object => ({
        find: (...args: unknown[]): unknown => {
          found += 1;
          return (store as { find(...all: unknown[]): unknown }).find(...args);
        },
      });
      const counted = Object.fromEntries(
        TABLES.map((table) => [table, counting(read[table])]),
      ) as unknown as typeof read;
      await peopleOfEvents(counted, some, EVERYTHING);
      return found;
    };
    const [one] = await house.audit("grant.created");
    expect(await count(rows)).toBeLessThanOrEqual((await count(one === undefined ? [] : [one])) + 6);
  });
});

describe("a person beside other things", () => {
  it("is shown with chain and contract on a running grant", async () => {
    await house.work();
    const { items } = must(await house.broker.access.listGrants(house.people.bob, { live: true }));
    expect(items).toMatchObject([{ personLogin: "mallory", vendorChain: CHAIN, contractNumber: NUMBER }]);
  });

  it("is shown so where kept input is to be opened, and where a recording is held", async () => {
    await house.work();
    const session = await house.session();
    await session.end("left");
    await house.broker.derive.idle();
    const { broker, people } = house;
    must(
      await broker.recordings.requestInput(
        people.aud1,
        asId(session.tap.recordingId),
        "A secret was typed at the gate",
      ),
    );
    const [opened] = await house.audit("session.opened");
    const sessionId = asId<SessionId>(opened?.objectId ?? "");
    must(await broker.proposals.placeHold(people.aud1, { sessionId, reason: "An inquiry is open" }));
    const snapshot = { login: "mallory", vendorChain: CHAIN, contract: NUMBER };
    const openings = must(await broker.recordings.listInputOpenings(people.aud2, {}));
    expect(openings.items).toMatchObject([{ session: { snapshot }, requester: { login: "aud1" }, approver: null }]);
    const holds = must(await broker.proposals.holds(people.aud2, {}));
    expect(holds.items).toMatchObject([{ session: { snapshot }, placer: { login: "aud1" }, releaser: null }]);
  });

  it("is shown so in an alert about him", async () => {
    const { broker, people, deps, unitId } = house;
    const subject = `person:${people.mallory.personId}`;
    await raiseAlertNow(deps, { unitId, kind: "passkey-cloned", subject, detail: {} });
    const { items } = must(await broker.audit.alerts(people.sec1, { open: true }));
    const [alert] = items.filter((one) => one.subject === subject);
    expect(alert).toMatchObject({ about: whose, acknowledger: null });
    const seen = must(await broker.audit.acknowledgeAlert(people.sec1, alert!.id));
    expect(seen).toMatchObject({ about: whose, acknowledger: { login: "sec1" } });
  });

  it("is shown without a contract of now that lies outside the reader's units; with one that was written down there", async () => {
    const { broker, people, deps, unitId } = house;
    const here = must(await broker.registry.createUnit(people.sec1, { parentId: unitId, name: "East" })).id;
    const reader = await appoint(house, here, { power: "audit" });
    const request = await house.work();
    const [leaf = "{}"] = (await house.audit("grant.created")).map((row) => row.leaf);
    const { detail } = JSON.parse(leaf) as { detail: Record<string, string> };
    const event = { actorId: people.mallory.personId, sourceAddress: null, unitId: here };
    const object = { kind: "request", id: request.id };
    await deps.database.write(async (tx) => {
      await tx.audit.append({ ...event, verb: "request.withdrawn", object });
      await tx.audit.append({ ...event, verb: "request.filed", object, detail });
    });
    const subject = `person:${people.mallory.personId}`;
    await raiseAlertNow(deps, { unitId: here, kind: "passkey-cloned", subject, detail: {} });
    const seen = async (verb: string) =>
      must(await broker.audit.list(reader, { verb })).items.map(({ actor }) => actor);
    const outside = { ...whose, contractNumber: null };
    expect(await seen("request.withdrawn")).toMatchObject([{ ...outside, asThen: false }]);
    expect(await seen("request.filed")).toMatchObject([{ ...whose, asThen: true }]);
    const [alert] = must(await broker.audit.alerts(reader, {})).items;
    expect(alert?.about).toMatchObject(outside);
    expect(must(await broker.audit.acknowledgeAlert(reader, alert!.id)).about).toMatchObject(outside);
  });

  it("is shown so where a contract's end is looked at beforehand, in the list and at his session", async () => {
    await house.work();
    await house.session();
    const ending = must(await house.broker.registry.contractEnding(house.people.sec1, house.contract.id));
    expect(ending.people).toMatchObject([whose]);
    expect(ending.sessions).toMatchObject([whose]);
  });
});
