/** Alive, ready, measured. */
import { describe, expect, it } from "vitest";
import { createFakeBroker, withPeople } from "../../test/support/fake-broker-http.js";
import { doorOf, openDoor } from "../../test/support/http-door.js";

describe("the gate's own state", () => {
  it("is alive without asking anybody, and ready only when it says so", async () => {
    for (const [ready, status] of [
      [async () => true, 200],
      [async () => false, 503],
      [() => Promise.reject(new Error("away")), 503],
    ] as const) {
      const { door } = await openDoor(createFakeBroker().broker, { ready });
      expect((await door.app.inject({ url: "/healthz" })).statusCode).toBe(200);
      const answer = await door.app.inject({ url: "/readyz" });
      expect(answer.statusCode).toBe(status);
      expect(answer.json()).toEqual({ ok: status === 200 });
      await door.close();
    }
  });

  it("is measured for this machine and for a system administrator, and for nobody else", async () => {
    const { door } = await doorOf(withPeople(createFakeBroker()), { trustedProxy: ["10.0.0.1", "127.0.0.9"] });
    const ask = (remoteAddress: string, headers: Record<string, string> = {}) =>
      door.app.inject({ url: "/metrics", remoteAddress, headers });
    expect((await ask("127.0.0.1")).statusCode).toBe(200);
    const away: [string, Record<string, string>, number][] = [
      ["10.0.0.1", {}, 401],
      ["127.0.0.1", { "x-forwarded-for": "203.0.113.1" }, 401],
      ["127.0.0.9", { forwarded: "for=203.0.113.1" }, 401],
      // A proxy on this machine that adds no header speaks for others too; so may a browser here, led by a foreign name.
      ["127.0.0.9", {}, 401],
      ["127.0.0.1", { host: "rebound.example:8080" }, 401],
      ["10.0.0.1", { cookie: "gatehouse=operator" }, 403],
      ["10.0.0.1", { cookie: "gatehouse=audit" }, 403],
      ["10.0.0.1", { cookie: "gatehouse=system" }, 200],
      ["203.0.113.1", { cookie: "gatehouse=system" }, 403],
    ];
    for (const [address, headers, status] of away) {
      expect((await ask(address, headers)).statusCode, `${address} ${JSON.stringify(headers)}`).toBe(status);
    }
  });

  it("counts requests by route, never by what was asked", async () => {
    const { door } = await doorOf(withPeople(createFakeBroker()));
    await door.app.inject({ url: "/api/v1/assets?q=secret-name", headers: { cookie: "gatehouse=system" } });
    await door.app.inject({ url: "/secret-path.js" });
    const { body } = await door.app.inject({ url: "/metrics" });
    expect(body).toContain('gatehouse_http_requests_total{method="GET",route="/api/v1/assets",status="409"} 1');
    expect(body).toContain("gatehouse_sessions_live 0");
    expect(body).not.toContain("secret");
  });
});
