/**
 * A real organisation from its first link on, on both databases: one makes the second alone, then two give every power; no real
 * asset opens before there are enough; a confirmer is the second person; the last of a power stays; sealed halves open once.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api } from "../support/gatehouse.js";
import {
  everyItem,
  startOrganisation,
  told,
  type Made,
  type Member,
  type Organisation,
} from "../support/organisation.js";
import { startPostgres, type TestPostgres } from "../support/postgres.js";

const DAY_MS = 86_400_000;

interface Proposal {
  readonly id: string;
  readonly digest: string;
  readonly state: string;
  readonly confirmable: { readonly ok: boolean; readonly code?: string };
}
const NONE = { id: "", digest: "" };
interface Sheet {
  readonly half: number;
  readonly codes: readonly { readonly power: string; readonly code: string }[];
}

async function answerOf(response: Response): Promise<{ status: number; code: string; field?: string }> {
  const body = response.status === 204 ? {} : ((await response.json()) as { code?: string; field?: string });
  return { status: response.status, code: "ok", ...body };
}

describe.each(["sqlite", "postgres"] as const)("an organisation, on %s", (database) => {
  let postgres: TestPostgres | undefined;
  let org: Organisation;
  let first: Member;
  let second: Member;
  let system: Member;
  let auditor: Member;
  let confirmer: Member;
  const people: Partial<Record<"operator" | "approver", Member>> = {};

  beforeAll(async () => {
    postgres = database === "postgres" ? await startPostgres() : undefined;
    org = await startOrganisation(postgres === undefined ? {} : { GATEHOUSE_DATABASE_URL: postgres.url });
  });
  afterAll(async () => {
    await org?.stop();
    await postgres?.stop();
  });

  const confirm = async (by: Member, { id, digest }: Pick<Proposal, "id" | "digest">) =>
    answerOf(await by.api.raw("POST", `/proposals/${id}/confirmation`, { digest }));
  const patch = (by: Member, id: string, change: unknown) => by.api.raw("PATCH", `/people/${id}`, change);
  const installation = () => new Api(org.house.http).call("GET", "/auth/installation");

  test("the first security administrator makes the second alone", async () => {
    first = await org.bootstrap("first", "en");
    const made = await org.make(first, { login: "second", power: "security" });
    expect([made.person.power, made.proposal]).toEqual(["security", null]);
    second = await org.enrol(made);
    expect(await installation()).toMatchObject({ hasPeople: true, bootstrap: true, demo: false });
  });

  test("from then on a power is only proposed: not by one, not with another content, not by whom it is about", async () => {
    const made = await org.make(first, { login: "system", power: "system" });
    expect(made.person.power).toBeNull();
    const proposal = made.proposal ?? NONE;
    expect(await confirm(first, proposal)).toMatchObject({ status: 403, code: "needs-second-person" });
    expect(await confirm(second, { ...proposal, digest: "0".repeat(64) })).toMatchObject({ code: "stale" });
    expect((await first.api.call("GET", `/people/${made.person.id}`)).power).toBeNull();
    expect(made.enrolmentToken).toBeNull();
    const parts = await org.agree(first, second, proposal);
    expect(await confirm(second, proposal)).toMatchObject({ code: "already-decided" });
    expect((await first.api.call("GET", `/people/${made.person.id}`)).power).toBe("system");
    // What either of the two holds opens nothing, and the answer is that of a link that never was.
    const begin = (link: unknown) => new Api(org.house.http).raw("POST", "/auth/enrolment", link);
    const { enrolmentToken: token, secondPart } = parts;
    for (const link of [{ token }, { token: token?.slice(2) }, { token, secondPart: "0000-0000-0000-0000" }])
      expect(await answerOf(await begin(link))).toMatchObject({ status: 410, code: "enrolment-expired" });
    expect(await answerOf(await begin({ token: `2.${"A".repeat(43)}`, secondPart }))).toMatchObject({ status: 410 });
    system = await org.enrol({ ...made, ...parts });
    const own = await answerOf(await patch(second, second.id, { power: "audit", reason: "for myself" }));
    expect(own.code).toBe("forbidden");
    const about = await (await patch(first, second.id, { power: "system", reason: "a change" })).json();
    expect(await confirm(second, about.proposal)).toMatchObject({ code: "own-request" });
    await first.api.call("POST", `/proposals/${about.proposal.id}/withdrawal`);
  });

  test("nobody ever held the audit power: both sealed halves open it at once, once, and an alert stands", async () => {
    const proposal = await first.api.call<Proposal>("POST", "/break-glass/seals", { reason: "the first sealing" });
    expect(await confirm(first, proposal)).toMatchObject({ code: "needs-second-person" });
    const { secret } = await second.api.call("POST", `/proposals/${proposal.id}/confirmation`, {
      digest: proposal.digest,
    });
    const kept = await first.api.call("POST", `/proposals/${proposal.id}/secret`);
    const sheets = [JSON.parse(kept.secret as string), JSON.parse(secret as string)] as [Sheet, Sheet];
    expect(sheets.map(({ half }) => half)).toEqual([1, 2]);
    const halves = (power: string) => sheets.map(({ codes }) => codes.find((one) => one.power === power)?.code ?? "");
    const open = async (login: string, power: string, given = halves(power)) => {
      const who = { power, halves: given, login, displayName: `Person ${login}`, locale: "en" };
      return new Api(org.house.http).raw("POST", "/break-glass", who);
    };
    const [one = ""] = halves("audit");
    expect(await answerOf(await open("nobody", "audit", [one, one]))).toMatchObject({ code: "sign-in-refused" });
    expect(await answerOf(await open("nobody", "audit", halves("system")))).toMatchObject({ code: "sign-in-refused" });
    const { enrolmentToken } = (await (await open("auditor", "audit")).json()) as { enrolmentToken: string };
    expect(await answerOf(await open("another", "audit"))).toMatchObject({ code: "sign-in-refused" });
    auditor = await org.enrol({ person: { id: "", login: "auditor", power: "audit" }, enrolmentToken, proposal: null });
    auditor = { ...auditor, id: (await auditor.api.call("GET", "/me")).id };
    const alerts = await auditor.api.call("GET", "/alerts?open=true");
    expect(alerts.items).toContainEqual(expect.objectContaining({ kind: "break-glass", subject: "power:audit" }));

    // While someone of the power can still act it waits a day, and then opens once.
    const waiting = (await (await open("relief", "system")).json()) as { opensAt: number };
    expect(waiting.opensAt - org.clock.now()).toBeGreaterThan(DAY_MS - 60_000);
    expect(await answerOf(await open("relief", "system"))).toMatchObject({ opensAt: waiting.opensAt });
    await org.clock.move(DAY_MS + 1000);
    const late = (await (await open("relief", "system")).json()) as { enrolmentToken: string };
    expect(late.enrolmentToken).toBeTypeOf("string");
    expect(await answerOf(await open("relief2", "system"))).toMatchObject({ code: "sign-in-refused" });
    [first, second, system, auditor] = (await Promise.all(
      [first, second, system, auditor].map((one) => org.again(one)),
    )) as [Member, Member, Member, Member];
    const opened = await told(auditor, "break-glass.opened");
    expect(opened.map(({ detail }) => [detail["power"], detail["sealedBy"], detail["confirmedBy"]])).toEqual([
      ["audit", first.id, second.id],
      ["system", first.id, second.id],
    ]);
    const relief = (await everyItem<{ id: string; login: string }>(first.api, "/people")).find(
      ({ login }) => login === "relief",
    );
    await first.api.call("PATCH", `/people/${relief?.id ?? ""}`, { state: "disabled" });
  });

  test("both stand in the log by name, with the power that they gave", async () => {
    const confirmed = await told(auditor, "proposal.confirmed");
    expect(confirmed[0]?.detail).toMatchObject({
      kind: "person.rights",
      subject: `person:${system.id}`,
      proposedByLogin: "first",
      confirmedByLogin: "second",
    });
    expect(await told(auditor, "power.granted")).toContainEqual(
      expect.objectContaining({
        objectId: system.id,
        detail: expect.objectContaining({ power: "system", proposedBy: first.id, confirmedBy: second.id }) as unknown,
      }),
    );
  });

  test("no real asset opens while a power has but one; one and a confirmer of the superior unit are enough, or two of each", async () => {
    const operator = await org.add(first, { login: "operator", roles: ["operator"] });
    const approver = await org.add(first, { login: "approver", roles: ["approver"] }, second);
    Object.assign(people, { operator, approver });
    const target = await org.target(system, "ledger");
    await org.grant({ operator, security: first, approver }, target);
    const closed = await org.ssh(operator, target, "echo open");
    expect(closed.stdout.toString()).toBe("");
    expect(closed.stderr).toContain("the installation is not complete");
    expect((await installation()).bootstrap).toBe(true);

    confirmer = await org.add(first, { login: "superior", roles: ["confirmer"] }, second);
    expect((await installation()).bootstrap).toBe(false);
    expect((await org.ssh(operator, target, "echo open")).stdout.toString()).toBe("open\n");

    await first.api.call("PATCH", `/people/${confirmer.id}`, { state: "disabled" });
    expect((await org.ssh(operator, target, "echo open")).stderr).toContain("the installation is not complete");
    for (const power of ["system", "audit"] as const) await org.add(first, { login: `${power}-2`, power }, second);
    expect((await org.ssh(operator, target, "echo open")).stdout.toString()).toBe("open\n");
    expect((await installation()).bootstrap).toBe(false);
  });

  test("to make a confirmer active again takes two; he then confirms what one proposed, and proposes nothing himself", async () => {
    const back = await (await patch(first, confirmer.id, { state: "active", reason: "back again" })).json();
    expect(back.person.state).toBe("disabled");
    expect(await confirm(second, back.proposal)).toMatchObject({ status: 200 });
    confirmer = await org.again(confirmer);
    const [hers, asked] = [
      await org.make(first, { login: "approver-2", roles: ["approver"] }),
      await org.make(second, { login: "approver-3", roles: ["approver"] }),
    ];
    const proposals = await everyItem<Proposal>(confirmer.api, "/proposals?state=pending");
    const seen = (made: Made): Proposal | undefined => proposals.find(({ id }) => id === made.proposal?.id);
    // She gave him his way in: for a day he is not her second person.
    expect(seen(hers)?.confirmable).toEqual({ ok: false, code: "approves-later" });
    expect(await confirm(confirmer, hers.proposal ?? NONE)).toMatchObject({ code: "approves-later" });
    expect(seen(asked)?.confirmable).toEqual({ ok: true });
    expect(await confirm(confirmer, asked.proposal ?? NONE)).toMatchObject({ status: 200 });
    expect((await told(auditor, "proposal.confirmed")).at(-1)?.detail).toMatchObject({
      proposedByLogin: "second",
      confirmedByLogin: "superior",
    });
    expect((await confirmer.api.raw("POST", "/people", {})).status).toBe(403);
    expect((await confirmer.api.raw("GET", "/sessions")).status).toBe(403);
    const both = await (await patch(first, confirmer.id, { power: "audit", reason: "both" })).json();
    expect(both.code).toBe("exclusive-powers");
  });

  test("an auditor gets no role and a holder no second power, whoever asks", async () => {
    const role = await (await patch(first, auditor.id, { roles: ["operator"], reason: "a favour" })).json();
    expect(role.code).toBe("exclusive-powers");
    const made = await (
      await first.api.raw("POST", "/people", {
        login: "both",
        displayName: "Person both",
        locale: "en",
        power: "audit",
        roles: ["approver"],
      })
    ).json();
    expect(made.code).toBe("exclusive-powers");
  });

  test("the last of a power can neither be closed, nor leave, nor lose it", async () => {
    const others = await everyItem<{ id: string; login: string }>(first.api, "/people");
    const spare = others.find(({ login }) => login === "audit-2")?.id ?? "";
    await first.api.call("PATCH", `/people/${spare}`, { state: "disabled" });
    expect(await answerOf(await patch(first, auditor.id, { state: "disabled" }))).toMatchObject({
      status: 409,
      code: "last-of-power",
    });
    const reason = "he moved away";
    expect(await answerOf(await first.api.raw("POST", `/people/${auditor.id}/departure`, { reason }))).toMatchObject({
      code: "last-of-power",
    });
    expect((await first.api.call("GET", `/people/${auditor.id}/ending`)).blockedBy).toBe("last-of-power");
    const taken = await (await patch(first, auditor.id, { power: null, reason })).json();
    const refusal = taken.proposal === undefined ? taken : await confirm(second, taken.proposal);
    expect(refusal.code).toBe("last-of-power");
    expect((await auditor.api.call("GET", "/me")).power).toBe("audit");
    expect((await installation()).bootstrap).toBe(false);
  });
});
