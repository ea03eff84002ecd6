/**
 * The three powers attacked past those who administrate, on a real gateway over SQLite and over PostgreSQL: by files, a real OpenID
 * provider, a real LDAP directory, SCIM, the command line and raw SQL. After each try the rows of the database itself are what they
 * were, the answer says why, and what was refused stands in the log.
 */
import { spawn } from "node:child_process";
import { describe, expect, test } from "vitest";
import { Api, ROOT, until } from "../support/gatehouse.js";
import { openPowersHouse, OPS, type Problem } from "../support/powers-house.js";

describe.each(["SQLite", "PostgreSQL"] as const)("the three powers from outside on %s", (kind) => {
  const at = openPowersHouse(kind);
  const { rows, idOf, nothing, problem } = at;

  test("no file gives a power, in either language, whatever the letters", async () => {
    const grace = await at.house.as("grace");
    const send = (text: string | Uint8Array) =>
      fetch(`${at.house.http}/api/v1/imports/people?dryRun=false`, {
        method: "POST",
        headers: { "x-gatehouse": "1", cookie: grace.cookie, "content-type": "application/octet-stream" },
        body: Buffer.from(text),
      });
    const files: readonly (readonly [string, string])[] = [
      ["login,name,power", "mallory1,Mallory One,audit"],
      ["登录名,姓名,权限", "mallory2,马洛里,security"],
      ["login,name,roles", "mallory3,Mallory Three,approver"],
      ["登录名,姓名,角色", "mallory4,马洛里四,confirmer"],
      ["ＬＯＧＩＮ,Name,ＰＯＷＥＲ", "mallory5,Mallory Five,System"],
      ["login,name,power", `mallory6,Mallory Six,"=""audit"""`],
      ["login,name,roles", "mallory7,Mallory Seven,operator;approver"],
      ["login,name,roles", "mallory8,Mallory Eight,operator confirmer"],
      ["login,name,roles", "mallory9,Mallory Nine,ａｐｐｒｏｖｅｒ"],
      ["login,name,roles", "mallory10,Mallory Ten,Approver"],
      ["login,name,power,power", "mallory11,Mallory Eleven,,audit"],
      ["login,name,power,权限", "mallory12,Mallory Twelve,,audit"],
      ["login,name,power", "bob,Bob (operator),system"],
      ["login,name,roles", "ivan,Ivan (audit),operator"],
      ["login,name,roles", "bob,Bob (operator),approver"],
      ["login,name,vendor", "carol,Carol (approver),Northwind Systems"],
      ["login,name,state", "mallory13,Mallory Thirteen,active"],
      ["login,name,granted by", "mallory14,Mallory Fourteen,grace"],
    ];
    const people = await rows(`SELECT COUNT(*) AS "n" FROM "person"`);
    for (const [header, line] of files) {
      const report = await nothing(
        line,
        async () => (await send(`\uFEFF${header}\n${line}\n`)).json(),
        "people.imported",
      );
      expect(report, line).toMatchObject({ created: 0, changed: 0 });
      expect((report as { faultsInAll: number }).faultsInAll, line).toBeGreaterThan(0);
    }
    expect(await rows(`SELECT COUNT(*) AS "n" FROM "person"`)).toEqual(people);
  });

  test("no group at the provider gives more than the operator role, and an auditor not even that", async () => {
    const come = async (account: string, api = new Api(at.house.http), start = "/auth/oidc/start") => {
      const begun = await api.raw("POST", start);
      const { url } = (await begun.json()) as { url: string };
      const journey = begun.headers
        .getSetCookie()
        .map((line) => line.split(";")[0])
        .join("; ");
      const back = await at.provider.signIn(url, account);
      const cookie = [api.cookie, journey].filter((one) => one !== "").join("; ");
      return api.raw("POST", "/auth/oidc/callback", { query: back.search }, { cookie });
    };
    const groups = ["security", "audit", "system", "approver", "confirmer", "Administrators", "安全管理员"];
    at.provider.addAccount({ account: "eve", sub: "sub-eve", email: "eve@example.org", groups, amr: ["otp"] });
    const outside = await nothing("groups named like powers", () => come("eve"), "person.sign-in-failed");
    expect(((await outside.json()) as Problem).code).toBe("directory-refused");
    at.provider.changeAccount("eve", { groups: [...groups, OPS] });
    const inside = await nothing("and a mapped one", () => come("eve"));
    expect(inside.ok).toBe(true);
    const eve = `(SELECT "id" FROM "person" WHERE "login" = 'eve')`;
    expect(await rows(`SELECT "role" FROM "role_holding" WHERE "person_id" = ${eve}`)).toEqual([{ role: "operator" }]);
    expect(await rows(`SELECT "power" FROM "power_holding" WHERE "id" = ${eve}`)).toEqual([]);
    // An auditor who links himself, in a mapped group.
    at.provider.addAccount({ account: "judy-there", sub: "sub-judy", groups: [OPS, "security"], amr: ["otp"] });
    const judy = await at.house.as("judy");
    const linked = await nothing(
      "judy links herself",
      () => come("judy-there", judy, "/me/directory-link/start"),
      "person.directory-linked",
    );
    expect(await linked.json()).toEqual({ kind: "linked" });
    const page = await nothing("judy comes by the provider", () => come("judy-there"));
    expect(await page.json()).toMatchObject({ kind: "signed-in", actor: { power: "audit", roles: [] } });
    // One administrator names an entry of his own as the other's, and would be both.
    at.provider.addAccount({ account: "puppet", sub: "sub-puppet", groups: [], amr: ["otp"] });
    const grace = await at.house.as("grace");
    await nothing("grace links heidi", () =>
      grace.raw("POST", `/people/${idOf("heidi")}/directory-links`, { kind: "oidc", subject: "sub-puppet" }),
    );
    const other = await nothing("grace as heidi", () => come("puppet"));
    expect(((await other.json()) as { kind?: string }).kind).not.toBe("signed-in");
    // The round asks after the linked auditor again, and still makes no operator of her.
    await nothing("the next check", () => new Promise((next) => setTimeout(next, 6_000)));
    expect(await rows(`SELECT "role" FROM "role_holding" WHERE "person_id" = '${idOf("judy")}'`)).toEqual([]);
  });

  test("no group in the LDAP directory gives more either", async () => {
    await at.slapd.addPerson({ uid: "lena", cn: "Lena", mail: "lena@example.org", password: "heron-1-pond" });
    for (const group of ["security", "audit", "approver", OPS]) await at.slapd.setGroup(group, ["lena"]);
    const first = await nothing("lena's first sign-in", () =>
      new Api(at.house.http).raw("POST", "/auth/ldap/enrolment", { login: "lena", password: "heron-1-pond" }),
    );
    expect(first.ok).toBe(true);
    const lena = `(SELECT "id" FROM "person" WHERE "login" = 'lena')`;
    expect(await rows(`SELECT "role" FROM "role_holding" WHERE "person_id" = ${lena}`)).toEqual([{ role: "operator" }]);
    // Someone takes an administrator's login there: it opens nothing here.
    await at.slapd.addPerson({ uid: "grace", cn: "Grace", mail: "grace@example.org", password: "heron-2-pond" });
    await at.slapd.setGroup("security", ["grace"]);
    const taken = await nothing(
      "grace's login there",
      () =>
        problem(new Api(at.house.http), "POST", "/auth/ldap/enrolment", { login: "grace", password: "heron-2-pond" }),
      "person.sign-in-failed",
    );
    expect(taken.code).toBe("sign-in-refused");
  });

  test("SCIM gives no power by roles, entitlements or groups, and wakes no holder", async () => {
    const ask = (method: string, path: string, body?: unknown) =>
      fetch(`${at.house.http}/scim/v2${path}`, {
        method,
        headers: {
          authorization: `Bearer ${at.scim}`,
          ...(body === undefined ? {} : { "content-type": "application/scim+json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
    const user = { schemas, userName: "scimmy", displayName: "Scimmy", active: true };
    const made = await nothing(
      "roles and entitlements",
      () =>
        ask("POST", "/Users", {
          ...user,
          roles: [{ value: "audit" }, { value: "security", primary: true }],
          entitlements: [{ value: "approver" }],
        }),
      "scim.refused",
    );
    expect(made.status).toBe(201);
    const { id } = (await made.json()) as { id: string };
    for (const operation of [
      { op: "add", path: "roles", value: [{ value: "system" }] },
      { op: "replace", path: 'roles[primary eq "true"].value', value: "audit" },
      { op: "replace", value: { entitlements: [{ value: "confirmer" }], power: "audit" } },
    ]) {
      const patch = { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: [operation] };
      await nothing(JSON.stringify(operation), () => ask("PATCH", `/Users/${id}`, patch));
    }
    for (const displayName of ["security", "Auditors", "approver"]) {
      const group = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName, members: [{ value: id }] };
      expect((await nothing(displayName, () => ask("POST", "/Groups", group), "scim.refused")).status).toBe(201);
    }
    const mapped = { displayName: OPS, members: [{ value: id }] };
    expect((await nothing("the mapped group", () => ask("POST", "/Groups", mapped))).status).toBe(201);
    expect(await rows(`SELECT "role" FROM "role_holding" WHERE "person_id" = '${id}'`)).toEqual([{ role: "operator" }]);
    const stranger = await nothing("an auditor in the mapped group", () =>
      ask("POST", "/Groups", { displayName: "x", members: [{ value: idOf("ivan") }] }),
    );
    expect(stranger.status).toBe(400);
    for (const login of ["ivan", "grace"]) {
      expect((await nothing(`${login} seen`, () => ask("GET", `/Users/${idOf(login)}`))).status).toBe(404);
      expect((await nothing(`${login} removed`, () => ask("DELETE", `/Users/${idOf(login)}`))).status).toBe(404);
    }
    expect((await nothing("another's login", () => ask("POST", "/Users", { ...user, userName: "grace" }))).status).toBe(
      409,
    );
  });

  test("the command line has no verb of its own for it, and speaks as the person who signed in", async () => {
    const run = async (args: readonly string[], input = ""): Promise<{ exit: number | null; text: string }> => {
      const child = spawn(process.execPath, ["gateway/gatehouse.mjs", ...args], {
        cwd: ROOT,
        env: { PATH: process.env["PATH"] ?? "", ...at.environment },
      });
      let text = "";
      child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
      child.stdin.end(input);
      const exit = await new Promise<number | null>((done) => child.once("exit", done));
      return { exit, text };
    };
    for (const verb of [
      ["grant"],
      ["people", "grant", "bob", "audit"],
      ["bootstrap"],
      ["policy", "apply"],
      ["vault", "export"],
      ["break-glass", "root"],
    ]) {
      const { exit, text } = await nothing(verb.join(" "), () => run(verb));
      expect(exit, verb.join(" ")).not.toBe(0);
      expect(text).toMatch(/unknown command|too many arguments|error|power is one of|help/i);
    }
    const [system, audit] = [at.halves.get("system"), at.halves.get("audit")];
    const mixed = `${system?.[0]}\n${audit?.[1]}\nmallory\nMallory\n`;
    const broken = await nothing(
      "halves of two powers",
      () => run(["break-glass", "system", "--url", at.house.http], mixed),
      "break-glass.refused",
    );
    expect(broken).toMatchObject({ exit: 1, text: expect.stringContaining("these halves open nothing") as string });
  });

  test("the schema refuses what no code asked it", async () => {
    const [grace, heidi, ivan, judy, bob, alice, erin] = ["grace", "heidi", "ivan", "judy", "bob", "alice", "erin"].map(
      idOf,
    );
    const power = (id = "", what = "system", by: string | null | undefined = grace, confirmedBy = heidi): string =>
      `INTO "power_holding" ("id", "power", "unit_id", "granted_by", "confirmed_by", "created_at") VALUES ('${id}', '${what}', '${at.top}', ${by === null ? "NULL" : `'${by ?? ""}'`}, '${confirmedBy ?? ""}', 1)`;
    const role = (id = "", what = "approver", by = grace, confirmedBy = heidi): string =>
      `INTO "role_holding" ("id", "person_id", "role", "unit_id", "granted_by", "confirmed_by", "created_at") VALUES ('${id}:x:${what}', '${id}', '${what}', '${at.top}', '${by}', '${confirmedBy}', 1)`;
    const statements = [
      `INSERT ${power(bob, "audit")}`,
      `INSERT ${power(bob, "AUDIT")}`,
      `INSERT ${power(bob, "system", grace, grace)}`,
      `INSERT ${power(bob, "system", grace, bob)}`,
      `INSERT ${power(bob, "system", bob, heidi)}`,
      `INSERT ${power(bob, "system", grace, ivan)}`,
      `INSERT ${power(bob, "system", grace, "nobody")}`,
      `INSERT ${power(bob, "system", null)}`,
      `INSERT ${power(alice, "system")}`,
      `INSERT ${role(alice, "approver")}`,
      `INSERT ${role(ivan, "operator")}`,
      `INSERT ${role(ivan, "approver")}`,
      `INSERT ${role(grace, "confirmer", heidi, judy)}`,
      `INSERT ${role(bob, "approver", grace, grace)}`,
      `INSERT ${role(bob, "root")}`,
      `UPDATE "power_holding" SET "power" = 'system' WHERE "power" = 'audit'`,
      `UPDATE "power_holding" SET "confirmed_by" = "granted_by" WHERE "id" = '${erin}'`,
      `UPDATE "power_holding" SET "id" = '${bob}' WHERE "id" = '${ivan}'`,
      `UPDATE "role_holding" SET "person_id" = '${ivan}' WHERE "person_id" = '${bob}'`,
      `UPDATE "role_holding" SET "role" = 'approver' WHERE "person_id" = '${alice}'`,
      `UPDATE "person" SET "vendor_id" = (SELECT "vendor_id" FROM "person" WHERE "id" = '${alice}') WHERE "id" = '${grace}'`,
      `UPDATE "person" SET "state" = 'disabled' WHERE "id" IN (SELECT "id" FROM "power_holding" WHERE "power" = 'audit')`,
      `UPDATE "person" SET "totp_enrolled_at" = NULL WHERE "id" IN (SELECT "id" FROM "power_holding" WHERE "power" = 'security')`,
      `DELETE FROM "power_holding" WHERE "power" = 'security'`,
      `DELETE FROM "power_holding"`,
      `DELETE FROM "setting" WHERE "id" = 'second-person'`,
      `UPDATE "setting" SET "value" = '0' WHERE "id" = 'second-person'`,
      `UPDATE "setting" SET "id" = 'first-person' WHERE "id" = 'second-person'`,
      `UPDATE "unit" SET "parent_id" = '${at.top}' WHERE "id" = '${at.top}'`,
      `DELETE FROM "proposal"`,
      `DELETE FROM "person" WHERE "id" = '${grace}'`,
      `UPDATE "power_holding" SET "unit_id" = 'wider' WHERE "id" = '${erin}'`,
      `UPDATE "proposal" SET "state" = 'pending' WHERE "state" = 'confirmed'`,
      `UPDATE "break_glass_seal" SET "hash" = '${"0".repeat(64)}'`,
      ...(kind === "SQLite"
        ? [
            `UPDATE OR REPLACE "power_holding" SET "id" = '${ivan}' WHERE "id" = '${erin}'`,
            `UPDATE OR IGNORE "setting" SET "value" = '0' WHERE "id" = 'second-person'`,
          ]
        : [
            `INSERT ${power(ivan, "system")}`,
            `TRUNCATE "power_holding"`,
            `TRUNCATE "proposal" CASCADE`,
            `INSERT ${power(ivan, "system")} ON CONFLICT ("id") DO UPDATE SET "power" = 'system', "confirmed_by" = 'nobody'`,
          ]),
    ];
    for (const statement of statements) {
      const refusal = await nothing(statement, () =>
        rows(statement).then(
          () => "done",
          (error: Error) => error.message,
        ),
      );
      expect(refusal, statement).toMatch(
        /gatehouse: (exclusive-powers|needs-second-person|last-of-power|vendor-person|append-only|taken)|append-only|constraint|unique/i,
      );
    }
    if (kind === "PostgreSQL") return;
    // On SQLite an insert over a row that stands does nothing at all, whatever it asks for.
    for (const statement of [
      `INSERT ${power(ivan, "system")}`,
      `INSERT OR REPLACE ${power(ivan, "system")}`,
      `INSERT OR REPLACE INTO "setting" ("id", "value") VALUES ('second-person', '0')`,
    ])
      await nothing(statement, () => rows(statement).catch(() => undefined));
  });

  test("whatever was tried, nobody holds two things, and every event is sealed", async () => {
    const two = `SELECT "id" FROM "power_holding" GROUP BY "id" HAVING COUNT(*) > 1`;
    expect(await rows(two)).toEqual([]);
    const confirmedBoth = `SELECT "id" FROM "power_holding" WHERE "confirmed_by" = "granted_by"`;
    expect(await rows(confirmedBoth)).toEqual([]);
    await until(
      "the events to be sealed",
      async () => Number((await rows(`SELECT COUNT(*) AS "n" FROM "audit_event" WHERE "seq" IS NULL`))[0]?.["n"]) === 0,
    );
  });
});
