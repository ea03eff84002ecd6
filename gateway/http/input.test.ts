/** What comes in: bodies, queries and paths that are malformed, oversized or odd. */
import net from "node:net";
import { describe, expect, it } from "vitest";
import { createFakeBroker, UUID, withPeople } from "../../test/support/fake-broker-http.js";
import { doorOf, OWN_PAGE } from "../../test/support/http-door.js";
import { done } from "../domain/index.js";

describe("a body", () => {
  const post = async (payload: string | Buffer | undefined, type = "application/json", cookie = "gatehouse=system") => {
    const fake = withPeople(createFakeBroker());
    const { door, lines } = await doorOf(fake);
    const answer = await door.app.inject({
      method: "POST",
      url: "/api/v1/assets",
      headers: { ...OWN_PAGE, cookie, "content-type": type },
      ...(payload === undefined ? {} : { payload }),
    });
    expect(fake.calls).toEqual([]);
    expect(lines).toEqual([]);
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(answer.body).not.toContain("node_modules");
    return answer;
  };

  it.each([
    ["malformed", '{"name": '],
    ["missing", undefined],
    ["not an object", "[1]"],
    ["of deep nesting", "[".repeat(100_000) + "]".repeat(100_000)],
    ["with a poisoned prototype", '{"__proto__": {"name": "x"}}'],
    ["with a poisoned constructor", '{"constructor": {"prototype": {}}}'],
    [
      "with an unknown key",
      '{"name":"a","protocol":"ssh","host":"h","port":22,"description":"","legacyAlgorithms":false,"<b>x</b>":1}',
    ],
  ])("that is %s is refused with 400 and not repeated", async (_name, payload) => {
    const answer = await post(payload);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: "invalid-input" });
    expect(answer.body).not.toContain("<b>");
  });

  it("names the field at fault", async () => {
    const valid = { name: "web-01", protocol: "ssh", host: "h", port: 22, description: "", legacyAlgorithms: false };
    expect((await post(JSON.stringify({ ...valid, port: 70_000 }))).json()).toMatchObject({
      code: "invalid-input",
      field: "port",
    });
    for (const name of ["a\0b", "a\nb", "../etc", "a\u001b[31m", "a\u202eb", "A", "a".repeat(64), ""]) {
      expect((await post(JSON.stringify({ ...valid, name }))).json(), JSON.stringify(name)).toMatchObject({
        field: "name",
      });
    }
    for (const host of ["a b", "a\0b", "a\n", "\u001b[2J", "x".repeat(254), ""]) {
      expect((await post(JSON.stringify({ ...valid, host }))).json(), JSON.stringify(host)).toMatchObject({
        field: "host",
      });
    }
  });

  it("of another type than JSON is refused with 415", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "application/jsonp",
    ]) {
      const answer = await post("{}", type);
      expect(answer.statusCode, type).toBe(415);
      expect(answer.json()).toMatchObject({ code: "media-type" });
    }
  });

  it("of 10 MB is refused with 413, and is not even read from a stranger", async () => {
    const large = Buffer.alloc(10 * 1024 * 1024, 0x20);
    const answer = await post(large);
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ code: "body-too-large" });
    expect((await post(large, "application/json", "gatehouse=nobody")).statusCode).toBe(401);
  });

  it("of 10 MB without a stated length is cut off over a real socket", async () => {
    const fake = withPeople(createFakeBroker());
    const { door } = await doorOf(fake);
    const { port } = await door.listen();
    const socket = net.connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("error", () => undefined);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(
      "POST /api/v1/assets HTTP/1.1\r\nHost: x\r\nx-gatehouse: 1\r\nCookie: gatehouse=system\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const chunk = `10000\r\n${"a".repeat(0x10000)}\r\n`;
    for (let count = 0; count < 160 && !socket.destroyed; count += 1) {
      socket.write(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
    expect(text).toMatch(/^HTTP\/1.1 413 /);
    expect(fake.calls).toEqual([]);
  });
});

describe("a query and a path", () => {
  it.each([
    "/api/v1/assets/not-a-uuid",
    `/api/v1/assets/${UUID}%00`,
    "/api/v1/assets?limit=0",
    "/api/v1/assets?limit=201",
    "/api/v1/assets?limit=1e2",
    "/api/v1/assets?limit=%201",
    "/api/v1/assets?limit=1&limit=2",
    "/api/v1/assets?q=a&q=b",
    "/api/v1/assets?unknown=1",
    "/api/v1/assets?q=%00",
    "/api/v1/assets?q=%1b%5b31m",
    `/api/v1/assets?q=${"a".repeat(201)}`,
    `/api/v1/assets?cursor=${"a".repeat(513)}`,
    "/api/v1/audit/events?verb=session.conjured",
    "/api/v1/audit/events?verb=constructor",
  ])("%s is refused", async (url) => {
    const fake = withPeople(createFakeBroker());
    const { door } = await doorOf(fake);
    const who = url.includes("/audit/") ? "audit" : "system";
    const answer = await door.app.inject({ url, headers: { cookie: `gatehouse=${who}` } });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: "invalid-input" });
    expect(fake.calls).toEqual([]);
  });

  it("reaches the use case as numbers and flags", async () => {
    const asked: unknown[] = [];
    const fake = withPeople(
      createFakeBroker({
        assets: { list: async (_actor, input) => (asked.push(input), done({ items: [], next: null })) },
        audit: { alerts: async (_actor, input) => (asked.push(input), done({ items: [], next: null })) },
      }),
    );
    const { door } = await doorOf(fake);
    await door.app.inject({
      url: "/api/v1/assets?limit=7&q=%E7%BD%91&cursor=abc",
      headers: { cookie: "gatehouse=system" },
    });
    await door.app.inject({ url: "/api/v1/alerts?open=false", headers: { cookie: "gatehouse=system" } });
    await door.app.inject({ url: "/api/v1/assets", headers: { cookie: "gatehouse=system" } });
    expect(asked).toEqual([{ limit: 7, q: "网", cursor: "abc" }, { open: false }, {}]);
  });
});
