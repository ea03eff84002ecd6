/**
 * A real gateway for those who attack the three powers: over SQLite or PostgreSQL, with a real OpenID provider and a real LDAP
 * directory beside it, a SCIM token that two persons agreed on, both halves of each envelope, and a connection of the test's own to the
 * rows. Made before the tests of a suite and gone after them.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataSource } from "typeorm";
import { afterAll, beforeAll, expect } from "vitest";
import { ROOT, startGatehouse, type Api, type Gatehouse } from "./gatehouse.js";
import { startOidcProvider, type TestOidcProvider } from "./oidc-provider.js";
import { startPostgres, type TestPostgres } from "./postgres.js";
import { startSlapd, type TestSlapd } from "./slapd.js";

export const REASON = "the night watch has one too few";
/** The group that is mapped to the operator role. */
export const OPS = "ops";

export type Problem = { readonly code: string; readonly field?: string };
type Row = Readonly<Record<string, string | number | null>>;
type Asked = { readonly id: string; readonly digest: string };

/** To be called within a suite. What is not a function stands from the first test on. */
export function openPowersHouse(kind: "SQLite" | "PostgreSQL") {
  let house: Gatehouse;
  let postgres: TestPostgres | undefined;
  let provider: TestOidcProvider;
  let slapd: TestSlapd;
  let folder: string;
  let policies: string;
  let raw: DataSource;
  let scim: string;
  let given: Record<string, string> = {};
  let withDirectories: Record<string, string>;
  let ids: Map<string, string>;
  let top: string;
  let halves: ReadonlyMap<string, readonly [string, string]>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gatehouse-powers-"));
    policies = join(folder, "policies");
    cpSync(join(ROOT, "policies", "default"), policies, { recursive: true });
    postgres = kind === "PostgreSQL" ? await startPostgres() : undefined;
    provider = await startOidcProvider();
    slapd = await startSlapd();
    given = {
      GATEHOUSE_POLICIES: policies,
      ...(postgres === undefined ? {} : { GATEHOUSE_DATABASE_URL: postgres.url }),
    };
    house = await startGatehouse({ env: given });
    // The provider sends people back to an address that is known only now.
    withDirectories = configured();
    await house.kill("SIGTERM");
    await house.restart(withDirectories);
    raw = await (
      postgres === undefined
        ? new DataSource({ type: "better-sqlite3", database: join(house.data, "gatehouse.db"), timeout: 10_000 })
        : new DataSource({ type: "postgres", url: postgres.url })
    ).initialize();
    ids = new Map(
      (await rows(`SELECT "id", "login" FROM "person"`)).map((row) => [String(row["login"]), String(row["id"])]),
    );
    top = String((await rows(`SELECT "id" FROM "unit" WHERE "parent_id" IS NULL`))[0]?.["id"]);
    const asked = await (
      await house.as("grace")
    ).call("POST", "/directory/scim-tokens", { name: "idm", unitId: top, reason: REASON });
    scim = (await confirmed("heidi", asked.proposalId)).secret as string;
    halves = await sealed();
  });
  afterAll(async () => {
    await raw?.destroy();
    await house?.stop();
    await provider?.stop();
    await slapd?.stop();
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function configured(): Record<string, string> {
    const secretFile = join(folder, "oidc.secret");
    const bindFile = join(folder, "ldap.secret");
    writeFileSync(bindFile, slapd.bindPassword, { mode: 0o600 });
    const client = provider.addClient(`${house.http}/sign-in/oidc`);
    writeFileSync(secretFile, client.clientSecret, { mode: 0o600 });
    return {
      ...given,
      GATEHOUSE_OPERATOR_GROUPS: OPS,
      GATEHOUSE_JUST_IN_TIME: "true",
      GATEHOUSE_DIRECTORY_CHECK_SECONDS: "5",
      GATEHOUSE_OIDC_ISSUER: provider.issuer,
      GATEHOUSE_OIDC_CLIENT_ID: client.clientId,
      GATEHOUSE_OIDC_CLIENT_SECRET_FILE: secretFile,
      GATEHOUSE_OIDC_SECOND_FACTOR: "otp",
      GATEHOUSE_LDAP_URL: slapd.ldapsUrl,
      GATEHOUSE_LDAP_CA_FILE: slapd.caFile,
      GATEHOUSE_LDAP_BIND_DN: slapd.bindDn,
      GATEHOUSE_LDAP_BIND_PASSWORD_FILE: bindFile,
      GATEHOUSE_LDAP_BASE_DN: slapd.baseDn,
    };
  }

  const rows = (sql: string): Promise<Row[]> => raw.query<Row[]>(sql);
  const idOf = (login: string): string => ids.get(login) ?? "";

  /** Everything that says who may what, as the database holds it. */
  async function standing(): Promise<unknown> {
    return {
      powers: await rows(
        `SELECT "id", "power", "unit_id", "granted_by", "confirmed_by" FROM "power_holding" ORDER BY "id"`,
      ),
      weighty: await rows(
        `SELECT "person_id", "role", "unit_id", "granted_by", "confirmed_by" FROM "role_holding" WHERE "role" <> 'operator' ORDER BY "id"`,
      ),
      exclusive: await rows(
        `SELECT r."person_id" FROM "role_holding" r JOIN "power_holding" h ON h."id" = r."person_id" WHERE h."power" = 'audit'`,
      ),
      settled: await rows(`SELECT "id", "value" FROM "setting" WHERE "id" = 'second-person'`),
      policy: await rows(`SELECT "value" FROM "setting" WHERE "id" = 'policy-bundle'`),
      units: await rows(`SELECT "id", "parent_id" FROM "unit" ORDER BY "id"`),
      seeded: await rows(
        `SELECT "id", "state", "unit_id", "vendor_id", "password_at" FROM "person" WHERE "login" IN ('grace', 'heidi', 'erin', 'frank', 'ivan', 'judy', 'carol', 'dave') ORDER BY "id"`,
      ),
    };
  }

  async function count(verb: string): Promise<number> {
    return Number((await rows(`SELECT COUNT(*) AS "n" FROM "audit_event" WHERE "verb" = '${verb}'`))[0]?.["n"]);
  }

  /** Nothing of what stands moves by it, and where a verb is named, an event of it tells. */
  async function nothing<T>(what: string, attempt: () => Promise<T>, verb?: string): Promise<T> {
    const before = await standing();
    const events = verb === undefined ? 0 : await count(verb);
    const answer = await attempt();
    expect(await standing(), what).toEqual(before);
    if (verb !== undefined) expect(await count(verb), `${what}: ${verb}`).toBeGreaterThan(events);
    return answer;
  }

  async function problem(api: Api, method: string, path: string, body?: unknown): Promise<Problem> {
    const response = await api.raw(method, path, body);
    const text = await response.text();
    if (response.ok) throw new Error(`${method} ${path} was done: ${text}`);
    return JSON.parse(text) as Problem;
  }

  async function confirmed(login: string, id: string) {
    const api = await house.as(login);
    const { digest } = await api.call("GET", `/proposals/${id}`);
    return api.call("POST", `/proposals/${id}/confirmation`, { digest });
  }
  const confirming = async (api: Api, proposal: Asked): Promise<Problem> =>
    problem(api, "POST", `/proposals/${proposal.id}/confirmation`, { digest: proposal.digest });

  /** Both halves of each power's envelope, as two would hold them. */
  async function sealed(): Promise<ReadonlyMap<string, readonly [string, string]>> {
    const grace = await house.as("grace");
    const proposal = await grace.call("POST", "/break-glass/seals", { reason: REASON });
    const second = JSON.parse((await confirmed("heidi", proposal.id)).secret as string);
    const first = JSON.parse((await grace.call("POST", `/proposals/${proposal.id}/secret`)).secret as string);
    return new Map(
      (first.codes as { power: string; code: string }[]).map(({ power, code }, at) => [
        power,
        [code, second.codes[at].code],
      ]),
    );
  }

  const propose = async (login: string, change: object, by = "grace") => {
    const made = await (await house.as(by)).call("PATCH", `/people/${idOf(login)}`, { ...change, reason: REASON });
    return made.proposal as Asked;
  };
  const withdraw = async (id: string, by = "grace") => (await house.as(by)).call("POST", `/proposals/${id}/withdrawal`);
  const newcomer = (more: object) => ({
    login: `n${Math.random().toString(36).slice(2, 9)}`,
    displayName: `N ${Math.random()}`,
    locale: "en",
    power: null,
    roles: [],
    ...more,
  });

  return {
    get house() {
      return house;
    },
    get provider() {
      return provider;
    },
    get slapd() {
      return slapd;
    },
    get scim() {
      return scim;
    },
    get top() {
      return top;
    },
    get halves() {
      return halves;
    },
    get folder() {
      return folder;
    },
    get policies() {
      return policies;
    },
    /** What the command line finds in its environment. */
    get environment() {
      return { HOME: folder, GATEHOUSE_DATA: house.data, ...given };
    },
    restart: async () => {
      await house.kill("SIGTERM");
      await house.restart(withDirectories);
    },
    remember: (login: string, id: string) => void ids.set(login, id),
    rows,
    idOf,
    count,
    nothing,
    problem,
    confirmed,
    confirming,
    propose,
    withdraw,
    newcomer,
  };
}
