import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildHouse, changePerson, must, OTHER_KEY, SECRET, type House } from "../../test/support/access-house.js";
import { GatehouseError, type EndReason } from "../domain/index.js";
import type { Admission } from "./admission.js";
import type { DialPlan } from "./broker.js";

let house: House;
beforeEach(async () => {
  house = await buildHouse();
});
afterEach(() => {
  house.close();
});

const open = (
  more: { accountLogin?: string | null; assetName?: string } = {},
  by: "alice" | "mallory" | "bob" = "alice",
) =>
  house.broker.sessions.open({
    actor: house.people[by],
    accountLogin: "root",
    assetName: "web-01",
    protocol: "ssh",
    client: "test",
    onEnd: () => undefined,
    ...more,
  });

describe("opening a session", () => {
  it("opens under a live grant, with rows, a recording and an event", async () => {
    await house.grant();
    const session = await house.open();
    const row = await house.deps.database.read.sessions.get(session.id);
    expect(row).toMatchObject({
      state: "live",
      snapshot: { login: "alice", accountLogin: "root", approvers: ["bob"], reason: "磁盘告警 <b>" },
    });
    expect(house.recordings.size).toBe(1);
    expect(await house.audit("session.opened")).toHaveLength(1);
    expect(house.broker.sessions.stillAdmitted(session.admission)).toBe(true);
  });

  it("finds the account when only one can be meant, and answers not-found for all that is unknown or forbidden", async () => {
    await house.grant();
    expect((await open({ accountLogin: null })).kind).toBe("open");
    const answers = [
      await open({ assetName: "web-02" }),
      await open({ accountLogin: "admin" }),
      await open({}, "mallory"),
      await open({}, "bob"),
      await open({ assetName: "x\u0000y" }),
    ];
    for (const answer of answers) expect(answer).toEqual({ kind: "refused", code: "not-found" });
    expect(await house.audit("session.refused")).toHaveLength(5);
  });

  it("offers to ask when entitled without a grant, before its start, after its end and after revocation", async () => {
    const { broker, people, clock } = house;
    expect(await open()).toMatchObject({ kind: "ask", reachable: { accountLogin: "root", grant: null } });
    const granted = await house.grant(["ssh.shell"], 60_000);
    clock.advance(60_000);
    expect((await open()).kind).toBe("ask");
    expect(granted.grants[0]?.to).toBe(clock.now());
    const second = await house.grant();
    must(
      await broker.access.revoke(people.sec1, second.grants[0]?.id ?? must({ ok: false, code: "none" }), "not needed"),
    );
    expect((await open()).kind).toBe("ask");
  });

  it("refuses during bootstrap, while draining, with an unwell recorder and when one does not open", async () => {
    await house.grant();
    house.world.bootstrap = true;
    expect(await open()).toEqual({ kind: "refused", code: "bootstrap" });
    house.world.bootstrap = false;
    house.world.recorderOk = false;
    expect(await open()).toEqual({ kind: "refused", code: "storage-unavailable" });
    expect(await house.deps.database.read.alerts.find({ kind: "storage-full" })).toHaveLength(1);
    house.world.recorderOk = true;
    house.world.recorderOpens = false;
    expect(await open()).toEqual({ kind: "refused", code: "recorder-failed" });
    expect(await house.deps.database.read.sessions.find({})).toMatchObject([
      { state: "ended", because: "recorder-failed" },
    ]);
    house.world.recorderOpens = true;
    await house.broker.sessions.drain(0);
    expect(await open()).toEqual({ kind: "refused", code: "draining" });
    expect(house.broker.live.living()).toHaveLength(0);
  });

  it("lets only the demo's own sandbox through the bootstrap bar", async () => {
    house.close();
    house = await buildHouse({ demo: true, allowTargets: ["web-01.example:22"] });
    await house.grant();
    house.world.bootstrap = true;
    expect((await open()).kind).toBe("open");
    const others = [
      { demo: true, allowTargets: ["web-02.example:22"] },
      { demo: true, allowTargets: ["web-01.example:2222"] },
      { demo: false, allowTargets: ["web-01.example:22"] },
    ];
    for (const config of others) {
      house.close();
      house = await buildHouse(config);
      await house.grant();
      house.world.bootstrap = true;
      expect(await open()).toEqual({ kind: "refused", code: "bootstrap" });
    }
  });

  it("holds the caps of a person and of the node", async () => {
    await house.grant();
    for (let count = 0; count < 3; count += 1) await house.open();
    expect(await open()).toEqual({ kind: "refused", code: "too-many-sessions" });
    expect(house.broker.live.living()).toHaveLength(3);
  });

  it("refuses a person whose password, role or state changed since he signed in", async () => {
    await house.grant();
    await changePerson(house, house.people.alice.personId, { credentialEpoch: 2 });
    expect(await open()).toEqual({ kind: "refused", code: "unauthenticated" });
  });

  it("ends when the grant is revoked between authorisation and the recorder's opening", async () => {
    const { broker, people } = house;
    const granted = await house.grant();
    house.world.beforeOpen = async () => {
      must(
        await broker.access.revoke(
          people.bob,
          granted.grants[0]?.id ?? must({ ok: false, code: "none" }),
          "changed my mind",
        ),
      );
    };
    expect(await open()).toEqual({ kind: "refused", code: "grant-ended" });
    expect(broker.live.living()).toHaveLength(0);
    expect(await house.deps.database.read.sessions.find({})).toMatchObject([{ state: "ended", because: "revoked" }]);
  });

  it("does not open when another node revoked the grant meanwhile", async () => {
    const granted = await house.grant();
    house.world.beforeOpen = async () => {
      const [first] = granted.grants;
      if (first === undefined) throw new Error("there is no grant");
      await house.deps.database.write((tx) => tx.grants.update(first.id, { state: "revoked" }));
    };
    expect(await open()).toEqual({ kind: "refused", code: "grant-ended" });
    expect(house.broker.live.living()).toHaveLength(0);
  });
});

describe("dialling", () => {
  const dial = (admission: Admission, use: (plan: DialPlan) => Promise<unknown> = async (plan) => plan) =>
    house.broker.sessions.dial(admission, use);

  it("lends the checked address and the credential to a genuine admission only", async () => {
    await house.grant();
    const session = await house.open();
    const plan = must(await dial(session.admission)) as DialPlan;
    expect(plan).toMatchObject({
      address: "10.0.0.1",
      port: 22,
      username: "root",
      credential: { kind: "password", password: SECRET },
    });
    const forged = { sessionId: session.id, grantId: session.grant.id } as unknown as Admission;
    expect(await dial(forged)).toEqual({ ok: false, code: "no-grant" });
    await session.end("left");
    expect(await dial(session.admission)).toEqual({ ok: false, code: "no-grant" });
  });

  it("refuses a name that points at a forbidden address now, even beside a good one", async () => {
    await house.grant();
    const session = await house.open();
    for (const bad of ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "10.0.0.9"]) {
      house.world.addresses["web-01.example"] = ["10.0.0.1", bad];
      const port = bad === "10.0.0.9" ? 5432 : 22;
      const [asset] = await house.deps.database.read.assets.find({});
      await house.deps.database.write((tx) => tx.assets.update(asset?.id ?? house.asset.id, { port }));
      expect(await dial(session.admission), bad).toEqual({ ok: false, code: "address-refused" });
    }
    house.world.addresses["web-01.example"] = [];
    expect(await dial(session.admission)).toEqual({ ok: false, code: "target-unreachable" });
    expect(await house.audit("session.refused")).toHaveLength(6);
  });

  it("resolves a name once, so that it cannot change between check and dial", async () => {
    await house.grant();
    const session = await house.open();
    let asked = 0;
    const answer = (): readonly string[] => {
      asked += 1;
      return asked === 1 ? ["10.0.0.1"] : ["127.0.0.1"];
    };
    Object.defineProperty(house.world.addresses, "web-01.example", { get: answer });
    expect(must(await dial(session.admission))).toMatchObject({ address: "10.0.0.1" });
    expect(asked).toBe(1);
  });

  it("does not go on when the session ended while it dialled", async () => {
    const { broker, people } = house;
    const granted = await house.grant();
    const ends: EndReason[] = [];
    const session = await house.open((because) => ends.push(because));
    const outcome = await dial(session.admission, async () => {
      must(
        await broker.access.revoke(
          people.alice,
          granted.grants[0]?.id ?? must({ ok: false, code: "none" }),
          "done with it",
        ),
      );
      await broker.live.changed();
      return "a client";
    });
    expect(outcome).toEqual({ ok: false, code: "grant-ended" });
    expect(ends).toEqual(["revoked"]);
  });

  it("answers a target's refusal as its code and lets a bug through", async () => {
    await house.grant();
    const session = await house.open();
    const refusal = async (): Promise<never> => {
      throw new GatehouseError("target-credential-refused", "the target refused the credential");
    };
    expect(await dial(session.admission, refusal)).toEqual({ ok: false, code: "target-credential-refused" });
    await expect(dial(session.admission, async () => Promise.reject(new TypeError("bug")))).rejects.toThrow("bug");
  });

  it("never opens a credential for an asset that was repointed, not even with rows edited by hand", async () => {
    const { broker, people, deps, asset, accountId } = house;
    await house.grant();
    const session = await house.open();
    must(await broker.assets.change(people.sys1, asset.id, { host: "10.6.6.6" }));
    expect(await broker.assets.confirmChange(people.sys1, asset.id, true)).toMatchObject({
      code: "needs-second-person",
    });
    must(await broker.assets.confirmChange(people.sys2, asset.id, true));
    await broker.live.changed();
    expect(session.ended).toBe(true);
    expect(await deps.database.read.grants.find({})).toMatchObject([{ state: "suspended" }]);
    must(await broker.assets.confirmHostKey(people.sys1, asset.id, house.world.hostKey));
    const again = await house.grant();
    expect(await open()).toEqual({ kind: "refused", code: "target-credential-refused" });
    const pin = again.grants[0]?.assetPin ?? "";
    await deps.database.write((tx) => tx.accounts.update(accountId, { credentialPin: pin }));
    const forced = await house.open();
    expect((await dial(forced.admission)).ok).toBe(false);
    expect(await deps.database.read.alerts.find({ kind: "asset-repointed" })).toHaveLength(1);
  });

  it("ends the session and opens an alert when the target shows another key", async () => {
    await house.grant();
    const ends: EndReason[] = [];
    const session = await house.open((because) => ends.push(because));
    await house.broker.sessions.hostKeyChanged(session.admission, OTHER_KEY);
    expect(ends).toEqual(["target-unreachable"]);
    expect(await house.deps.database.read.alerts.find({ kind: "host-key-changed" })).toHaveLength(1);
  });
});
