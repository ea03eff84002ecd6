/** What one of two tries to come in as somebody who decides or administers: with his part alone, with a link of before, with a secret he saw. */
import { generateSync } from "otplib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { must, openIdentityLab, type IdentityLab, type LabPerson } from "../../../test/support/identity-lab.js";
import type { Actor, PersonId } from "../../domain/index.js";
import type { ProposalView } from "../broker.js";

const REASON = "the third of the night watch";
const HOUR_MS = 3_600_000;
const EXPIRED = { ok: false, code: "enrolment-expired" };
const MINT = { locale: "en", power: null, roles: [] } as const;

describe.each(["memory", "sqlite"] as const)("a link in two hands, on %s", (kind) => {
  let lab: IdentityLab;
  let grace: LabPerson;
  let heidi: LabPerson;
  beforeEach(async () => {
    lab = await openIdentityLab(kind);
    grace = await lab.bootstrap();
    heidi = await lab.add(grace, "heidi", { power: "security" });
  });
  afterEach(() => lab.close());

  const begin = (token: string, secondPart?: string) =>
    lab.identity.beginEnrolment({
      token,
      ...(secondPart === undefined ? {} : { secondPart }),
      sourceAddress: "10.0.0.1",
    });
  const make = async (login: string, more: object = {}) =>
    must(await lab.people.create(await lab.signIn(grace), { ...MINT, login, displayName: login, ...more }));
  const give = async (id: PersonId, change: object): Promise<ProposalView> => {
    const by: Actor = await lab.signIn(grace);
    return must(await lab.people.change(by, id, { ...change, reason: REASON })).proposal as ProposalView;
  };
  const resetOf = async (person: LabPerson): Promise<ProposalView> =>
    must(await lab.people.resetFactors(await lab.signIn(grace), person.id, REASON)).proposal as ProposalView;
  const rowOf = async (id: PersonId) => lab.database.read.people.get(id);
  const parted = async (id: PersonId) => {
    const rows = await lab.database.read.audit.find({ verb: "person.link-parted", objectId: id }, { orderBy: "id" });
    return rows.map(({ leaf }) => leaf);
  };

  test("of a reset's link neither part opens anything, with whatever stands in the other's place", async () => {
    const bob = await lab.add(grace, "bob", { roles: ["approver"] });
    const { token, secondPart } = await lab.agree(await resetOf(bob));
    expect(token).toMatch(/^2\.[A-Za-z0-9_-]{43}$/);
    expect(secondPart).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    const other = await lab.agree(await resetOf(await lab.add(grace, "carol", { roles: ["approver"] })));
    const tries = [
      [token],
      [token.slice(2)],
      [token.slice(2), secondPart],
      [token, ""],
      [token, other.secondPart],
      [token, `${secondPart}0`],
      [other.token, secondPart],
      [`2.${"A".repeat(43)}`, secondPart],
      [secondPart],
      [secondPart, token],
    ] as const;
    for (const [link, word] of tries) expect(await begin(link, word), `${link} ${word ?? ""}`).toEqual(EXPIRED);
    const before = await rowOf(bob.id);
    expect(before?.totpSealed).toBeNull();
    const body = { token, secret: "A".repeat(32), password: "four winds blow here", code: "000000" };
    for (const more of [{}, { secondPart: other.secondPart }])
      expect(await lab.identity.completeEnrolment({ ...body, ...more, sourceAddress: "10.0.0.1" })).toEqual(EXPIRED);
    expect(await rowOf(bob.id)).toEqual(before);
    must(await begin(token, ` ${secondPart.toLowerCase().replaceAll("-", " ").replaceAll("0", "o")} `));
  });

  test("guessing the second part is slowed as guessing a link is, also for who holds the link", async () => {
    const bob = await lab.add(grace, "bob", { roles: ["approver"] });
    const { token, secondPart } = await lab.agree(await resetOf(bob));
    const answers = new Set<string>();
    for (let nth = 0; nth < 40; nth += 1) {
      const outcome = await begin(token, `0000-0000-0000-${String(1000 + nth)}`);
      answers.add(outcome.ok ? "open" : outcome.code);
    }
    expect([...answers]).toEqual(["enrolment-expired", "too-many-tries"]);
    expect(await begin(token, secondPart)).toMatchObject({ code: "too-many-tries" });
    lab.pass(HOUR_MS);
    must(await begin(token, secondPart));
  });

  test("each part is shown to one, once: the proposer fetches the link, also hours later, and the log names both without a part", async () => {
    const bob = await lab.add(grace, "bob", { roles: ["approver"] });
    const proposal = await resetOf(bob);
    expect(proposal.secretWaits).toBe(false);
    const secondPart = (await lab.confirm(proposal)) ?? "";
    lab.pass(20 * HOUR_MS);
    const waits = async (who: LabPerson) =>
      must(await lab.proposals.get(await lab.onPage(who), proposal.id)).secretWaits;
    expect([await waits(grace), await waits(heidi)]).toEqual([true, false]);
    expect(await lab.proposals.collect(await lab.onPage(heidi), proposal.id)).toMatchObject({ code: "not-found" });
    expect(await lab.proposals.collect(await lab.signIn(grace), proposal.id)).toMatchObject({ code: "step-up-needed" });
    const { secret } = must(await lab.proposals.collect(await lab.onPage(grace), proposal.id));
    expect(await lab.proposals.collect(await lab.onPage(grace), proposal.id)).toMatchObject({ code: "not-found" });
    expect(await waits(grace)).toBe(false);
    const told = await parted(bob.id);
    expect(told.slice(1)).toHaveLength(1);
    expect((JSON.parse(told[1] ?? "{}") as { detail: unknown }).detail).toMatchObject({
      login: "bob",
      linkHeldBy: "grace",
      secondPartHeldBy: "heidi",
      proposedBy: grace.id,
      confirmedBy: heidi.id,
    });
    const everything = (await lab.database.read.audit.find({}, { limit: 1000 })).map(({ leaf }) => leaf).join();
    for (const part of [secret, secret.slice(2), secondPart, secondPart.replaceAll("-", "")])
      expect(everything).not.toContain(part);
    await lab.enrol({ token: secret, secondPart });
  });

  test("who is closed is given no weight: what one hand let in would stand beside it when he is opened", async () => {
    const made = await make("mint");
    await lab.enrol(made.enrolmentToken ?? "");
    const by = async () => lab.signIn(grace);
    must(await lab.people.change(await by(), made.person.id, { state: "disabled" }));
    for (const change of [{ power: "audit" }, { roles: ["approver"] }, { roles: ["confirmer"] }] as const)
      expect(await lab.people.change(await by(), made.person.id, { ...change, reason: REASON })).toEqual({
        ok: false,
        code: "conflict",
        field: "state",
      });
    expect(await lab.database.read.proposals.count({ subject: `person:${made.person.id}` })).toBe(0);
    const { token, secondPart } = await lab.agree(await give(made.person.id, { roles: ["approver"], state: "active" }));
    expect(await rowOf(made.person.id)).toMatchObject({ state: "active", passwordHash: null, totpEnrolledAt: null });
    await lab.enrol({ token, secondPart });
  });

  test("who is made to hold weight gets no link before two said yes, and then one in two parts", async () => {
    const made = await make("pia", { power: "audit" });
    expect(made.enrolmentToken).toBeNull();
    expect(await rowOf(made.person.id)).toMatchObject({ enrolmentHash: null, enrolmentExpiresAt: null });
    await lab.enrol(await lab.agree(made.proposal as ProposalView));
    expect(await parted(made.person.id)).toHaveLength(1);
  });

  test("a link of before is worth nothing once weight comes, nor is the secret that it showed", async () => {
    for (const [login, change] of [
      ["audra", { power: "audit" }],
      ["april", { roles: ["approver"] }],
      ["corin", { roles: ["confirmer"] }],
    ] as const) {
      const { person, enrolmentToken } = await make(login);
      const token = enrolmentToken ?? "";
      const seen = must(await begin(token)).secret;
      const parts = await lab.agree(await give(person.id, change));
      expect(await begin(token), login).toEqual(EXPIRED);
      const code = generateSync({ secret: seen, epoch: Math.floor(lab.now() / 1000) });
      const answers = { secret: seen, password: "four winds blow here", code, sourceAddress: "10.0.0.1" };
      expect(await lab.identity.completeEnrolment({ ...answers, token })).toEqual(EXPIRED);
      expect(must(await begin(parts.token, parts.secondPart)).secret).not.toBe(seen);
      expect(await lab.identity.completeEnrolment({ ...answers, ...parts })).toMatchObject({ code: "invalid-input" });
      await lab.enrol(parts);
    }
  });

  test("who enrolled while the second person was still thinking, by a link in one hand, enrols again in two", async () => {
    const { person, enrolmentToken } = await make("mallory");
    const taken = await lab.enrol(enrolmentToken ?? "");
    const page = await lab.onPage(taken);
    const parts = await lab.agree(await give(person.id, { power: "audit" }));
    expect((await lab.identity.refresh(page)).ok).toBe(false);
    const { login, password } = taken;
    const again = { login, password, code: lab.freshCode(taken), sourceAddress: "10.0.0.1", via: "web" } as const;
    expect(await lab.identity.signIn(again)).toMatchObject({ code: "sign-in-refused" });
    await lab.signIn(await lab.enrol(parts));
  });

  test("nor does a reset by one, made while he held no weight, lead to the weight he gets back", async () => {
    const bob = await lab.add(grace, "bob", { roles: ["approver"] });
    await lab.confirm(await give(bob.id, { roles: [] }));
    const alone = must(await lab.people.resetFactors(await lab.signIn(grace), bob.id, REASON));
    const thief = await lab.enrol(alone.enrolmentToken ?? "");
    const parts = await lab.agree(await give(bob.id, { roles: ["approver"] }));
    const { login, password } = thief;
    const again = { login, password, code: lab.freshCode(thief), sourceAddress: "10.0.0.1", via: "web" } as const;
    expect(await lab.identity.signIn(again)).toMatchObject({ code: "sign-in-refused" });
    await lab.enrol(parts);
  });

  test("who enrolled long before, or by two, keeps what he has when weight comes or goes", async () => {
    const bob = await lab.add(grace, "bob");
    lab.pass(24 * HOUR_MS);
    expect(await lab.confirm(await give(bob.id, { roles: ["approver"] }))).toBeNull();
    await lab.signIn(bob);
    const carol = await lab.add(grace, "carol", { roles: ["approver"] });
    expect(await lab.confirm(await give(carol.id, { roles: [] }))).toBeNull();
    await lab.signIn(carol);
    expect(await lab.confirm(await give(carol.id, { power: "audit" }))).toBeNull();
    await lab.signIn(carol);
  });

  test("who enrolled an hour ago by a link of yesterday, which lay in one hand, enrols again in two", async () => {
    const { person, enrolmentToken } = await make("mallory");
    lab.pass(23 * HOUR_MS);
    const taken = await lab.enrol(enrolmentToken ?? "");
    lab.pass(2 * HOUR_MS);
    const parts = await lab.agree(await give(person.id, { roles: ["approver"] }));
    const { login, password } = taken;
    const again = { login, password, code: lab.freshCode(taken), sourceAddress: "10.0.0.1", via: "web" } as const;
    expect(await lab.identity.signIn(again)).toMatchObject({ code: "sign-in-refused" });
    await lab.enrol(parts);
  });

  test("a link that one gave while the proposal waited is worth nothing, however long the second person thinks", async () => {
    for (const [login, hours] of [
      ["pia", 1],
      ["quin", 30],
    ] as const) {
      const { person, proposal } = await make(login, { roles: ["approver"] });
      const alone = must(await lab.people.resetFactors(await lab.signIn(grace), person.id, REASON));
      const thief = await lab.enrol(alone.enrolmentToken ?? "");
      lab.pass(hours * HOUR_MS);
      const parts = await lab.agree(proposal as ProposalView);
      const { password } = thief;
      const again = { login, password, code: lab.freshCode(thief), sourceAddress: "10.0.0.1", via: "web" } as const;
      expect(await lab.identity.signIn(again), login).toMatchObject({ code: "sign-in-refused" });
      await lab.enrol(parts);
    }
  });

  test("a link that one gave before there were two leads to no weight either, but to who held it then", async () => {
    const alone = await openIdentityLab(kind);
    try {
      const first = await alone.bootstrap();
      const mallory = await alone.add(first, "mallory");
      const sysop = await alone.add(first, "sysop", { power: "system" });
      await alone.add(first, "second", { power: "security" });
      const given = async (id: PersonId, change: object) =>
        must(await alone.people.change(await alone.signIn(first), id, { ...change, reason: REASON })).proposal!;
      const parts = await alone.agree(await given(mallory.id, { power: "audit" }));
      expect(parts.secondPart).not.toBe("");
      const { login, password } = mallory;
      const again = { login, password, code: alone.freshCode(mallory), sourceAddress: "10.0.0.1", via: "web" } as const;
      expect(await alone.identity.signIn(again)).toMatchObject({ code: "sign-in-refused" });
      expect(await alone.confirm(await given(sysop.id, { roles: ["approver"] }))).toBeNull();
      await alone.signIn(sysop);
    } finally {
      await alone.close();
    }
  });

  test("a holder who never enrolled and was disabled comes back by a link in two parts alone", async () => {
    const made = await make("pia", { roles: ["approver"] });
    const first = await lab.agree(made.proposal as ProposalView);
    must(await lab.people.change(await lab.signIn(grace), made.person.id, { state: "disabled" }));
    expect(await begin(first.token, first.secondPart)).toEqual(EXPIRED);
    const second = await lab.agree(await give(made.person.id, { state: "active" }));
    expect(await begin(first.token, second.secondPart)).toEqual(EXPIRED);
    await lab.enrol(second);
  });

  test("what waits for a proposer is not for who lost the power that he proposed it by", async () => {
    const carol = await lab.add(grace, "carol", { power: "security" });
    const bob = await lab.add(grace, "bob", { roles: ["approver"] });
    lab.pass(24 * HOUR_MS);
    const { proposal } = must(await lab.people.resetFactors(await lab.signIn(carol), bob.id, REASON));
    must(await lab.proposals.confirm(await lab.onPage(heidi), proposal!.id, proposal!.digest));
    await lab.confirm(await give(carol.id, { power: "system" }));
    expect(await lab.proposals.collect(await lab.onPage(carol), proposal!.id)).toEqual({
      ok: false,
      code: "not-found",
    });
  });

  test("what waits for a proposer whose own factors are reset is gone with them", async () => {
    const carol = await lab.add(grace, "carol", { power: "security" });
    const bob = await lab.add(grace, "bob", { roles: ["approver"] });
    lab.pass(24 * HOUR_MS);
    const proposal = must(await lab.people.resetFactors(await lab.signIn(carol), bob.id, REASON)).proposal;
    must(await lab.proposals.confirm(await lab.onPage(heidi), proposal?.id ?? ("" as never), proposal?.digest ?? ""));
    lab.pass(2 * HOUR_MS);
    const thief = await lab.enrol(await lab.agree(await resetOf(carol)));
    expect(await lab.proposals.collect(await lab.onPage(thief), proposal?.id ?? ("" as never))).toMatchObject({
      code: "not-found",
    });
  });
});
