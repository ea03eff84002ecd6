/** Plain HTTP and proxies, and the page that is served. */
import { describe, expect, it } from "vitest";
import { createFakeBroker } from "../../test/support/fake-broker-http.js";
import { doorOf, OWN_PAGE } from "../../test/support/http-door.js";
import { GatehouseError, refused } from "../domain/index.js";
import { createHttp, type HttpConfig } from "./index.js";

describe("plain HTTP", () => {
  const refuse = (config: Partial<HttpConfig>) => () =>
    createHttp({
      broker: createFakeBroker().broker,
      staticFolder: "/nonexistent",
      metrics: { contentType: "text/plain", text: async () => "" },
      ready: async () => true,
      clock: { now: () => 0, monotonicUs: () => 0 },
      log: () => undefined,
      config: {
        listen: { host: "0.0.0.0", port: 0 },
        trustedProxy: [],
        demo: false,
        publicUrl: "http://gate.example",
        sshPublic: { host: "g", port: 22 },
        ...config,
      },
    });

  it("on any address but loopback is refused without TLS and without a named proxy", () => {
    expect(refuse({})).toThrow(GatehouseError);
    expect(refuse({ listen: { host: "::", port: 0 } })).toThrow(GatehouseError);
    expect(refuse({ listen: { host: "192.0.2.1", port: 0 } })).toThrow(GatehouseError);
    expect(refuse({ listen: { host: "localhost", port: 0 } })).not.toThrow();
    expect(refuse({ trustedProxy: ["10.0.0.0/8"] })).not.toThrow();
  });

  it("behind a proxy is served to that proxy alone, and believes its word about the address", async () => {
    const seen: string[] = [];
    const fake = createFakeBroker({
      identity: { resume: async (_cookie, address) => (seen.push(address), refused("unauthenticated")) },
    });
    const { door } = await doorOf(fake, { trustedProxy: ["10.1.0.0/16", "fd00::1"] });
    const ask = (remoteAddress: string, forwarded?: string) =>
      door.app.inject({
        url: "/api/v1/me",
        remoteAddress,
        headers: { cookie: "gatehouse=x", ...(forwarded === undefined ? {} : { "x-forwarded-for": forwarded }) },
      });
    expect((await ask("203.0.113.9", "127.0.0.1")).json()).toMatchObject({ code: "forbidden" });
    expect(seen).toEqual([]);
    await ask("10.1.2.3", "203.0.113.5");
    await ask("::ffff:10.1.2.3", "198.51.100.1, 203.0.113.6");
    await ask("10.1.2.3", "evil, 10.1.9.9");
    await ask("fd00::1", "2001:db8::7");
    await ask("127.0.0.1", "203.0.113.7");
    expect(seen).toEqual(["203.0.113.5", "203.0.113.6", "10.1.9.9", "2001:db8::7", "127.0.0.1"]);
  });
});

describe("the page", () => {
  it("is sent for any of its paths, never cached; its hashed files are kept; nothing else leaves", async () => {
    const { door } = await doorOf(createFakeBroker());
    for (const url of ["/", "/index.html", "/sessions/abc?t=12", "/access/ask"]) {
      const answer = await door.app.inject({ url });
      expect(answer.statusCode, url).toBe(200);
      expect(answer.headers, url).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
      });
      expect(answer.body).toContain("Gatehouse");
    }
    const asset = await door.app.inject({ url: "/assets/index-abc123.js" });
    expect(asset.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    for (const url of [
      "/assets/none.js",
      "/.secret",
      "/%2e%2e/%2e%2e/etc/passwd.txt",
      "/a%00.js",
      "/api/v1/none",
      "/api/none",
      "/api/v2/me",
    ]) {
      const answer = await door.app.inject({ url });
      expect(answer.statusCode, url).toBe(404);
      expect(answer.json(), url).toMatchObject({ code: "not-found" });
    }
    expect((await door.app.inject({ method: "POST", url: "/", headers: OWN_PAGE })).statusCode).toBe(404);
  });

  it("may run only its own scripts, be framed nowhere and send nothing elsewhere", async () => {
    const { door } = await doorOf(createFakeBroker());
    const { headers } = await door.app.inject({ url: "/" });
    const policy = new Map(
      String(headers["content-security-policy"])
        .split(";")
        .map((line) => [line.split(" ")[0], line.split(" ").slice(1).join(" ")]),
    );
    expect(policy.get("default-src")).toBe("'none'");
    expect(policy.get("script-src")).toBe("'self'");
    expect(policy.get("connect-src")).toBe("'self'");
    expect(policy.get("frame-ancestors")).toBe("'none'");
    expect(policy.get("base-uri")).toBe("'none'");
    // A desktop's cursor is a data: image; sound, frames and foreign pictures fall under default-src.
    expect(policy.get("img-src")).toBe("'self' data:");
    for (const name of ["media-src", "frame-src", "child-src"]) expect(policy.has(name), name).toBe(false);
    expect(headers).toMatchObject({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
    });
    const allowed = new Map(
      String(headers["permissions-policy"])
        .split(", ")
        .map((one) => one.split("=") as [string, string]),
    );
    for (const name of ["clipboard-read", "clipboard-write", "fullscreen"])
      expect(allowed.get(name), name).toBe("(self)");
    for (const name of ["camera", "microphone", "display-capture", "usb"]) expect(allowed.get(name), name).toBe("()");
    expect(headers).not.toHaveProperty("strict-transport-security");
    expect(headers).not.toHaveProperty("x-gatehouse-demo");
  });

  it("of a demo says so in every answer", async () => {
    const { door } = await doorOf(createFakeBroker(), { demo: true });
    for (const url of ["/", "/api/v1/me", "/api/v1/none"])
      expect((await door.app.inject({ url })).headers["x-gatehouse-demo"], url).toBe("1");
  });
});
