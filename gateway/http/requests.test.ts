/** What marks a request as our own page's, and the cookie that says who it is. */
import { describe, expect, it } from "vitest";
import { createFakeBroker, fakeActor, withPeople } from "../../test/support/fake-broker-http.js";
import { doorOf, OWN_PAGE } from "../../test/support/http-door.js";
import { done } from "../domain/index.js";

const signIn = { login: "alice", password: "secret", code: "123456" };
describe("a changing request", () => {
  it.each([
    ["without our header", { origin: OWN_PAGE.origin }],
    ["with another value in it", { ...OWN_PAGE, "x-gatehouse": "2" }],
    ["from a foreign origin", { ...OWN_PAGE, origin: "http://evil.example" }],
    ["from an opaque origin", { ...OWN_PAGE, origin: "null" }],
    ["from another port of the same host", { ...OWN_PAGE, origin: "http://localhost:8081" }],
    ["that the browser calls cross-site", { ...OWN_PAGE, "sec-fetch-site": "cross-site" }],
    ["that the browser calls same-site", { ...OWN_PAGE, "sec-fetch-site": "same-site" }],
  ])("%s is refused before anything is asked", async (_name, headers) => {
    const fake = withPeople(createFakeBroker());
    const { door } = await doorOf(fake);
    for (const [method, url, payload] of [
      ["POST", "/api/v1/auth/session", signIn],
      ["DELETE", "/api/v1/auth/session", undefined],
      ["PUT", "/api/v1/me/locale", { locale: "en" }],
    ] as const) {
      const answer = await door.app.inject({
        method,
        url,
        headers: { ...headers, cookie: "gatehouse=audit" },
        ...(payload ? { payload } : {}),
      });
      expect(answer.statusCode).toBe(403);
      expect(answer.json()).toMatchObject({ code: "cross-site" });
    }
    expect(fake.calls).toEqual([]);
  });

  it("is taken from our own page, and from a script that has no origin", async () => {
    const fake = withPeople(createFakeBroker());
    const { door } = await doorOf(fake);
    for (const headers of [OWN_PAGE, { "x-gatehouse": "1" }]) {
      const answer = await door.app.inject({
        method: "PUT",
        url: "/api/v1/me/locale",
        headers: { ...headers, cookie: "gatehouse=audit" },
        payload: { locale: "en" },
      });
      expect(answer.statusCode).toBe(409);
    }
    expect(fake.calls).toEqual(["identity.setLocale", "identity.setLocale"]);
  });
});

describe("the session cookie", () => {
  const actor = fakeActor("alice", null, ["operator"]);
  const signing = () => {
    const seen: unknown[] = [];
    const fake = createFakeBroker({
      identity: {
        signInWeb: async (input) => {
          seen.push(input);
          return done({ actor, cookie: "fresh-value", expiresAt: 1_700_000_000_000 + 3_600_000 });
        },
      },
    });
    return { fake, seen };
  };

  it("is new at every sign-in, ends the one before, and cannot be read or sent elsewhere", async () => {
    const { fake, seen } = signing();
    const { door } = await doorOf(fake);
    const answer = await door.app.inject({
      method: "POST",
      url: "/api/v1/auth/session",
      headers: { ...OWN_PAGE, cookie: "gatehouse=planted" },
      payload: signIn,
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["set-cookie"]).toBe("gatehouse=fresh-value; Max-Age=3600; Path=/; HttpOnly; SameSite=Strict");
    expect(seen).toMatchObject([{ previous: "planted", via: "web", sourceAddress: "127.0.0.1" }]);
    expect(answer.json()).toMatchObject({ actor: { login: "alice", roles: ["operator"] } });
    expect(answer.body).not.toContain("fresh-value");
    expect(answer.json().actor).not.toHaveProperty("sourceAddress");
  });

  it("carries the __Host- name and Secure over https", async () => {
    const { fake } = signing();
    const { door } = await doorOf(fake, { publicUrl: "https://gate.example" });
    const headers = { ...OWN_PAGE, origin: "https://gate.example" };
    const answer = await door.app.inject({ method: "POST", url: "/api/v1/auth/session", headers, payload: signIn });
    expect(answer.headers["set-cookie"]).toMatch(
      /^__Host-gatehouse=fresh-value; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(answer.headers["strict-transport-security"]).toBe("max-age=31536000");
    fake.people.set("fresh-value", actor);
    const me = (cookie: string) => door.app.inject({ url: "/api/v1/me", headers: { cookie } });
    expect((await me("__Host-gatehouse=fresh-value")).statusCode).toBe(200);
    expect((await me("gatehouse=fresh-value")).statusCode).toBe(401);
  });

  it("is dead at sign-out, also when there is none", async () => {
    const fake = withPeople(createFakeBroker());
    const { door } = await doorOf(fake);
    const out = (headers: object) =>
      door.app.inject({ method: "DELETE", url: "/api/v1/auth/session", headers: { ...OWN_PAGE, ...headers } });
    const answer = await out({ cookie: "gatehouse=audit" });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers["set-cookie"]).toMatch(/^gatehouse=; Max-Age=0;/);
    expect((await door.app.inject({ url: "/api/v1/me", headers: { cookie: "gatehouse=audit" } })).statusCode).toBe(401);
    expect((await out({})).statusCode).toBe(204);
  });

  it("counts as none when it stands twice or holds what we never made", async () => {
    const { door } = await doorOf(withPeople(createFakeBroker()));
    for (const cookie of [
      "gatehouse=audit; gatehouse=audit",
      'gatehouse="audit"',
      "gatehouse=",
      `gatehouse=${"a".repeat(300)}`,
      "gatehouse=au%64it",
    ]) {
      expect((await door.app.inject({ url: "/api/v1/me", headers: { cookie } })).statusCode, cookie).toBe(401);
    }
    expect(
      (await door.app.inject({ url: "/api/v1/me", headers: { cookie: "other=1; gatehouse=audit" } })).statusCode,
    ).toBe(200);
  });
});

describe("a reading that the page does by itself", () => {
  it("is no use of the sign-in; a change is, whatever it says of itself", async () => {
    const fake = withPeople(createFakeBroker());
    const { identity } = fake.broker;
    const resume = identity.resume.bind(identity);
    const quietly: unknown[] = [];
    (identity as { resume: typeof resume }).resume = (cookie, address, more) => {
      quietly.push(more?.quietly);
      return resume(cookie, address);
    };
    const { door } = await doorOf(fake);
    const own = { ...OWN_PAGE, cookie: "gatehouse=audit" };
    const alone = { ...own, "x-gatehouse-unattended": "1" };
    await door.app.inject({ url: "/api/v1/me", headers: own });
    await door.app.inject({ url: "/api/v1/me", headers: alone });
    await door.app.inject({ method: "PUT", url: "/api/v1/me/locale", headers: alone, payload: { locale: "en" } });
    expect(quietly).toEqual([false, true, false]);
  });
});
