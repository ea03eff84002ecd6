/** What goes out: only what the schema names, problems with a stable code, and no more than the limits allow. */
import { describe, expect, it } from "vitest";
import { createFakeBroker, UUID, withPeople } from "../../test/support/fake-broker-http.js";
import { doorOf, OWN_PAGE } from "../../test/support/http-door.js";
import { asId, done, GatehouseError, refused } from "../domain/index.js";

const signIn = { login: "alice", password: "secret", code: "123456" };
describe("an answer", () => {
  it("drops what the schema does not name, so that no sealed column leaves", async () => {
    const account = {
      id: asId<never>(UUID),
      assetId: asId<never>(UUID),
      unitId: asId<never>(UUID),
      login: "root",
      credentialKind: "password",
      credentialPin: null,
      credentialTestedAt: null,
      state: "active",
      createdAt: 0,
      createdBy: null,
      assetName: "<img src=x onerror=alert(1)>",
      protocol: "ssh",
      hasCredential: true,
      credentialBound: true,
      credentialSealed: "SEALED",
    } as const;
    const fake = withPeople(
      createFakeBroker({ assets: { listAccounts: async () => done({ items: [account], next: null }) } }),
    );
    const { door } = await doorOf(fake);
    const answer = await door.app.inject({ url: "/api/v1/accounts", headers: { cookie: "gatehouse=system" } });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).not.toContain("SEALED");
    // Markup is data: it travels as JSON that nothing sniffs into a page.
    expect(answer.json().items[0].assetName).toBe("<img src=x onerror=alert(1)>");
    expect(answer.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
  });

  it("is a problem document with a stable code, and tells how long to wait", async () => {
    const fake = createFakeBroker({
      identity: { signInWeb: async () => refused("too-many-tries", { retryAfterMs: 1_500 }) },
    });
    const { door } = await doorOf(fake);
    const answer = await door.app.inject({
      method: "POST",
      url: "/api/v1/auth/session",
      headers: OWN_PAGE,
      payload: signIn,
    });
    expect(answer.statusCode).toBe(429);
    expect(answer.headers["retry-after"]).toBe("2");
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.json()).toEqual({
      type: "urn:gatehouse:problem:too-many-tries",
      title: "too many tries, wait a little",
      status: 429,
      code: "too-many-tries",
      retryAfterMs: 1_500,
      instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/) as string,
    });
  });

  it("says 401 for signed out alone: a wrong password is 403", async () => {
    const fake = createFakeBroker({ identity: { signInWeb: async () => refused("sign-in-refused") } });
    const { door } = await doorOf(fake);
    const answer = await door.app.inject({
      method: "POST",
      url: "/api/v1/auth/session",
      headers: OWN_PAGE,
      payload: signIn,
    });
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ code: "sign-in-refused" });
  });

  it("hides what failed inside, and logs it once without what was sent", async () => {
    const fail = (error: Error) => withPeople(createFakeBroker({ assets: { list: () => Promise.reject(error) } }));
    for (const [error, status, code] of [
      [new Error("password=hunter2 at /srv"), 500, "internal"],
      [new GatehouseError("storage-unavailable", "the database does not answer"), 503, "storage-unavailable"],
    ] as const) {
      const { door, lines } = await doorOf(fail(error));
      const answer = await door.app.inject({
        url: "/api/v1/assets?q=tell-nobody",
        headers: { cookie: "gatehouse=system" },
      });
      expect(answer.statusCode).toBe(status);
      expect(answer.json()).toMatchObject({ code });
      expect(answer.body).not.toMatch(/hunter2|srv|stack|at /);
      expect(lines).toHaveLength(1);
      expect(JSON.stringify(lines)).not.toContain("tell-nobody");
      expect(answer.json().instance).toContain(lines[0]?.detail["request"]);
    }
  });
});

describe("limits", () => {
  it("slow one address down and leave others alone", async () => {
    const fake = createFakeBroker();
    const { door } = await doorOf(fake, { requestsPerMinute: 5 });
    const ask = (remoteAddress: string) => door.app.inject({ url: "/api/v1/auth/installation", remoteAddress });
    for (let count = 0; count < 5; count += 1) expect((await ask("127.0.0.2")).statusCode).toBe(200);
    const answer = await ask("127.0.0.2");
    expect(answer.statusCode).toBe(429);
    expect(answer.json()).toMatchObject({ code: "too-many-tries", retryAfterMs: expect.any(Number) as number });
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect((await ask("127.0.0.3")).statusCode).toBe(200);
  });

  it("are tighter where a secret is tried, also for guesses with a wrong form", async () => {
    const fake = createFakeBroker({ identity: { signInWeb: async () => refused("sign-in-refused") } });
    const { door } = await doorOf(fake, { triesPerMinute: 3 });
    const ask = (payload: object) =>
      door.app.inject({ method: "POST", url: "/api/v1/auth/session", headers: OWN_PAGE, payload });
    expect((await ask(signIn)).statusCode).toBe(403);
    expect((await ask({})).statusCode).toBe(400);
    expect((await ask(signIn)).statusCode).toBe(403);
    expect((await ask(signIn)).statusCode).toBe(429);
    expect((await door.app.inject({ url: "/api/v1/auth/installation" })).statusCode).toBe(200);
  });
});
