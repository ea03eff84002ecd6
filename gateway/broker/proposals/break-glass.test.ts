/** The way back when all of one power are gone, and those who would use it while they are not. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { must, openIdentityLab, type IdentityLab, type LabPerson } from "../../../test/support/identity-lab.js";
import { createRows } from "../../../test/support/rows.js";
import type { Power } from "../../domain/index.js";
import { bindProposals } from "./bind.js";
import { hashOfHalves, newCode } from "./halves.js";

interface Sheet {
  readonly half: 1 | 2;
  readonly codes: readonly { readonly power: Power; readonly code: string }[];
}

describe("halves", () => {
  test("are typed in either order, any case, with look-alikes and without hyphens", () => {
    const { halves, hash } = newCode("audit");
    const [first, second] = halves;
    expect(first).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(hashOfHalves("audit", [second, first])).toBe(hash);
    const odd = first.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l");
    expect(hashOfHalves("audit", [odd, second])).toBe(hash);
  });

  test("one letter wrong, two letters changed over, a half twice, or another power's: none is a code", () => {
    const { halves } = newCode("system");
    const [first, second] = halves;
    for (let at = 0; at < first.length; at += 1) {
      if (first[at] === "-") continue;
      const wrong = first.slice(0, at) + (first[at] === "Z" ? "Y" : "Z") + first.slice(at + 1);
      expect(hashOfHalves("system", [wrong, second])).toBeUndefined();
    }
    expect(hashOfHalves("system", [first, first])).toBeUndefined();
    expect(hashOfHalves("audit", [first, second])).toBeUndefined();
    expect(hashOfHalves("system", [first, "x".repeat(65)])).toBeUndefined();
    expect(hashOfHalves("system", ["", ""])).toBeUndefined();
  });
});

describe.each(["memory", "sqlite"] as const)("break-glass, on %s", (kind) => {
  let lab: IdentityLab;
  let grace: LabPerson;
  let heidi: LabPerson;
  let erin: LabPerson;
  let sheets: readonly [Sheet, Sheet];
  beforeEach(async () => {
    lab = await openIdentityLab(kind);
    grace = await lab.bootstrap();
    heidi = await lab.add(grace, "heidi", { power: "security" });
    erin = await lab.add(grace, "erin", { power: "system" });
    sheets = await seal();
  });
  afterEach(() => lab.close());

  const seal = async (): Promise<readonly [Sheet, Sheet]> => {
    const by = await lab.onPage(grace);
    const proposal = must(await lab.proposals.proposeSeal(by, { reason: "the yearly sealing" }));
    const theirs = await lab.confirm(proposal);
    const { secret } = must(await lab.proposals.collect(await lab.onPage(grace), proposal.id));
    return [JSON.parse(secret) as Sheet, JSON.parse(theirs ?? "") as Sheet];
  };
  const half = (sheet: Sheet, power: Power, nth = 0): string =>
    sheet.codes.filter((one) => one.power === power)[nth]?.code ?? "";
  const both = (power: Power, [one, two] = sheets, nth = 0): readonly [string, string] => [
    half(one, power, nth),
    half(two, power, nth),
  ];
  const open = (power: Power, halves: readonly [string, string], login = "newcomer", from = "10.0.0.7") =>
    lab.proposals.breakGlass({ power, halves, login, displayName: login, locale: "en", sourceAddress: from });

  test("each of the two has one half of each power's code; nothing of a code is kept", async () => {
    const [one, two] = sheets;
    expect([one.half, two.half]).toEqual([1, 2]);
    expect(one.codes.map((code) => code.power)).toEqual(["system", "security", "security", "audit"]);
    expect(one.codes.map((code) => code.code)).not.toEqual(two.codes.map((code) => code.code));
    const kept = JSON.stringify([
      await lab.database.read.breakGlassSeals.find({}),
      await lab.database.read.settings.find({}),
      await lab.database.read.audit.find({}, { limit: 1000 }),
    ]);
    for (const { code } of [...one.codes, ...two.codes]) {
      expect(kept).not.toContain(code);
      expect(kept).not.toContain(code.replaceAll("-", ""));
    }
  });

  test("the proposer fetches his half once, and nobody else does", async () => {
    const by = await lab.onPage(grace);
    const proposal = must(await lab.proposals.proposeSeal(by, { reason: "the yearly sealing" }));
    expect(await lab.proposals.collect(await lab.onPage(grace), proposal.id)).toMatchObject({ code: "not-found" });
    await lab.confirm(proposal);
    expect(await lab.proposals.collect(await lab.onPage(heidi), proposal.id)).toMatchObject({ code: "not-found" });
    expect(await lab.proposals.collect(await lab.signIn(grace), proposal.id)).toMatchObject({ code: "step-up-needed" });
    must(await lab.proposals.collect(await lab.onPage(grace), proposal.id));
    expect(await lab.proposals.collect(await lab.onPage(grace), proposal.id)).toMatchObject({ code: "not-found" });
  });

  test("what nobody fetched within the hour is gone", async () => {
    const proposal = must(await lab.proposals.proposeSeal(await lab.onPage(grace), { reason: "sealing anew" }));
    await lab.confirm(proposal);
    lab.pass(3_600_000);
    expect(await lab.proposals.collect(await lab.onPage(grace), proposal.id)).toMatchObject({ code: "not-found" });
  });

  test("opens at once when nobody of the power can act, once, and the new one enrols", async () => {
    // Nobody was ever given the audit power.
    const answer = must(await open("audit", both("audit")));
    if (!("enrolmentToken" in answer)) throw new Error("it did not open");
    expect(await open("audit", both("audit"), "second")).toEqual({ ok: false, code: "sign-in-refused" });
    const person = await lab.enrol(answer.enrolmentToken);
    const actor = await lab.signIn(person);
    expect(actor).toMatchObject({ power: "audit", roles: [] });
    expect(await lab.database.read.powers.get(person.id)).toMatchObject({
      grantedBy: grace.id,
      confirmedBy: heidi.id,
    });
    expect((await lab.database.read.people.get(person.id))?.createdBy).toBeNull();
    const [event] = await lab.database.read.audit.find({ verb: "break-glass.opened" });
    expect(event?.leaf).toContain('"decidedBy":"nobody-able"');
    const granted = await lab.database.read.audit.find({ verb: "power.granted", objectId: person.id });
    expect(granted[0]?.leaf).toContain('"decidedBy":"break-glass"');
    const [alert] = await lab.database.read.alerts.find({ kind: "break-glass" });
    expect(alert).toMatchObject({ state: "open", subject: "power:audit" });
  });

  test("opens where the clock goes on meanwhile and neither of the two who sealed it can act any more", async () => {
    const ivan = await lab.add(grace, "ivan", { power: "security" });
    const by = await lab.signIn(ivan);
    for (const { id } of [grace, heidi]) must(await lab.people.change(by, id, { state: "disabled" }));
    let now = lab.now();
    const clock = { ...lab.deps.clock, now: () => (now += 1) };
    const input = { power: "audit", halves: both("audit"), displayName: "N", locale: "en" } as const;
    const late = bindProposals({ ...lab.deps, clock });
    const answer = must(await late.breakGlass({ ...input, login: "newcomer", sourceAddress: "10.0.0.7" }));
    expect(answer).toHaveProperty("enrolmentToken");
  });

  test("with all security administrators lost its two codes make two, who are enough for everything", async () => {
    for (const nth of [0, 1]) must(await open("security", both("security", sheets, nth), `early-${String(nth)}`));
    lab.pass(24 * 3_600_000);
    const newcomers: LabPerson[] = [];
    for (const nth of [0, 1]) {
      const answer = must(await open("security", both("security", sheets, nth), `new-${"ab"[nth] ?? ""}`));
      if (!("enrolmentToken" in answer)) throw new Error("it did not open");
      newcomers.push(await lab.enrol(answer.enrolmentToken));
    }
    const [one, two] = newcomers as [LabPerson, LabPerson];
    const proposal = must(await lab.proposals.proposeSeal(await lab.signIn(one), { reason: "sealing anew" }));
    must(await lab.proposals.confirm(await lab.onPage(two), proposal.id, proposal.digest));
    expect(await open("security", [half(sheets[0], "security", 0), half(sheets[1], "security", 1)])).toMatchObject({
      code: "sign-in-refused",
    });
  });

  test("one no voids both codes of security that were shown, and no other", async () => {
    for (const nth of [0, 1]) must(await open("security", both("security", sheets, nth)));
    must(await open("system", both("system")));
    must(await lab.proposals.refuseBreakGlass(await lab.signIn(heidi), "security"));
    lab.pass(25 * 3_600_000);
    for (const nth of [0, 1])
      expect(await open("security", both("security", sheets, nth))).toMatchObject({ code: "sign-in-refused" });
    must(await open("system", both("system")));
  });

  test("who comes by a provider's word alone is someone of the power, too", async () => {
    const rows = createRows(lab.deps.ids);
    const unitId = (await lab.database.read.people.get(grace.id))?.unitId as never;
    const guest = rows.person({
      unitId,
      passwordAt: "oidc",
      passwordHash: null,
      totpSealed: null,
      totpEnrolledAt: null,
    });
    const named = { grantedBy: grace.id, confirmedBy: heidi.id };
    await lab.database.write(async (tx) => {
      await tx.people.insert(guest);
      await tx.powers.insert(rows.power(guest, "audit", named));
    });
    expect(must(await open("audit", both("audit")))).toEqual({ opensAt: lab.now() + 24 * 3_600_000 });
  });

  test("while someone of the power can act it waits a day, calls them, and then opens once", async () => {
    const first = must(await open("system", both("system")));
    expect(first).toEqual({ opensAt: lab.now() + 24 * 3_600_000 });
    lab.pass(23 * 3_600_000);
    expect(must(await open("system", both("system")))).toEqual(first);
    expect(must(await lab.proposals.seals(await lab.signIn(grace)))).toContainEqual(
      expect.objectContaining({ power: "system", shownAt: expect.any(Number) as number }),
    );
    lab.pass(3_600_000);
    const answer = must(await open("system", both("system")));
    if (!("enrolmentToken" in answer)) throw new Error("it did not open");
    await lab.enrol(answer.enrolmentToken);
    expect(await open("system", both("system"), "third")).toEqual({ ok: false, code: "sign-in-refused" });
    expect((await lab.verbs()).filter((verb) => verb === "break-glass.shown")).toHaveLength(1);
    expect(await lab.database.read.alerts.count({ kind: "break-glass" })).toBe(1);
  });

  test("any of that power refuses it within the day, and the envelope is worth nothing; others do not", async () => {
    expect(await lab.proposals.refuseBreakGlass(await lab.signIn(erin), "system")).toMatchObject({ code: "not-found" });
    must(await open("system", both("system")));
    expect(await lab.proposals.refuseBreakGlass(await lab.signIn(grace), "system")).toMatchObject({
      code: "forbidden",
    });
    must(await lab.proposals.refuseBreakGlass(await lab.signIn(erin), "system"));
    lab.pass(25 * 3_600_000);
    expect(await open("system", both("system"))).toEqual({ ok: false, code: "sign-in-refused" });
    expect(await lab.database.read.people.count({ login: "newcomer" })).toBe(0);
  });

  test("new envelopes void the old ones, and halves of two sealings make none", async () => {
    const again = await seal();
    expect(await open("audit", both("audit"))).toEqual({ ok: false, code: "sign-in-refused" });
    expect(await open("audit", [half(sheets[0], "audit"), half(again[1], "audit")])).toMatchObject({ ok: false });
    must(await open("audit", both("audit", again)));
  });

  test("wrong halves, of whatever sort, are answered alike, logged, and few", async () => {
    const code = newCode("system").halves;
    const wrong: (readonly [string, string])[] = [
      code,
      [half(sheets[0], "system"), code[1]],
      ["x", "y"],
      both("audit"),
    ];
    for (const halves of wrong) expect(await open("system", halves)).toEqual({ ok: false, code: "sign-in-refused" });
    expect((await lab.verbs()).filter((verb) => verb === "break-glass.refused")).toHaveLength(wrong.length);
    let last: unknown;
    for (let tries = 0; tries < 40; tries += 1) last = await open("system", ["x", "y"]);
    expect(last).toMatchObject({ code: "too-many-tries" });
    expect((await lab.verbs()).filter((verb) => verb === "break-glass.refused").length).toBeLessThan(40);
    must(await open("system", both("system"), "newcomer", "10.0.0.8"));
  });

  test("two who open the same envelope at once make one person", async () => {
    // Nobody was ever given the audit power.
    const outcomes = await Promise.all([
      open("audit", both("audit"), "first"),
      open("audit", both("audit"), "second", "10.0.0.8"),
    ]);
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
    expect(await lab.database.read.powers.count({ power: "audit" })).toBe(1);
  });

  test("a login that is taken uses nothing up", async () => {
    expect(await open("audit", both("audit"), "erin")).toMatchObject({ code: "conflict", field: "login" });
    expect(await open("audit", both("audit"), "no@good")).toMatchObject({ code: "invalid-input", field: "login" });
    must(await open("audit", both("audit")));
  });
});
