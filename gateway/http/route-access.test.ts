/** Role × route. Whoever is not named beside a route is refused; a route that does not stand here fails the test. */
import { fastify } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFakeBroker, fakeActor, UUID, type FakeBroker } from "../../test/support/fake-broker-http.js";
import { openDoor, OWN_PAGE, type TestDoor } from "../../test/support/http-door.js";
import type { ScimUseCases } from "../broker/index.js";
import { done, refused, type Power, type Role } from "../domain/index.js";
import { collectRoutes } from "./access.js";

const PEOPLE: Record<string, readonly [Power | null, readonly Role[]]> = {
  guest: [null, []],
  operator: [null, ["operator"]],
  approver: [null, ["approver"]],
  system: ["system", []],
  security: ["security", []],
  audit: ["audit", []],
  confirmer: [null, ["confirmer"]],
};
const EVERYONE = ["nobody", ...Object.keys(PEOPLE)];
const SIGNED_IN = Object.keys(PEOPLE);
/** Who may be the second person of a critical act, or its first. */
const SECOND = ["system", "security", "audit", "confirmer"];

const request = {
  items: [{ accountId: UUID, actions: ["ssh.shell"] }],
  reason: "repair",
  workOrder: "",
  durationMs: 3_600_000,
};
const decision = { verdict: "approved", reason: "agreed", digest: "a".repeat(64) };
const person = { login: "carol", displayName: "Carol", locale: "en", power: null, roles: [] };
const asset = {
  name: "web-01",
  protocol: "ssh",
  host: "192.0.2.1",
  port: 22,
  description: "",
  legacyAlgorithms: false,
};
const choices = { width: 1_280, height: 800, dpi: 96, keyboardLayout: "en-us-qwerty", timeZone: "Asia/Shanghai" };
const because = { reason: "enough" };
const terms = {
  unitId: UUID,
  vendorId: UUID,
  number: "HT-1",
  title: "Operations",
  scope: { assetIds: [UUID], accountIds: [], actions: ["ssh.shell"] },
  fromDate: "2027-01-01",
  toDate: "2027-12-31",
  ownerId: UUID,
};

/** method, path, who passes, body */
const TABLE: readonly (readonly [string, readonly string[], unknown?])[] = [
  ["GET /healthz", EVERYONE],
  ["GET /readyz", EVERYONE],
  // From this machine itself; what others get stands in operations.test.ts.
  ["GET /metrics", EVERYONE],
  ["GET /*", EVERYONE],
  ["HEAD /*", EVERYONE],
  ["GET /api/v1/openapi.json", EVERYONE],
  ["GET /api/v1/auth/installation", EVERYONE],
  ["POST /api/v1/auth/bootstrap", EVERYONE, { token: "t", login: "first", displayName: "First", locale: "en" }],
  ["POST /api/v1/auth/session", EVERYONE, { login: "a", password: "b", code: "000000" }],
  ["DELETE /api/v1/auth/session", EVERYONE],
  ["POST /api/v1/auth/enrolment", EVERYONE, { token: "t" }],
  ["POST /api/v1/auth/enrolment/completion", EVERYONE, { token: "t", secret: "s", password: "p", code: "000000" }],
  ["POST /api/v1/auth/device-logins", EVERYONE, { login: "a", name: "laptop", publicKey: "ssh-ed25519 AAAA" }],
  ["GET /api/v1/auth/device-logins/:token", EVERYONE],
  ["DELETE /api/v1/auth/device-logins/:token", EVERYONE],
  ["GET /api/v1/terminal-approvals/:code", SIGNED_IN],
  ["POST /api/v1/terminal-approvals/:code/approval", SIGNED_IN, { number: "42", handle: "h", response: {} }],
  ["POST /api/v1/terminal-approvals/:code/refusal", SIGNED_IN],
  ["GET /api/v1/me/device-keys", SIGNED_IN],
  ["DELETE /api/v1/me/device-keys/:id", SIGNED_IN],
  ["GET /api/v1/auth/offers", EVERYONE],
  ["POST /api/v1/auth/passkey/options", EVERYONE],
  ["POST /api/v1/auth/passkey/session", EVERYONE, { handle: "h", response: {} }],
  ["GET /api/v1/auth/directories", EVERYONE],
  ["POST /api/v1/auth/oidc/start", EVERYONE],
  ["POST /api/v1/auth/oidc/callback", EVERYONE, { query: "code=c&state=s" }],
  ["POST /api/v1/auth/oidc/second-factor", EVERYONE, { handle: "h", factor: { kind: "code", code: "000000" } }],
  ["POST /api/v1/auth/ldap/enrolment", EVERYONE, { login: "a", password: "b" }],
  ["POST /api/v1/me/directory-link/start", SIGNED_IN],
  ["GET /api/v1/people/:id/directory-links", SIGNED_IN],
  ["POST /api/v1/people/:id/directory-links", ["security"], { kind: "oidc", subject: "s" }],
  ["DELETE /api/v1/directory/links/:id", ["security"]],
  ["GET /api/v1/directory/scim-tokens", ["security", "audit"]],
  ["POST /api/v1/directory/scim-tokens", ["security"], { name: "n", unitId: UUID, reason: "because" }],
  ["DELETE /api/v1/directory/scim-tokens/:id", ["security"]],
  ["GET /api/v1/me", SIGNED_IN],
  ["GET /api/v1/me/passkeys", SIGNED_IN],
  ["POST /api/v1/me/passkeys/options", SIGNED_IN],
  ["POST /api/v1/me/passkeys", SIGNED_IN, { name: "laptop", handle: "h", response: {} }],
  ["PATCH /api/v1/me/passkeys/:id", SIGNED_IN, { name: "phone" }],
  ["GET /api/v1/me/passkeys/:id/ending", SIGNED_IN],
  ["DELETE /api/v1/me/passkeys/:id", SIGNED_IN],
  ["POST /api/v1/me/step-up/options", SIGNED_IN],
  ["POST /api/v1/me/step-up", SIGNED_IN, { kind: "code", code: "000000" }],
  ["GET /api/v1/page-sessions", SIGNED_IN],
  ["DELETE /api/v1/page-sessions/:id", SIGNED_IN],
  ["POST /api/v1/page-sessions/sign-out-everywhere", SIGNED_IN, {}],
  ["PUT /api/v1/me/locale", SIGNED_IN, { locale: "zh-CN" }],
  ["POST /api/v1/me/password", SIGNED_IN, { current: "a", next: "b", code: "000000" }],
  ["POST /api/v1/me/keys", SIGNED_IN, { name: "laptop", publicKey: "ssh-ed25519 AAAA", code: "000000" }],
  ["DELETE /api/v1/me/keys/:id", SIGNED_IN],
  ["GET /api/v1/me/access", ["operator"]],
  ["GET /api/v1/people", ["security", "audit"]],
  ["POST /api/v1/people", ["security"], person],
  ["PATCH /api/v1/people/:id", ["security"], { state: "disabled" }],
  ["GET /api/v1/people/:id", ["security", "audit"]],
  ["POST /api/v1/people/:id/factor-reset", ["security"], {}],
  ["GET /api/v1/proposals", SECOND],
  ["GET /api/v1/proposals/:id", SECOND],
  ["GET /api/v1/proposals/:id/text", SECOND],
  ["POST /api/v1/proposals/:id/confirmation", SECOND, { digest: "a".repeat(64) }],
  ["POST /api/v1/proposals/:id/rejection", SECOND, because],
  ["POST /api/v1/proposals/:id/withdrawal", SIGNED_IN],
  ["POST /api/v1/proposals/:id/secret", SECOND],
  ["POST /api/v1/vault-exports", ["system"], { accountIds: [UUID], reason: "enough" }],
  ["POST /api/v1/vault-exports/:id/collection", ["system"], { passphrase: "p" }],
  [
    "POST /api/v1/break-glass",
    EVERYONE,
    { power: "audit", halves: ["a", "b"], login: "new", displayName: "New", locale: "en" },
  ],
  ["GET /api/v1/break-glass", ["security", "audit"]],
  ["POST /api/v1/break-glass/seals", ["security"], because],
  ["POST /api/v1/break-glass/:power/refusal", ["system", "security", "audit"]],
  ["GET /api/v1/policy", ["security", "audit"]],
  ["POST /api/v1/policy", ["security"], { digest: "a".repeat(64), reason: "enough" }],
  ["GET /api/v1/units", ["approver", "system", "security", "audit"]],
  ["POST /api/v1/units", ["security"], { parentId: UUID, name: "East" }],
  ["PATCH /api/v1/units/:id", ["security"], { name: "West" }],
  ["DELETE /api/v1/units/:id", ["security"]],
  ["GET /api/v1/vendors", ["system", "security", "audit"]],
  ["POST /api/v1/vendors", ["security"], { unitId: UUID, name: "Acme", registrationNumber: null, parentId: null }],
  ["GET /api/v1/vendors/:id", ["system", "security", "audit"]],
  ["PATCH /api/v1/vendors/:id", ["security"], { parentId: null }],
  ["GET /api/v1/vendors/:id/ending", ["security"]],
  ["POST /api/v1/vendors/:id/retirement", ["security"], because],
  ["GET /api/v1/contracts", ["system", "security", "audit"]],
  ["POST /api/v1/contracts", ["security"], terms],
  ["GET /api/v1/contracts/:id", ["system", "security", "audit"]],
  ["PATCH /api/v1/contracts/:id", ["security"], { toDate: "2028-01-01" }],
  ["GET /api/v1/contracts/:id/ending", ["security"]],
  ["POST /api/v1/contracts/:id/end", ["security"], because],
  ["PUT /api/v1/contracts/:id/duties?name=duties.pdf", ["security"]],
  ["GET /api/v1/contracts/:id/duties", ["system", "security", "audit"]],
  ["POST /api/v1/imports/:kind?dryRun=true", ["security"]],
  ["GET /api/v1/exports/:kind", ["system", "security", "audit"]],
  ["GET /api/v1/people/:id/ending", ["security"]],
  ["POST /api/v1/people/:id/departure", ["security"], because],
  ["GET /api/v1/declarations?locale=en", SIGNED_IN],
  ["POST /api/v1/declarations/:kind/signature", SIGNED_IN, { digest: "a".repeat(64), locale: "en" }],
  ["GET /api/v1/reviews?view=mine", SIGNED_IN],
  ["POST /api/v1/reviews/:id/decision", SIGNED_IN, { keep: true }],
  ["GET /api/v1/assets", ["system", "security", "audit"]],
  ["POST /api/v1/assets", ["system"], asset],
  ["GET /api/v1/assets/owners", ["system"]],
  ["GET /api/v1/assets/:id", ["system", "security", "audit"]],
  ["PATCH /api/v1/assets/:id", ["system"], { port: 2222 }],
  ["DELETE /api/v1/assets/:id", ["system"]],
  ["POST /api/v1/assets/:id/host-key-scan", ["system"]],
  ["POST /api/v1/assets/:id/host-key", ["system"], { publicKey: "ssh-ed25519 AAAA" }],
  ["POST /api/v1/assets/:id/change-confirmation", ["system"], { accept: true }],
  ["GET /api/v1/accounts", ["system", "security", "audit"]],
  ["POST /api/v1/accounts", ["system"], { assetId: UUID, login: "root" }],
  ["PUT /api/v1/accounts/:id/credential", ["system"], { kind: "password", secret: "s" }],
  ["DELETE /api/v1/accounts/:id", ["system"]],
  ["GET /api/v1/entitlements", ["security", "audit"]],
  ["POST /api/v1/entitlements", ["security"], { personId: UUID, accountId: UUID, actions: ["ssh.shell"], to: null }],
  ["DELETE /api/v1/entitlements/:id", ["security"]],
  ["GET /api/v1/requests", ["operator", "approver", "security", "audit"]],
  ["POST /api/v1/requests", ["operator"], request],
  ["GET /api/v1/requests/:id", ["operator", "approver", "security", "audit"]],
  ["DELETE /api/v1/requests/:id", ["operator"]],
  ["POST /api/v1/requests/:id/approval", ["approver"], decision],
  ["GET /api/v1/grants", ["operator", "approver", "security", "audit"]],
  ["POST /api/v1/grants/:id/revocation", ["operator", "approver", "security"], because],
  ["GET /api/v1/sessions", ["operator", "approver", "security", "audit"]],
  ["POST /api/v1/sessions", ["operator"], { accountId: UUID, choices }],
  ["POST /api/v1/sessions/:id/ticket", ["operator"], { choices }],
  ["GET /api/v1/sessions/live", ["operator", "approver", "security", "audit"]],
  ["GET /api/v1/sessions/:id", ["operator", "approver", "security", "audit"]],
  ["POST /api/v1/sessions/:id/stop", ["operator", "approver", "security", "audit"], because],
  ["GET /api/v1/recordings/:id/index", ["audit"]],
  ["GET /api/v1/recordings/:id/segment?channel=0&fromUs=0&maxUs=1000", ["audit"]],
  ["GET /api/v1/recordings/:id/thumbnails?channel=0&atUs=0", ["audit"]],
  ["GET /api/v1/recordings/:id/guac?channel=0", ["audit"]],
  ["POST /api/v1/recordings/:id/verification", ["audit"]],
  ["GET /api/v1/recordings/:id/container", ["audit"]],
  ["GET /api/v1/recordings/:id/asciicast?channel=0", ["audit"]],
  ["GET /api/v1/recordings/:id/text?channel=0", ["audit"]],
  ["POST /api/v1/recordings/:id/input-openings", ["audit"], because],
  ["GET /api/v1/input-openings", ["audit"]],
  ["POST /api/v1/input-openings/:id/approval", ["audit"]],
  ["GET /api/v1/input-openings/:id/input", ["audit"]],
  ["GET /api/v1/search?q=rm", ["audit"]],
  ["GET /api/v1/audit/events", ["audit"]],
  ["GET /api/v1/audit/checkpoints", ["audit"]],
  ["GET /api/v1/audit/export", ["audit"]],
  ["GET /api/v1/retention", ["audit"]],
  ["POST /api/v1/retention/proposals", ["audit"], { days: 184, reason: "enough" }],
  ["GET /api/v1/holds", ["audit"]],
  ["POST /api/v1/holds", ["audit"], { sessionId: UUID, reason: "enough" }],
  ["POST /api/v1/holds/:id/release", ["audit"], because],
  ["GET /api/v1/alerts", ["system", "security", "audit"]],
  ["POST /api/v1/alerts/:id/acknowledgement", ["system", "security", "audit"]],
  ["POST /api/v1/alerts/:id/resolution", ["system", "security", "audit"], { resolution: "done" }],
  ["POST /api/v1/alerts/:id/closing", ["system", "security", "audit"]],
];

/** A directory's client comes in by its token alone. */
const SCIM_TABLE: readonly (readonly [string, unknown?])[] = [
  ["GET /scim/v2/ServiceProviderConfig"],
  ["GET /scim/v2/ResourceTypes"],
  ["GET /scim/v2/Schemas"],
  ["GET /scim/v2/Users"],
  ["GET /scim/v2/Users/:id"],
  ["POST /scim/v2/Users", { userName: "carol" }],
  ["PUT /scim/v2/Users/:id", { userName: "carol" }],
  ["PATCH /scim/v2/Users/:id", { Operations: [{ op: "replace", path: "active", value: false }] }],
  ["DELETE /scim/v2/Users/:id"],
  ["GET /scim/v2/Groups"],
  ["GET /scim/v2/Groups/:id"],
  ["POST /scim/v2/Groups", { displayName: "ops" }],
  ["PUT /scim/v2/Groups/:id", { displayName: "ops" }],
  ["PATCH /scim/v2/Groups/:id", { Operations: [{ op: "replace", path: "displayName", value: "ops" }] }],
  ["DELETE /scim/v2/Groups/:id"],
];
const TOKEN = "T".repeat(43);

let fake: FakeBroker;
let test: TestDoor;
beforeAll(async () => {
  const asked = (verb: string) => async () => {
    fake.calls.push(`scim.${verb}`);
    return verb.startsWith("list") ? { total: 0, items: [] } : refused("conflict");
  };
  const scim = new Proxy({} as ScimUseCases, {
    get: (_target, verb) =>
      verb === "enter"
        ? async (bearer: string) => (bearer === TOKEN ? done({ id: UUID }) : refused("unauthenticated"))
        : asked(String(verb)),
  });
  const offers = () => ({ oidc: null, ldap: false, firstTime: false });
  fake = createFakeBroker({ directories: { offers, scim } });
  for (const [login, [power, roles]] of Object.entries(PEOPLE)) fake.people.set(login, fakeActor(login, power, roles));
  test = await openDoor(fake.broker);
});
afterAll(() => test.door.close());

async function ask(line: string, who: string, body: unknown, more: Readonly<Record<string, string>> = {}) {
  const [method = "", path = ""] = line.split(" ");
  const before = fake.calls.length;
  const answer = await test.door.app.inject({
    method: method as "GET",
    url: path
      .replace("page-sessions/:id", `page-sessions/${"a".repeat(64)}`)
      .replace(":id", UUID)
      .replace("declarations/:kind", "declarations/recording")
      .replace(":kind", "people")
      .replace(":power", "audit")
      .replace(":token", TOKEN)
      .replace(":code", "7K3M-9QXT")
      .replace("/*", "/"),
    headers: { ...OWN_PAGE, ...more, ...(who === "nobody" ? {} : { cookie: `gatehouse=${who}` }) },
    ...(body === undefined ? {} : { payload: body as object }),
  });
  // Signing out must not end the person for the next row.
  if (who !== "nobody") fake.people.set(who, fakeActor(who, ...(PEOPLE[who] ?? [null, []])));
  return { answer, asked: fake.calls.slice(before) };
}

describe("who may use which route", () => {
  it("is written down for every route there is, and for no other", () => {
    const written = [...TABLE, ...SCIM_TABLE].map(([line]) => line.split("?")[0]).sort();
    const registered = test.door.routes.map(({ method, url }) => `${method} ${url}`).sort();
    expect(registered).toEqual(written);
    expect(registered.length).toBeGreaterThan(60);
  });

  it.for(TABLE)("%s", async ([line, allowed, body]) => {
    for (const who of EVERYONE) {
      const { answer, asked } = await ask(line, who, body);
      if (allowed.includes(who)) {
        expect([200, 204, 409], `${who}: ${answer.body}`).toContain(answer.statusCode);
        continue;
      }
      expect(answer.statusCode, who).toBe(who === "nobody" ? 401 : 403);
      expect(answer.json(), who).toMatchObject({ code: who === "nobody" ? "unauthenticated" : "forbidden" });
      expect(asked, `${who} reached a use case`).toEqual([]);
    }
  });

  it.for(SCIM_TABLE)("%s", async ([line, body]) => {
    for (const who of EVERYONE) {
      for (const bearer of [undefined, "gatehouse", `${TOKEN}x`, who]) {
        const { answer, asked } = await ask(
          line,
          who,
          body,
          bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
        );
        expect(answer.statusCode, who).toBe(401);
        expect(asked, `${who} reached a use case`).toEqual([]);
      }
    }
    const { answer, asked } = await ask(line, "nobody", body, { authorization: `Bearer ${TOKEN}` });
    expect([200, 409], answer.body).toContain(answer.statusCode);
    expect(asked.every((call) => call.startsWith("scim."))).toBe(true);
    expect(asked).toHaveLength(/Config|Types|Schemas/.test(line) ? 0 : 1);
  });

  it("is no person's route for a directory's token", async () => {
    const guarded = TABLE.filter(([line, allowed]) => line.includes("/api/") && !allowed.includes("nobody"));
    for (const [line, , body] of guarded) {
      const { answer, asked } = await ask(line, "nobody", body, { authorization: `Bearer ${TOKEN}` });
      expect(answer.statusCode, line).toBe(401);
      expect(asked, line).toEqual([]);
    }
  });

  it("asks the broker exactly once on each guarded route that lets someone in", async () => {
    const guarded = TABLE.filter(([line, allowed]) => line.includes("/api/") && !allowed.includes("nobody"));
    expect(guarded.length).toBeGreaterThan(50);
    for (const [line, allowed, body] of guarded) {
      const { asked } = await ask(line, allowed[0] ?? "", body);
      expect(asked, line).toHaveLength(1);
    }
  });

  it("is nothing but one's own name and password for who must change his password", async () => {
    const open = ["GET /api/v1/me", "POST /api/v1/me/password"];
    const guarded = TABLE.filter(([line, allowed]) => line.includes("/api/") && !allowed.includes("nobody"));
    for (const [line, allowed, body] of guarded) {
      const who = allowed[0] ?? "";
      fake.people.set(who, { ...fakeActor(who, ...(PEOPLE[who] ?? [null, []])), mustChangePassword: true });
      const { answer, asked } = await ask(line, who, body);
      if (open.includes(line)) {
        expect(asked, line).toHaveLength(1);
        continue;
      }
      expect(answer.json(), line).toMatchObject({ code: "password-expired" });
      expect(asked, line).toEqual([]);
    }
  });

  it("stops the start when a route says nothing about who may use it", async () => {
    const app = fastify();
    app.addHook("onRoute", collectRoutes([]));
    expect(() => app.get("/open", () => "anyone")).toThrow("declares no access");
    await app.close();
  });
});
