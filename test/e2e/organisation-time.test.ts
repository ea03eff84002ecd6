/**
 * What time and leaving take away, on a clock that is moved: a contract's last day passes or a sponsor leaves while his
 * contractor works, a review is not answered in time, a password is overdue, and an account is used by nobody.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api } from "../support/gatehouse.js";
import {
  everyItem,
  inAMinute,
  startOrganisation,
  told,
  type Member,
  type Organisation,
  type Target,
} from "../support/organisation.js";
import { startPostgres, type TestPostgres } from "../support/postgres.js";

const DAY_MS = 86_400_000;
const ZONE = "Asia/Shanghai";

interface Staff {
  readonly org: Organisation;
  readonly first: Member;
  readonly second: Member;
  readonly system: Member;
  readonly auditor: Member;
  readonly superior: Member;
  readonly approver: Member;
  readonly unitId: string;
  readonly target: Target;
}

/** A Chinese installation with all that it takes to open something. */
async function staffed(env: Record<string, string>): Promise<Staff> {
  const org = await startOrganisation({ GATEHOUSE_TIME_ZONE: ZONE, ...env });
  const first = await org.bootstrap("first", "zh-CN");
  const second = await org.add(first, { login: "second", power: "security" });
  const system = await org.add(first, { login: "system", power: "system" }, second);
  const auditor = await org.add(first, { login: "auditor", power: "audit" }, second);
  const superior = await org.add(first, { login: "superior", roles: ["confirmer"] }, second);
  const approver = await org.add(first, { login: "approver", roles: ["approver"] }, second);
  const { items } = await first.api.call("GET", "/units");
  return {
    org,
    first,
    second,
    system,
    auditor,
    superior,
    approver,
    unitId: items[0].id,
    target: await org.target(system, "ledger"),
  };
}

/** The date in the installation's zone. */
const dateOf = (at: number): string => new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE }).format(at);

interface Contract {
  readonly id: string;
  readonly toAt: number;
}

/** A vendor, a contract until the day named, and its one operator with a sponsor of his own. */
async function contractor(
  { org, first, approver, unitId }: Staff,
  login: string,
  toDate: string,
  targets: readonly Target[],
): Promise<{ readonly contract: Contract; readonly sponsor: Member; readonly operator: Member }> {
  const sponsor = await org.add(first, { login: `${login}-sponsor` });
  const vendor = await first.api.call("POST", "/vendors", {
    ...{ unitId, name: `Fitters for ${login}`, registrationNumber: null, parentId: null },
  });
  const contract = await first.api.call<Contract>("POST", "/contracts", {
    ...{ unitId, vendorId: vendor.id, number: `${login}-1`, title: "Works", ownerId: approver.id },
    scope: { assetIds: targets.map(({ assetId }) => assetId), accountIds: [], actions: ["ssh.shell", "ssh.exec"] },
    fromDate: dateOf(org.clock.now()),
    toDate,
  });
  const operator = await org.add(first, {
    ...{ login, roles: ["operator"], vendorId: vendor.id, contractId: contract.id, sponsorId: sponsor.id },
    identityNumber: `ID000${String(Math.random()).slice(2, 10)}`,
  });
  return { contract, sponsor, operator };
}

interface Held {
  readonly id: string;
  readonly endedAt: number | null;
  readonly accountId: string;
}
const entitlements = ({ first }: Pick<Staff, "first">, person: Member): Promise<readonly Held[]> =>
  everyItem<Held>(first.api, `/entitlements?personId=${person.id}`);

async function liveGrants({ auditor }: Pick<Staff, "auditor">, person: Member): Promise<readonly { to: number }[]> {
  const grants = await everyItem<{ personId: string; to: number }>(auditor.api, "/grants?live=true");
  return grants.filter(({ personId }) => personId === person.id);
}

describe.each(["sqlite", "postgres"] as const)("while a contractor works, on %s", (database) => {
  let postgres: TestPostgres | undefined;
  let staff: Staff;
  beforeAll(async () => {
    postgres = database === "postgres" ? await startPostgres() : undefined;
    staff = await staffed(postgres === undefined ? {} : { GATEHOUSE_DATABASE_URL: postgres.url });
  });
  afterAll(async () => {
    await staff?.org.stop();
    await postgres?.stop();
  });

  test("his sponsor leaves: his session is over within two seconds, and he holds nothing more", async () => {
    const { org, first, auditor, approver, target } = staff;
    const toDate = dateOf(org.clock.now() + 200 * DAY_MS);
    const { operator, sponsor } = await contractor(staff, "orphan", toDate, [target]);
    await org.grant({ operator, security: first, approver }, target);
    const running = await org.keepRunning(operator, target);
    const ending = await first.api.call("GET", `/people/${sponsor.id}/ending`);
    expect(ending.sponsored).toMatchObject([{ login: "orphan" }]);
    expect(ending.sessions).toMatchObject([{ login: "orphan", asset: "ledger" }]);
    const at = org.clock.now();
    await first.api.call("POST", `/people/${sponsor.id}/departure`, { reason: "a new post" });
    expect((await running.over) - at).toBeLessThan(2_000);
    expect((await entitlements(staff, operator)).map(({ endedAt }) => endedAt === null)).toEqual([false]);
    expect(await liveGrants(staff, operator)).toEqual([]);
    expect((await first.api.call("GET", `/people/${operator.id}`)).state).toBe("active");
    expect((await told(auditor, "person.left")).map(({ objectId }) => objectId)).toEqual([sponsor.id]);
    const again = { personId: operator.id, accountId: target.accountId, actions: ["ssh.shell"], to: null };
    const refused = await first.api.raw("POST", "/entitlements", again);
    expect(((await refused.json()) as { code: string }).code).toBe("not-under-contract");
  });

  test("the contract's last day passes: his session is over within two seconds, with the grant and the entitlement", async () => {
    const { org, target } = staff;
    const { contract, operator } = await contractor(staff, "guest", dateOf(org.clock.now() + DAY_MS), [target]);
    await org.clock.move(contract.toAt - org.clock.now() - 20_000);
    const [first, approver, auditor, guest] = await Promise.all(
      [staff.first, staff.approver, staff.auditor, operator].map((one) => org.again(one)),
    );
    if (first === undefined || approver === undefined || auditor === undefined || guest === undefined) return;
    await org.grant({ operator: guest, security: first, approver }, target);
    expect((await liveGrants({ auditor }, guest)).map(({ to }) => to)).toEqual([contract.toAt]);
    const running = await org.keepRunning(guest, target);
    const over = await running.over;
    expect(over - contract.toAt).toBeLessThan(2_000);
    expect(over).toBeGreaterThanOrEqual(contract.toAt - 50);
    const [ended] = await inAMinute("the contract to end", async () => {
      const rows = await told(auditor, "contract.ended");
      return rows.length > 0 ? rows : false;
    });
    expect([ended?.objectId, ended?.actorId]).toEqual([contract.id, null]);
    expect(await first.api.call("GET", `/contracts/${contract.id}`)).toMatchObject({ state: "ended" });
    expect((await entitlements({ first }, guest)).map(({ endedAt }) => endedAt === null)).toEqual([false]);
    expect(await liveGrants({ auditor }, guest)).toEqual([]);
    expect((await org.ssh(guest, target, "echo still")).stdout.toString()).toBe("");
  });
});

describe("a quarter of a year later", { timeout: 400_000 }, () => {
  let staff: Staff;
  let archive: Target;
  let kept: Awaited<ReturnType<typeof contractor>>;
  let sleeper: Member;
  beforeAll(async () => {
    staff = await staffed({});
    const { org, first } = staff;
    archive = await org.target(staff.system, "archive");
    const toDate = dateOf(org.clock.now() + 300 * DAY_MS);
    kept = await contractor(staff, "keeper", toDate, [staff.target, archive]);
    for (const { accountId } of [staff.target, archive])
      await first.api.call("POST", "/entitlements", {
        ...{ personId: kept.operator.id, accountId, actions: ["ssh.shell"], to: null },
      });
    sleeper = await org.add(first, { login: "sleeper", roles: ["operator"] });
  });
  afterAll(() => staff?.org.stop());

  /** The same person with another password and a new page session. */
  async function renewed(member: Member): Promise<Member> {
    const { api } = await staff.org.again(member);
    const password = `Steady-${member.password}`;
    await api.call("POST", "/me/password", {
      ...{ current: member.password, next: password, code: await staff.org.code(member) },
    });
    return staff.org.again({ ...member, password });
  }

  test("an account that nobody used is disabled, those in use are not; an overdue password opens nothing but its change", async () => {
    const { org } = staff;
    await org.clock.move(89 * DAY_MS);
    const { second, system, superior, approver, auditor, first } = staff;
    for (const one of [second, system, superior, approver]) await renewed(one);
    staff = { ...staff, first: await renewed(first), auditor: await renewed(auditor) };
    kept = { ...kept, sponsor: await renewed(kept.sponsor), operator: await org.again(kept.operator) };
    await org.clock.move(2 * DAY_MS);
    staff = { ...staff, first: await org.again(staff.first), auditor: await org.again(staff.auditor) };
    const state = async ({ id }: Member): Promise<string> =>
      (await staff.first.api.call("GET", `/people/${id}`)).state as string;
    await inAMinute("the sleeper to be disabled", async () => (await state(sleeper)) === "disabled");
    expect((await told(staff.auditor, "person.dormant")).map(({ objectId }) => objectId)).toEqual([sleeper.id]);
    const refused = await new Api(org.house.http).raw("POST", "/auth/session", {
      ...{ login: sleeper.login, password: sleeper.password, code: await org.code(sleeper) },
    });
    expect(((await refused.json()) as { code: string }).code).toBe("sign-in-refused");

    const overdue = await org.again(kept.operator);
    expect((await overdue.api.call("GET", "/me")).mustChangePassword).toBe(true);
    const closed = await overdue.api.raw("GET", "/me/access");
    expect(((await closed.json()) as { code: string }).code).toBe("password-expired");
    kept = { ...kept, operator: await renewed(kept.operator) };
    expect((await kept.operator.api.call("GET", "/me/access")).items).toHaveLength(2);
  });

  test("the sponsor is asked for each person and entitlement; what he does not confirm in time lapses, the rest stands", async () => {
    const { org } = staff;
    interface Line {
      readonly id: string;
      readonly entitlement: { readonly assetName: string } | null;
    }
    const sponsor = await org.again(kept.sponsor);
    const lines = await inAMinute("the review", async () => {
      const open = await everyItem<Line>(sponsor.api, "/reviews?view=mine&state=open");
      return open.length === 3 ? open : false;
    });
    const about = lines.map(({ entitlement }) => entitlement?.assetName ?? "himself");
    expect(about.sort()).toEqual(["archive", "himself", "ledger"]);
    await inAMinute("the reminder", async () => {
      const { items } = await staff.auditor.api.call("GET", "/alerts?open=true&limit=200");
      return items.some((one: { kind: string; subject: string }) => one.subject === `person:${sponsor.id}`);
    });
    for (const { id, entitlement } of lines)
      if (entitlement?.assetName !== "archive")
        await sponsor.api.call("POST", `/reviews/${id}/decision`, { keep: true });
    await org.clock.move(15 * DAY_MS);
    staff = { ...staff, first: await org.again(staff.first), auditor: await org.again(staff.auditor) };
    const standing = async (): Promise<readonly string[]> =>
      (await entitlements(staff, kept.operator)).filter((one) => one.endedAt === null).map((one) => one.accountId);
    await inAMinute("the entitlement to lapse", async () => (await standing()).length < 2);
    expect(await standing()).toEqual([staff.target.accountId]);
    const lapsed = await told(staff.auditor, "review.lapsed");
    expect(lapsed.map(({ detail }) => [detail["personId"], detail["sponsorId"]])).toEqual([
      [kept.operator.id, sponsor.id],
    ]);
    expect((await staff.first.api.call("GET", `/people/${kept.operator.id}`)).state).toBe("active");
    const own = await org.again(kept.operator);
    const { items } = await own.api.call("GET", "/me/access");
    expect(items.map((one: { assetName: string }) => one.assetName)).toEqual(["ledger"]);
  });
});
