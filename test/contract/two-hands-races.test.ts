/** Two at once about one enrolment link, over both real databases: what one hand let in is never left beside weight, and each part goes out once. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ProposalView } from "../../gateway/broker/index.js";
import type { PersonId } from "../../gateway/domain/index.js";
import { must, openIdentityLab, type IdentityLab, type LabPerson } from "../support/identity-lab.js";
import { startPostgres, type TestPostgres } from "../support/postgres.js";

const REASON = "the third of the night watch";
const DAY_MS = 24 * 3_600_000;

describe.each(["SQLite", "PostgreSQL"] as const)("two at once about a link, on %s", (name) => {
  let server: TestPostgres | undefined;
  let lab: IdentityLab;
  let grace: LabPerson;
  let heidi: LabPerson;
  let ivan: LabPerson;
  beforeAll(async () => {
    server = name === "PostgreSQL" ? await startPostgres() : undefined;
    lab = await openIdentityLab(server === undefined ? "sqlite" : { url: server.url });
    grace = await lab.bootstrap();
    heidi = await lab.add(grace, "heidi", { power: "security" });
    ivan = await lab.add(grace, "ivan", { power: "security" });
    lab.pass(DAY_MS);
  });
  afterAll(async () => {
    await lab?.close();
    await server?.stop();
  });
  afterEach(() => lab.pass(DAY_MS));

  const give = async (id: PersonId, change: object): Promise<ProposalView> =>
    must(await lab.people.change(await lab.signIn(grace), id, { ...change, reason: REASON })).proposal!;
  const make = async (login: string) => {
    const input = { login, displayName: login, locale: "en", power: null, roles: [] } as const;
    return must(await lab.people.create(await lab.signIn(grace), input));
  };

  it("lets one of two who confirm do it, and shows one of them a second part", async () => {
    const { person } = await make("april");
    const { id, digest } = await give(person.id, { roles: ["approver"] });
    const both = [await lab.onPage(heidi), await lab.onPage(ivan)];
    const answers = await Promise.all(both.map((one) => lab.proposals.confirm(one, id, digest)));
    expect(answers.map((one) => (one.ok ? one.value.secret !== null : one.code)).sort()).toEqual([
      "already-decided",
      true,
    ]);
    expect(await lab.database.read.audit.find({ verb: "person.link-parted", objectId: person.id })).toHaveLength(1);
    const page = await lab.onPage(grace);
    const parts = await Promise.all([1, 2, 3].map(() => lab.proposals.collect(page, id)));
    expect(parts.filter((one) => one.ok)).toHaveLength(1);
  });

  it("leaves no factors of one hand beside weight that enrol while it is confirmed", async () => {
    for (const login of ["mint-a", "mint-b", "mint-c", "mint-d"]) {
      const { person, enrolmentToken } = await make(login);
      const { id, digest } = await give(person.id, { power: "audit" });
      const page = await lab.onPage(heidi);
      const thief = lab.enrol(enrolmentToken ?? "").catch(() => undefined);
      const confirmed = must(await lab.proposals.confirm(page, id, digest));
      await thief;
      expect(confirmed.secret).not.toBeNull();
      expect(await lab.database.read.people.get(person.id)).toMatchObject({
        passwordHash: null,
        totpEnrolledAt: null,
      });
      const { secret } = must(await lab.proposals.collect(await lab.onPage(grace), id));
      await lab.enrol({ token: secret, secondPart: confirmed.secret ?? "" });
    }
  });

  it("gives nothing to who is disabled, leaves or is reset at that moment, or gives it first and whole", async () => {
    for (const [login, act] of [
      ["gone-a", "disable"],
      ["gone-b", "leave"],
      ["gone-c", "reset"],
    ] as const) {
      const { person } = await make(login);
      const { id, digest } = await give(person.id, { roles: ["approver"] });
      const page = await lab.onPage(heidi);
      const by = await lab.signIn(ivan);
      const [confirmed] = await Promise.all([
        lab.proposals.confirm(page, id, digest),
        act === "reset"
          ? lab.people.resetFactors(by, person.id, REASON)
          : lab.people.change(by, person.id, { state: act === "disable" ? "disabled" : "retired" }),
      ]);
      const row = await lab.database.read.people.get(person.id);
      const roles = await lab.database.read.roles.count({ personId: person.id });
      expect(roles, login).toBe(confirmed.ok ? 1 : 0);
      if (row?.state !== "active") expect(row?.enrolmentHash, login).toBeNull();
      const { secret } = confirmed.ok ? must(await lab.proposals.collect(await lab.onPage(grace), id)) : { secret: "" };
      const link = { token: secret, secondPart: confirmed.ok ? (confirmed.value.secret ?? "") : "" };
      const opened = await lab.identity.beginEnrolment({ ...link, sourceAddress: "10.0.0.1" });
      expect(opened.ok, login).toBe(confirmed.ok && row?.state === "active");
    }
  });
});
