/**
 * SCIM over HTTP against the real use cases, on both databases: what directories send to close and open people, and every way by
 * which a token could try to reach a power.
 */
import { afterEach, describe, expect, it } from "vitest";
import type { PersonId } from "../../gateway/domain/index.js";
import { openDirectoryHouse, type DirectoryHouse } from "../support/directory-house.js";
import { createFakeBroker } from "../support/fake-broker-http.js";
import { openDoor, type TestDoor } from "../support/http-door.js";
import { must } from "../support/identity-lab.js";
import { startPostgres } from "../support/postgres.js";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** What answers hold that these tests read. */
interface Body {
  readonly id: string;
  readonly active: boolean;
  readonly displayName: string;
  readonly emails: readonly unknown[];
  readonly totalResults: number;
  readonly Resources: readonly { readonly id: string }[];
}

interface Scim {
  readonly house: DirectoryHouse;
  readonly door: TestDoor;
  readonly token: string;
  ask(
    method: string,
    path: string,
    body?: unknown,
    bearer?: string,
  ): Promise<{ status: number; body: Body; type: string }>;
  make(userName: string, more?: object): Promise<string>;
  patch(id: string, ...Operations: object[]): ReturnType<Scim["ask"]>;
}

async function scimToken(house: DirectoryHouse, name: string): Promise<string> {
  const actor = await house.lab.onPage(house.grace);
  const proposal = must(
    await house.directories.proposeScimToken(actor, { name, unitId: actor.unitId, reason: "the directory" }),
  );
  return (await house.lab.confirm(proposal)) ?? "";
}

async function openScim(kind: Parameters<typeof openDirectoryHouse>[0]): Promise<Scim> {
  const house = await openDirectoryHouse(kind, { operatorGroups: ["ops"] });
  const fake = createFakeBroker({ directories: house.directories, identity: house.identity });
  const door = await openDoor(fake.broker);
  const token = await scimToken(house, "first");
  const scim: Scim = {
    house,
    door,
    token,
    async ask(method, path, body, bearer = token) {
      const answer = await door.door.app.inject({
        method: method as "GET",
        url: `/scim/v2${path}`,
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(body === undefined ? {} : { "content-type": "application/scim+json" }),
        },
        ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = answer.body;
      return {
        status: answer.statusCode,
        body: text === "" ? ({} as Body) : (JSON.parse(text) as Body),
        type: String(answer.headers["content-type"] ?? ""),
      };
    },
    async make(userName, more = {}) {
      const made = await scim.ask("POST", "/Users", { schemas: [USER], userName, ...more });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      return made.body.id;
    },
    patch: (id, ...Operations) => scim.ask("PATCH", `/Users/${id}`, { schemas: [PATCH], Operations }),
  };
  return scim;
}

async function row(scim: Scim, id: string) {
  const person = await scim.house.lab.database.read.people.get(id as PersonId);
  if (person === undefined) throw new Error("there is no such person");
  return person;
}

/** Who holds what, of everybody: what no test below may change. */
async function weight(house: DirectoryHouse): Promise<unknown> {
  const { read } = house.lab.database;
  const powers = (await read.powers.find({}, { orderBy: "id" })).map((one) => [one.id, one.power]);
  const roles = await read.roles.find({ role: { in: ["approver", "confirmer"] } }, { orderBy: "id" });
  return [powers, roles.map((one) => one.id)];
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function open(kind: Parameters<typeof openDirectoryHouse>[0]): Promise<Scim> {
  const scim = await openScim(kind);
  closing.push(
    () => scim.door.door.close(),
    () => scim.house.close(),
  );
  return scim;
}

describe("a directory's client", () => {
  it("shows a token that two persons agreed on, until it is taken back", async () => {
    const scim = await open("sqlite");
    const { house } = scim;
    expect((await scim.ask("GET", "/Users")).status).toBe(200);
    for (const bearer of ["", "x", "x".repeat(43), `${scim.token}x`]) {
      const answer = await scim.ask("GET", "/Users", undefined, bearer);
      expect(answer).toMatchObject({ status: 401, body: { status: "401" } });
      expect(answer.type).toContain("application/scim+json");
    }
    // A signed-in person's cookie is nothing here.
    const cookie = await scim.door.door.app.inject({
      method: "GET",
      url: "/scim/v2/Users",
      headers: { cookie: "gatehouse=grace" },
    });
    expect(cookie.statusCode).toBe(401);
    const actor = await house.lab.onPage(house.grace);
    const [shown] = must(await house.directories.scimTokens(actor));
    expect(shown).not.toHaveProperty("hash");
    expect(shown?.createdBy).not.toBe(shown?.confirmedBy);
    must(await house.directories.retireScimToken(actor, shown?.id as never));
    expect((await scim.ask("GET", "/Users")).status).toBe(401);
    const operator = await house.lab.add(house.grace, "olga", { roles: ["operator"] });
    const olga = await house.lab.onPage(operator);
    const input = { name: "x", unitId: olga.unitId, reason: "the directory" };
    expect(await house.directories.proposeScimToken(olga, input)).toMatchObject({ code: "forbidden" });
    expect(await house.directories.scimTokens(olga)).toMatchObject({ code: "forbidden" });
  });

  it("reads what the service can, finds people by one comparison, and pages", async () => {
    const scim = await open("sqlite");
    expect((await scim.ask("GET", "/ServiceProviderConfig")).body).toMatchObject({
      patch: { supported: true },
      etag: { supported: false },
    });
    expect((await scim.ask("GET", "/ResourceTypes")).body.totalResults).toBe(2);
    expect((await scim.ask("GET", "/Schemas")).body.Resources[0]?.id).toBe(USER);
    for (const name of ["ann", "ben", "cai"]) await scim.make(name, { externalId: `ext-${name}` });
    const find = async (filter: string) => scim.ask("GET", `/Users?filter=${encodeURIComponent(filter)}`);
    expect((await find('userName eq "BEN"')).body.Resources).toMatchObject([{ userName: "ben" }]);
    expect((await find(`${USER}:externalId eq "ext-cai"`)).body.Resources).toMatchObject([{ userName: "cai" }]);
    expect((await find("active eq true")).body.totalResults).toBe(3);
    // grace is no business of a token's.
    expect((await find('userName eq "grace"')).body.totalResults).toBe(0);
    for (const wide of [
      'userName sw "b"',
      'userName eq "a" or userName eq "b"',
      "userName pr",
      'password eq "x"',
      "((",
      'a[b eq "c"]',
    ])
      expect(await find(wide)).toMatchObject({ status: 400, body: { scimType: "invalidFilter" } });
    const page = (await scim.ask("GET", "/Users?startIndex=2&count=1")).body;
    expect(page).toMatchObject({ totalResults: 3, itemsPerPage: 1, startIndex: 2 });
    expect((await scim.ask("GET", "/Users?startIndex=-5&count=0")).body).toMatchObject({
      totalResults: 3,
      Resources: [],
    });
  });

  it("is refused what is malformed, too large or already somebody's", async () => {
    const scim = await open("sqlite");
    await scim.make("ann", { externalId: "e-1", emails: [{ value: "ann@example.org", primary: true }] });
    const post = (body: unknown) => scim.ask("POST", "/Users", body);
    for (const userName of ["ann", "ANN", "grace"])
      expect(await post({ userName })).toMatchObject({ status: 409, body: { scimType: "uniqueness" } });
    expect(await post({ userName: "bob", externalId: "e-1" })).toMatchObject({ status: 409 });
    expect(await post({ userName: "bob", emails: [{ value: "Ann@Example.org" }] })).toMatchObject({ status: 409 });
    for (const userName of ["", "a b", "a@b", "root+x", "王", "x".repeat(40), 7, null])
      expect((await post({ userName })).status).toBe(400);
    expect((await post({ userName: "bob", active: "perhaps" })).status).toBe(400);
    expect((await post({ userName: "bob", emails: Array(30).fill({ value: "a@b.c" }) })).status).toBe(400);
    expect((await post("{")).status).toBe(400);
    expect((await post("[]")).status).toBe(400);
    expect((await post('{"userName":"bob","__proto__":{"active":true}}')).status).toBe(400);
    const large = await post({ userName: "bob", title: "x".repeat(300_000) });
    expect(large).toMatchObject({ status: 413 });
    expect(large.type).toContain("application/scim+json");
    const members = Array.from({ length: 1_001 }, () => ({ value: "x" }));
    expect((await scim.ask("POST", "/Groups", { displayName: "ops", members })).status).toBe(400);
    expect(await scim.house.person("bob")).toBeUndefined();
  });

  it("changes people in the forms that directories really send", async () => {
    const scim = await open("sqlite");
    const id = await scim.make("ann", { name: { givenName: "Ann", familyName: "Lee" } });
    expect((await row(scim, id)).displayName).toBe("Ann Lee");
    // With the name of the operation capitalised and booleans as words; without a path; with a filter in the path.
    expect((await scim.patch(id, { op: "Replace", path: "active", value: "False" })).body.active).toBe(false);
    expect((await scim.patch(id, { op: "replace", value: { active: "True" } })).body.active).toBe(true);
    const mail = { op: "add", path: 'emails[type eq "work"].value', value: "ann@example.org" };
    expect((await scim.patch(id, mail)).body.emails).toMatchObject([{ value: "ann@example.org" }]);
    const named = { op: "replace", value: { "name.formatted": "Ann B", externalId: "e-9", title: "Boss" } };
    expect((await scim.patch(id, named)).body).toMatchObject({ displayName: "Ann B", externalId: "e-9" });
    expect((await scim.patch(id, { op: "remove", path: "emails" })).body.emails).toEqual([]);
    expect((await scim.patch(id, { op: "replace", path: "userName", value: "ANN" })).status).toBe(200);
    expect(await scim.patch(id, { op: "replace", path: "userName", value: "grace" })).toMatchObject({
      status: 400,
      body: { scimType: "mutability" },
    });
    expect((await scim.ask("PUT", `/Users/${id}`, { userName: "ann", displayName: "Ann C" })).body.displayName).toBe(
      "Ann C",
    );
    for (const bad of [
      { op: "move", path: "active" },
      { op: "replace", value: "x" },
      { op: "replace", path: "active", value: {} },
    ])
      expect((await scim.patch(id, bad)).status).toBe(400);
  });
});

describe.each([["SQLite"], ["PostgreSQL"]] as const)("on %s, a token", (name) => {
  async function openHere(): Promise<Scim> {
    if (name === "SQLite") return open("sqlite");
    const server = await startPostgres();
    const scim = await open({ url: server.url });
    closing.push(() => server.stop());
    return scim;
  }

  it("closes people with everything under them, gives no power, and reaches nobody who is not its own", async () => {
    const scim = await openHere();
    const { house } = scim;
    const { read } = house.lab.database;
    const before = await weight(house);

    // Roles and entitlements are written down, and nothing comes of them.
    const id = await scim.make("mallory", {
      roles: [{ value: "security" }],
      entitlements: ["approver"],
      groups: [{ value: "ops" }],
      power: "security",
      password: "secret-password",
    });
    expect(await house.roles("mallory")).toEqual([]);
    await scim.patch(id, { op: "add", path: "roles", value: [{ value: "system" }] });
    await scim.patch(id, { op: "add", value: { roles: ["audit"], power: "audit" } });
    expect(await house.events("scim.refused")).toHaveLength(3);
    const logged = JSON.stringify(await read.audit.find({}, { limit: 1000 }));
    expect(logged).not.toContain("secret-password");

    // Groups of any name: an operator at most.
    for (const displayName of ["security administrators", "auditor", "approver", "system", "root"])
      expect((await scim.ask("POST", "/Groups", { displayName, members: [{ value: id }] })).status).toBe(201);
    expect(await house.roles("mallory")).toEqual([]);
    expect(await house.events("scim.refused")).toHaveLength(8);
    const ops = await scim.ask("POST", "/Groups", { displayName: "ops", members: [{ value: id }] });
    expect(await house.roles("mallory")).toEqual(["operator"]);
    const moved = (op: object) => scim.ask("PATCH", `/Groups/${String(ops.body.id)}`, { Operations: [op] });
    await moved({ op: "remove", path: `members[value eq "${id}"]` });
    expect(await house.roles("mallory")).toEqual([]);
    await moved({ op: "Add", path: "members", value: [{ value: id }] });
    expect(await house.roles("mallory")).toEqual(["operator"]);
    await moved({ op: "replace", value: { displayName: "other" } });
    expect(await house.roles("mallory")).toEqual([]);
    await moved({ op: "replace", path: "displayName", value: "ops" });
    expect(await house.roles("mallory")).toEqual(["operator"]);

    // Nobody else exists for it, by id, as a member, or by another token.
    for (const other of [house.grace.id, house.heidi.id, "01900000-0000-7000-8000-00000000ffff", "x"]) {
      expect((await scim.ask("GET", `/Users/${other}`)).status).toBe(404);
      expect((await scim.patch(other, { op: "replace", path: "active", value: false })).status).toBe(404);
      expect((await scim.ask("PUT", `/Users/${other}`, { userName: "grace" })).status).toBe(404);
      expect((await scim.ask("DELETE", `/Users/${other}`)).status).toBe(404);
      expect((await moved({ op: "add", path: "members", value: [{ value: other }] })).status).toBe(400);
    }
    const second = await scimToken(house, "second");
    expect((await scim.ask("GET", `/Users/${id}`, undefined, second)).status).toBe(404);
    expect((await scim.ask("DELETE", `/Users/${id}`, undefined, second)).status).toBe(404);
    expect((await scim.ask("GET", `/Groups/${String(ops.body.id)}`, undefined, second)).status).toBe(404);

    // Closed: the epoch rises; opened again: only whom the directory itself had closed.
    const epoch = (await row(scim, id)).credentialEpoch;
    await scim.patch(id, { op: "replace", path: "active", value: false });
    expect(await row(scim, id)).toMatchObject({ state: "disabled", credentialEpoch: epoch + 1 });
    expect((await scim.patch(id, { op: "replace", path: "active", value: true })).status).toBe(200);
    const actor = await house.lab.onPage(house.grace);
    must(await house.lab.people.change(actor, id as PersonId, { state: "disabled" }));
    expect((await scim.patch(id, { op: "replace", path: "active", value: true })).status).toBe(403);
    expect((await row(scim, id)).state).toBe("disabled");
    expect((await scim.ask("DELETE", `/Users/${id}`)).status).toBe(204);
    expect((await row(scim, id)).state).toBe("retired");
    expect((await scim.ask("GET", `/Users/${id}`)).status).toBe(404);
    expect(await scim.ask("POST", "/Users", { userName: "mallory" })).toMatchObject({ status: 409 });
    expect(await weight(house)).toEqual(before);
  }, 60_000);

  it("closes a holder of a power that was linked to it, never the last, and opens none again", async () => {
    const scim = await openHere();
    const { house } = scim;
    const before = await weight(house);
    const tokens = must(await house.directories.scimTokens(await house.lab.onPage(house.grace)));
    const source = tokens[0]?.id as string;
    for (const [by, whose] of [
      [house.grace, house.heidi],
      [house.heidi, house.grace],
    ] as const) {
      const actor = await house.lab.onPage(by);
      must(await house.directories.link(actor, whose.id, { kind: "scim", source, subject: `e-${whose.login}` }));
    }
    const close = (id: string) => scim.patch(id, { op: "replace", path: "active", value: false });
    const answers = await Promise.all([close(house.grace.id), close(house.heidi.id)]);
    expect(answers.map((one) => one.status).sort()).toEqual([200, 409]);
    const [last, gone] =
      (await house.person("grace"))?.state === "active" ? [house.grace, house.heidi] : [house.heidi, house.grace];
    expect((await scim.ask("DELETE", `/Users/${last.id}`)).status).toBe(409);
    expect((await house.person(last.login))?.state).toBe("active");
    expect((await scim.patch(gone.id, { op: "replace", path: "active", value: true })).status).toBe(403);
    const alerts = await house.lab.database.read.alerts.find({ subject: `person:${last.id}` });
    expect(alerts).toMatchObject([{ kind: "last-of-power", detail: { login: last.login, why: "closed-upstream" } }]);
    expect(await weight(house)).toEqual(before);
  }, 60_000);
});

describe("a directory's token", () => {
  it("is kept out by nobody who tries wrong ones from its address", async () => {
    const scim = await open("sqlite");
    const statuses = new Set<number>();
    for (let i = 0; i < 40; i += 1) statuses.add((await scim.ask("GET", "/Users", undefined, "x".repeat(43))).status);
    expect([...statuses]).toEqual([401, 429]);
    expect((await scim.ask("GET", "/Users")).status).toBe(200);
  });
});

describe("a name that a directory gives", () => {
  it("is marked where it looks like another's of the unit, and is the login where it is none", async () => {
    const scim = await open("sqlite");
    const name = async (userName: string, displayName: string): Promise<string> =>
      (await row(scim, await scim.make(userName, { displayName }))).displayName;
    expect(await name("zhang", "Zhang Wei")).toBe("Zhang Wei");
    // With a Cyrillic letter that looks the same, another case, and wide letters.
    expect(await name("mallory", "Zhang W\u0435i")).toBe("mallory");
    expect(await name("zhang2", "ZHANG WEI")).toBe("ZHANG WEI (zhang2)");
    expect(await name("zhang3", "Ｚhang Wei")).toBe("Ｚhang Wei (zhang3)");
    expect(await name("grace2", "Grace")).toBe("Grace (grace2)");
    const id = await scim.make("eve", { displayName: "Eve" });
    const rename = (value: string) => scim.patch(id, { op: "replace", path: "displayName", value });
    for (let again = 0; again < 2; again += 1)
      expect((await rename("Zhang Wei")).body.displayName).toBe("Zhang Wei (eve)");
    expect((await rename("W\u0435i")).status).toBe(400);
    const events = await scim.house.events("person.changed");
    expect(events.filter(({ objectId }) => objectId === id)).toHaveLength(1);
  });
});

describe("what a directory asks for together", () => {
  it("is done together or not at all, and the log says what became another", async () => {
    const scim = await open("sqlite");
    const id = await scim.make("xie", { displayName: "Xie" });
    const actor = await scim.house.lab.onPage(scim.house.grace);
    must(await scim.house.lab.people.change(actor, id as PersonId, { state: "disabled" }));
    const value = { displayName: "Another", externalId: "e-9", emails: [{ value: "xie@example.org" }] };
    expect((await scim.patch(id, { op: "replace", value: { ...value, active: true } })).status).toBe(403);
    expect(await row(scim, id)).toMatchObject({ displayName: "Xie", email: null, state: "disabled" });
    expect((await scim.ask("GET", `/Users/${id}`)).body).not.toHaveProperty("externalId");
    expect((await scim.patch(id, { op: "replace", value })).status).toBe(200);
    const events = await scim.house.events("person.changed");
    const { detail } = JSON.parse(events.at(-1)?.leaf ?? "{}") as { readonly detail: object };
    expect(detail).toEqual({ displayName: "Another", externalId: "e-9", email: "xie@example.org" });
  });

  it("is refused where it is not understood who leaves a group", async () => {
    const scim = await open("sqlite");
    const id = await scim.make("xu");
    const { body } = await scim.ask("POST", "/Groups", { displayName: "ops", members: [{ value: id }] });
    for (const path of [`members[value eq "${id}" or value eq "x"]`, 'members[display eq "xu"]', "members.value"]) {
      const Operations = [{ op: "remove", path }];
      const answer = await scim.ask("PATCH", `/Groups/${body.id}`, { schemas: [PATCH], Operations });
      expect(answer, path).toMatchObject({ status: 400, body: { scimType: "invalidPath" } });
    }
    expect(await scim.house.roles("xu")).toEqual(["operator"]);
  });
});

describe("a person whom people here closed", () => {
  it("is not opened by leaving a mapped group and coming back", async () => {
    const scim = await open("sqlite");
    const id = await scim.make("xu");
    const group = await scim.ask("POST", "/Groups", { displayName: "ops", members: [{ value: id }] });
    expect(group.status).toBe(201);
    const actor = await scim.house.lab.onPage(scim.house.grace);
    must(await scim.house.lab.people.change(actor, id as PersonId, { state: "disabled" }));
    const path = `members[value eq "${id}"]`;
    const left = await scim.ask("PATCH", `/Groups/${group.body.id}`, {
      schemas: [PATCH],
      Operations: [{ op: "remove", path }],
    });
    expect(left.status).toBeLessThan(300);
    expect((await scim.patch(id, { op: "replace", path: "active", value: true })).status).toBe(403);
    expect((await row(scim, id)).state).toBe("disabled");
  });
});
