/**
 * Roles for other units than the person's own, over both real databases: two give them whose units hold both, whoever covers
 * less neither gives, confirms, sees nor comes to them, and what excludes itself does so across units.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bindProposals } from "../../gateway/broker/proposals/bind.js";
import { createPeople } from "../../gateway/broker/people.js";
import type { ProposalView } from "../../gateway/broker/index.js";
import { asId, type Actor, type PersonId, type Power, type Role, type UnitId } from "../../gateway/domain/index.js";
import { must } from "../support/access-house.js";
import { onDatabase } from "../support/house-database.js";
import { NOW } from "../support/rows.js";
import { buildSisterUnits, type SisterUnits } from "../support/sister-units.js";

const REASON = "the sister unit's second approver is away";

describe.each(["SQLite", "PostgreSQL"] as const)("roles for other units on %s", (name) => {
  const closing: (() => Promise<unknown>)[] = [];
  let units: SisterUnits;
  let people: ReturnType<typeof createPeople>;
  let proposals: ReturnType<typeof bindProposals>;
  let team: Readonly<Record<"sec-here" | "sec-here-2" | "sec-there" | "sec-there-2" | "confirms-here", Actor>>;
  let top: readonly [Actor, Actor];
  let serial = 0;

  beforeAll(async () => {
    units = await buildSisterUnits({}, onDatabase(name, closing));
    const { house, here, there } = units;
    people = createPeople(house.deps);
    proposals = bindProposals(house.deps);
    top = [house.people.sec1, house.people.sec2];
    const officer = (login: string, unitId: UnitId) => units.join(login, unitId, ["security"]);
    team = {
      "sec-here": await officer("sec-here", here),
      "sec-here-2": await officer("sec-here-2", here),
      "sec-there": await officer("sec-there", there),
      "sec-there-2": await officer("sec-there-2", there),
      "confirms-here": await units.join("confirms-here", here, ["confirmer"]),
    };
    await house.deps.database.write((tx) => tx.settings.insert({ id: "second-person", value: String(NOW) }));
  });
  afterAll(async () => {
    for (const close of closing) await close();
    units?.house.close();
  });

  /** Somebody of the unit who holds at most the operator role. */
  const somebody = (unitId: UnitId, marks: readonly Role[] = []): Promise<Actor> =>
    units.join(`person-${String((serial += 1))}`, unitId, marks);
  const at = (unitId: UnitId, ...roles: Role[]) => ({ elsewhere: [{ unitId, roles }], reason: REASON });
  const change = (by: Actor, { personId }: Actor, input: object) => people.change(by, personId, input);
  async function proposed(by: Actor, person: Actor, input: object): Promise<ProposalView> {
    const { proposal } = must(await change(by, person, input));
    if (proposal === null) throw new Error("nothing was proposed");
    return proposal;
  }
  const confirm = (by: Actor, { id, digest }: ProposalView) => proposals.confirm(by, id, digest);
  async function byTwo(person: Actor, input: object): Promise<void> {
    must(await confirm(top[1], await proposed(top[0], person, input)));
  }
  const held = async ({ personId }: Actor): Promise<readonly string[]> =>
    (await units.house.deps.database.read.roles.find({ personId }))
      .map((row) => `${row.role}@${nameOf(row.unitId)}`)
      .sort();
  const nameOf = (id: UnitId): string =>
    id === units.here ? "here" : id === units.there ? "there" : id === units.top ? "top" : "below";
  /** As he is after his rights changed: signed in again. */
  async function again(actor: Actor): Promise<Actor> {
    const { database } = units.house.deps;
    const credentialEpoch = (await database.read.people.get(actor.personId))?.credentialEpoch ?? 0;
    const page = actor.webSessionId;
    if (page !== undefined) await database.write((tx) => tx.webSessions.update(page, { credentialEpoch }));
    return { ...actor, credentialEpoch };
  }

  it("lets an approver of one unit decide for its sister too, until two take it from him", async () => {
    const { house, here, there } = units;
    const carl = await somebody(there);
    await byTwo(carl, { roles: ["approver"], reason: REASON });
    const request = await house.ask();
    const shown = async (by: Actor) => must(await house.broker.access.list(await again(by), { view: "all" })).items;
    expect(await shown(carl)).toEqual([]);
    const proposal = await proposed(top[0], carl, at(here, "approver"));
    expect(proposal.lines.slice(-2)).toEqual([
      { label: "roleUnit", before: null, after: expect.stringMatching(/ \/ 局甲$/) as string },
      { label: "roles", before: "", after: "approver" },
    ]);
    expect(await held(carl)).toEqual(["approver@there"]);
    const before = await again(carl);
    must(await confirm(top[1], proposal));
    expect(await held(carl)).toEqual(["approver@here", "approver@there"]);
    // His sign-ins of before are over.
    expect(await house.broker.access.list(before, { view: "all" })).toMatchObject({ code: "forbidden" });
    expect((await shown(carl)).map((one) => one.id)).toEqual([request.id]);
    const word = { verdict: "approved", reason: "", digest: request.digest } as const;
    expect(must(await house.broker.access.decide(await again(carl), request.id, word)).state).toBe("approved");
    await byTwo(carl, at(here));
    expect(await held(carl)).toEqual(["approver@there"]);
    expect(await shown(carl)).toEqual([]);
    expect(await house.broker.access.get(await again(carl), request.id)).toMatchObject({ code: "not-found" });
    const given = await house.deps.database.read.audit.find({ verb: "role.granted", unitId: here });
    expect(given.some((row) => row.objectId === carl.personId)).toBe(true);
  });

  it("lets a confirmer of the superior unit confirm for one unit below alone", async () => {
    const { here, there } = units;
    const vera = await somebody(units.top);
    await byTwo(vera, at(here, "confirmer"));
    const [inside, outside] = [await somebody(here), await somebody(there)];
    const ours = await proposed(team["sec-here"], inside, { roles: ["approver"], reason: REASON });
    const theirs = await proposed(team["sec-there"], outside, { roles: ["approver"], reason: REASON });
    const now = await again(vera);
    expect(must(await proposals.list(now, { state: "pending" })).items.map((one) => one.id)).toEqual([ours.id]);
    expect(await confirm(now, theirs)).toMatchObject({ code: "not-found" });
    must(await confirm(now, ours));
    expect(await held(inside)).toEqual(["approver@here"]);
  });

  it("lets nobody give, take or propose what reaches beyond his units, and tells unknown from foreign by nothing", async () => {
    const { here, there } = units;
    const by = team["sec-here"];
    const person = await somebody(here);
    const refusal = { ok: false, code: "not-found", field: "elsewhere" };
    for (const role of ["operator", "approver", "confirmer"] as const)
      for (const unitId of [units.top, there, asId<UnitId>("01900000-0000-7000-8000-00000000dead")])
        expect(await change(by, person, at(unitId, role))).toEqual(refusal);
    const tried = { verb: "power.refused", actorId: by.personId, objectId: person.personId } as const;
    expect(await units.house.deps.database.read.audit.find(tried)).toHaveLength(9);
    await byTwo(person, at(there, "approver"));
    expect(await change(by, person, at(there))).toEqual(refusal);
    for (const foreign of [await somebody(units.top), await somebody(there)])
      expect(await change(by, foreign, at(here, "operator"))).toEqual({ ok: false, code: "not-found" });
    expect(await held(person)).toEqual(["approver@there"]);
  });

  it("lets only who covers both units see and confirm", async () => {
    const { here, there } = units;
    const person = await somebody(here);
    const proposal = await proposed(top[0], person, at(there, "approver"));
    expect(proposal.unitId).toBe(units.top);
    for (const by of Object.values(team)) {
      expect(await proposals.get(by, proposal.id)).toMatchObject({ code: "not-found" });
      expect(await confirm(by, proposal)).toMatchObject({ code: "not-found" });
    }
    expect(await held(person)).toEqual([]);
  });

  it("gives no way to such a role by new factors, a return or what is shown", async () => {
    const { here, there } = units;
    const person = await somebody(here);
    await byTwo(person, { ...at(there, "operator"), roles: ["approver"] });
    const by = team["sec-here"];
    const seen = must(await people.get(by, person.personId));
    expect([seen.roles, seen.holdings.map((one) => one.unitId), seen.holdsBeyond]).toEqual([
      ["approver"],
      [here],
      true,
    ]);
    expect(must(await people.get(top[0], person.personId))).toMatchObject({
      roles: ["approver", "operator"],
      holdsBeyond: false,
    });
    expect(await people.resetFactors(by, person.personId, REASON)).toEqual({ ok: false, code: "forbidden" });
    // To close is always allowed; to open again is not.
    must(await change(by, person, { state: "disabled" }));
    const wakes = { state: "active", reason: REASON };
    expect(await change(by, person, wakes)).toEqual({ ok: false, code: "forbidden", field: "state" });
    const wake = await proposed(top[0], person, wakes);
    expect(wake.unitId).toBe(units.top);
    must(await confirm(top[1], wake));
    const reset = must(await people.resetFactors(top[0], person.personId, REASON)).proposal;
    expect(reset?.unitId).toBe(units.top);
    expect(await proposals.get(team["sec-here-2"], reset!.id)).toMatchObject({ code: "not-found" });
  });

  it("exports it to who covers that unit alone, and a file gives none", async () => {
    const { here, there } = units;
    const { registry } = units.house.broker;
    const person = await somebody(here, ["operator"]);
    must(await change(top[0], person, at(there, "operator")));
    const exported = async (by: Actor): Promise<Buffer> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of must(await registry.exportCsv(by, "people")).bytes) pieces.push(piece);
      return Buffer.concat(pieces);
    };
    const lineOf = async (by: Actor): Promise<string> =>
      (await exported(by))
        .toString("utf8")
        .split("\r\n")
        .find((line) => line.startsWith(`"${person.login}"`)) ?? "";
    expect(await lineOf(team["sec-here"])).toMatch(/"operator","",""$/);
    expect(await lineOf(top[0])).toMatch(/"operator","operator@[^"]+ \/ 局乙",""$/);
    const load = async (bytes: Buffer) =>
      must(await registry.importCsv(top[0], { kind: "people", bytes, dryRun: true })).faults;
    expect((await load(await exported(top[0]))).filter((one) => one.column === "roles elsewhere")).toEqual([]);
    const more = `login,name,roles elsewhere\n${person.login},${person.login},approver@局乙\nfresh,Fresh,operator@局乙\n`;
    expect((await load(Buffer.from(more))).map((one) => [one.line, one.column, one.code])).toEqual([
      [2, "roles elsewhere", "power-not-importable"],
      [3, "roles elsewhere", "power-not-importable"],
    ]);
  });

  it("holds what excludes itself apart across units, in the proposal, at its confirmation and in the store", async () => {
    const { here, there } = units;
    const { database } = units.house.deps;
    const exclusive = { code: "exclusive-powers" };
    const vera = await somebody(here);
    await byTwo(vera, at(there, "confirmer"));
    for (const input of [
      { roles: ["operator"] },
      { roles: ["approver"], reason: REASON },
      { power: "audit", reason: REASON },
    ])
      expect(await change(top[0], vera, input)).toMatchObject(exclusive);
    const otto = await somebody(here);
    must(await change(top[0], otto, at(there, "operator")));
    for (const input of [{ power: "audit" }, { roles: ["confirmer"] }, at(units.top, "confirmer")])
      expect(await change(top[0], otto, { reason: REASON, ...input })).toMatchObject(exclusive);
    const late = await somebody(here);
    const waits = await proposed(top[0], late, at(there, "confirmer"));
    must(await change(team["sec-here"], late, { roles: ["operator"] }));
    expect(await confirm(top[1], waits)).toMatchObject({ ok: false });
    expect(await held(late)).toEqual(["operator@here"]);

    const row = (personId: PersonId, role: Role, unitId: UnitId, id: string = `${personId}:${role}:${unitId}`) =>
      database.write((tx) =>
        tx.roles.insert({
          id,
          personId,
          role,
          unitId,
          grantedBy: top[0].personId,
          confirmedBy: top[1].personId,
          createdAt: NOW,
        }),
      );
    const power = (id: PersonId, what: Power) =>
      database.write((tx) =>
        tx.powers.insert({
          id,
          power: what,
          unitId: here,
          grantedBy: top[0].personId,
          confirmedBy: top[1].personId,
          createdAt: NOW,
        }),
      );
    await expect(row(vera.personId, "approver", here)).rejects.toMatchObject(exclusive);
    await expect(row(otto.personId, "confirmer", here)).rejects.toMatchObject(exclusive);
    await expect(power(otto.personId, "audit")).rejects.toMatchObject(exclusive);
    await expect(power(vera.personId, "system")).rejects.toMatchObject(exclusive);
    await expect(row(otto.personId, "operator", there, "another-id")).rejects.toMatchObject({ code: "conflict" });
    expect(await held(otto)).toEqual(["operator@there"]);
  });

  it("gives for no unit that was retired meanwhile, and retires none that somebody serves", async () => {
    const { here } = units;
    const { registry } = units.house.broker;
    const below = must(await registry.createUnit(top[0], { parentId: here, name: `科${String((serial += 1))}` })).id;
    const person = await somebody(here);
    const proposal = await proposed(top[0], person, at(below, "approver"));
    must(await registry.retireUnit(top[0], below));
    expect(await confirm(top[1], proposal)).toMatchObject({ code: "stale" });
    expect(await change(top[0], person, at(below, "operator"))).toMatchObject({
      code: "not-found",
      field: "elsewhere",
    });
    expect(await held(person)).toEqual([]);
    const other = must(await registry.createUnit(top[0], { parentId: here, name: `科${String((serial += 1))}` })).id;
    const serves = await somebody(here);
    must(await change(top[0], serves, at(other, "operator")));
    expect(await registry.retireUnit(top[0], other)).toMatchObject({ code: "conflict" });
    must(await registry.leave(top[0], serves.personId, REASON));
    must(await registry.retireUnit(top[0], other));
  });

  it("refuses a unit named twice or his own, more than an operator to a vendor's person, and what changed under a proposal", async () => {
    const { here, there } = units;
    const person = await somebody(here);
    const invalid = { code: "invalid-input", field: "elsewhere" };
    const twice = [
      { unitId: there, roles: ["operator"] },
      { unitId: there, roles: ["approver"] },
    ];
    expect(await change(top[0], person, { elsewhere: twice })).toMatchObject(invalid);
    expect(await change(top[0], person, at(here, "operator"))).toMatchObject(invalid);
    const { database } = units.house.deps;
    const outsider = await somebody(here);
    await database.write((tx) =>
      tx.people.update(outsider.personId, { vendorId: asId("01900000-0000-7000-8000-0000000000ee") }),
    );
    for (const role of ["approver", "confirmer"] as const)
      expect(await change(top[0], outsider, at(there, role))).toMatchObject({ code: "vendor-person" });
    const proposal = await proposed(top[0], person, at(there, "approver"));
    must(await change(top[0], person, at(there, "operator")));
    expect(await confirm(top[1], proposal)).toMatchObject({ code: "stale" });
    expect(await held(person)).toEqual(["operator@there"]);
  });

  it("lets an operator reach another unit's assets exactly as long as he holds the role there", async () => {
    const { house, here, there } = units;
    const { accountId } = house;
    const { assets } = house.broker;
    const oona = await somebody(there, ["operator"]);
    const right = { personId: oona.personId, accountId, actions: ["ssh.shell"], to: null } as const;
    expect(await assets.createEntitlement(top[0], right)).toMatchObject({ field: "personId" });
    must(await change(top[0], oona, at(here, "operator")));
    must(await assets.createEntitlement(top[0], right));
    const named = async () => (await house.broker.access.reachable(await again(oona))).map((one) => one.accountId);
    expect(await named()).toEqual([accountId]);
    must(await change(top[0], oona, at(here)));
    expect(await held(oona)).toEqual(["operator@there"]);
    expect(await named()).toEqual([]);
  });
  it("hands no way in to who confirms for a unit of his alone, where the person holds a role beyond it", async () => {
    const { here, there } = units;
    const { database } = units.house.deps;
    const rowOf = ({ personId }: Actor) => database.read.people.get(personId);
    const noFactors = { passwordHash: null, totpSealed: null, totpEnrolledAt: null } as const;
    const pia = await units.join("pia", here, [], noFactors);
    await byTwo(pia, at(there, "approver"));
    const open = await rowOf(pia);
    expect(open?.enrolmentHash).toMatch(/^[0-9a-f]{64}$/);
    const ours = await proposed(team["sec-here"], pia, { roles: ["approver"], reason: REASON });
    expect(await confirm(team["sec-here-2"], ours)).toEqual({ ok: false, code: "forbidden" });
    expect(await rowOf(pia)).toEqual(open);
    expect(await held(pia)).toEqual(["approver@there"]);
    // Neither with one who covers both, in whichever place.
    expect(await confirm(top[1], ours)).toEqual({ ok: false, code: "forbidden" });
    must(await proposals.withdraw(team["sec-here"], ours.id));
    const theirs = await proposed(top[0], pia, { roles: ["approver"], reason: REASON });
    expect(await confirm(team["sec-here-2"], theirs)).toEqual({ ok: false, code: "forbidden" });
    const both = must(await confirm(top[1], theirs));
    expect(both.secret).not.toBeNull();
    expect(await held(pia)).toEqual(["approver@here", "approver@there"]);
    // Who needs no way in is given what his own unit's two agree on.
    const quin = await somebody(here);
    await byTwo(quin, at(there, "approver"));
    must(
      await confirm(
        team["sec-here-2"],
        await proposed(team["sec-here"], quin, { roles: ["approver"], reason: REASON }),
      ),
    );
    expect(await held(quin)).toEqual(["approver@here", "approver@there"]);
  });

  it("counts no proposal and confirms no guess about another unit's roles to who does not cover it", async () => {
    const { here, there } = units;
    const { registry } = units.house.broker;
    const person = await somebody(here);
    const by = team["sec-here"];
    await proposed(top[0], person, at(there, "approver"));
    expect(must(await people.get(by, person.personId)).pendingProposals).toBe(0);
    expect(must(await people.get(top[0], person.personId)).pendingProposals).toBe(1);
    const other = await somebody(here);
    must(await change(top[0], other, at(there, "operator")));
    const guess = async (reader: Actor, role: string) => {
      const path = "Example Bureau / 局乙";
      const bytes = Buffer.from(`login,name,roles elsewhere\n${other.login},${other.login},${role}@${path}\n`);
      const { faults } = must(await registry.importCsv(reader, { kind: "people", bytes, dryRun: true }));
      return faults.filter(({ column }) => column === "roles elsewhere").map(({ code }) => code);
    };
    expect(await guess(top[0], "operator")).toEqual([]);
    for (const role of ["operator", "approver"]) expect(await guess(by, role)).toEqual(["power-not-importable"]);
  });
});
