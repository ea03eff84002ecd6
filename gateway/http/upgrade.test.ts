/** The one door for upgrades: who passes, and that nothing malformed does harm. */
import net from "node:net";
import { describe, expect, it } from "vitest";
import { createFakeBroker, fakeActor, withPeople, type FakeBroker } from "../../test/support/fake-broker-http.js";
import { doorOf, OWN_PAGE } from "../../test/support/http-door.js";
import { done } from "../domain/index.js";
import type { HttpConfig } from "./index.js";
import { DESKTOP_PATH, DESKTOP_PROTOCOL, TICKET_PROTOCOL_PREFIX } from "./contract/index.js";
import { UPGRADE_LIMITS, type UpgradeCall } from "./upgrade.js";

const GOOD = {
  Host: "localhost",
  Origin: "http://localhost:8080",
  Cookie: "gatehouse=audit",
  Connection: "Upgrade",
  Upgrade: "websocket",
};

async function bench(fake: FakeBroker = withPeople(createFakeBroker()), config: Partial<HttpConfig> = {}) {
  const calls: UpgradeCall[] = [];
  const { door, lines } = await doorOf(fake, config);
  door.registerUpgrade("/live", (call) => {
    calls.push(call);
    // As a WebSocket does: what arrives is read, and an end is answered.
    call.socket.resume().once("end", () => call.socket.end());
    call.socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
  });
  const { port } = await door.listen();
  /** Sends the bytes and answers the first line, or "" when the gate said nothing and closed. */
  const send = (
    bytes: string,
  ): Promise<{
    readonly line: string;
    readonly rest: string;
    readonly socket: net.Socket;
    readonly closed: Promise<void>;
  }> =>
    new Promise((resolve) => {
      const socket = net.connect(port, "127.0.0.1");
      const closed = new Promise<void>((over) => socket.once("close", () => over()));
      socket.on("error", () => undefined);
      socket.once("data", (chunk: Buffer) => {
        const [line = "", ...rest] = chunk.toString("latin1").split("\r\n");
        resolve({ line, rest: rest.join("\n"), socket, closed });
      });
      socket.once("close", () => resolve({ line: "", rest: "", socket, closed }));
      socket.write(bytes);
    });
  const upgrade = (headers: Record<string, string | undefined> = {}, target = "/live") => {
    const lines = Object.entries({ ...GOOD, ...headers }).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`],
    );
    return send([`GET ${target} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
  };
  return { door, lines, calls, port, send, upgrade };
}

describe("an upgrade", () => {
  it("is handed on with the person behind the cookie", async () => {
    const { upgrade, calls } = await bench();
    expect((await upgrade()).line).toBe("HTTP/1.1 101 Switching Protocols");
    expect((await upgrade({}, "/live/?EIO=4")).line).toBe("HTTP/1.1 101 Switching Protocols");
    expect(calls.map(({ actor }) => actor.login)).toEqual(["audit", "audit"]);
  });

  it.each([
    ["without a cookie", { Cookie: undefined }, "401"],
    ["with a dead cookie", { Cookie: "gatehouse=old" }, "401"],
    ["with two cookies", { Cookie: "gatehouse=audit; gatehouse=audit" }, "401"],
    ["without an origin", { Origin: undefined }, "403"],
    ["from a foreign origin", { Origin: "http://localhost.evil.example" }, "403"],
    ["from an opaque origin", { Origin: "null" }, "403"],
    ["to another protocol", { Upgrade: "h2c" }, "400"],
  ])("%s is refused and closed", async (_name, headers, status) => {
    const { upgrade, calls } = await bench();
    const { line, closed } = await upgrade(headers);
    expect(line).toContain(` ${status} `);
    await closed;
    expect(calls).toEqual([]);
  });

  it.each([
    "/",
    "/live2",
    "/live/x",
    "//live",
    "/api/v1/me",
    "/LIVE",
    "/live%00",
    "http://evil.example/live",
    "*",
    `/${"a".repeat(8_000)}`,
  ])("on %s is answered 404 and closed", async (target) => {
    const { upgrade, calls } = await bench();
    const { line, closed } = await upgrade({}, target);
    expect(line).toMatch(/ 40[04] /);
    await closed;
    expect(calls).toEqual([]);
  });

  it("that is malformed, huge or broken off leaves the gate as it was", async () => {
    const { send, upgrade, port } = await bench();
    const odd = [
      "GET /live HTTP/1.1\r\nUpgrade\r\n\r\n",
      "GET /live HTTP/9.9\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "POST /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello",
      `GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: ${"a".repeat(70_000)}\r\n\r\n`,
      "GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: gatehouse=\u0001\r\n\r\n",
      "\u0016\u0003\u0001\u0002\u0000\u0001",
    ];
    for (const bytes of odd) expect((await send(bytes)).line).toMatch(/^(HTTP\/1.1 4\d\d .*)?$/);
    for (let count = 0; count < 20; count += 1) {
      const socket = net.connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(
        "GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: gatehouse=audit\r\n\r\n",
      );
      socket.resetAndDestroy();
    }
    expect((await upgrade()).line).toContain(" 101 ");
  });

  it("is refused when the database does not answer, and logged once", async () => {
    const fake = createFakeBroker({ identity: { resume: () => Promise.reject(new Error("away")) } });
    const { upgrade, lines } = await bench(fake);
    expect((await upgrade()).line).toContain(" 503 ");
    expect(lines).toHaveLength(1);
  });

  it("is refused beyond a person's few, until one of them is closed", async () => {
    const { upgrade } = await bench();
    const open = [];
    for (let count = 0; count < UPGRADE_LIMITS.perPerson; count += 1) open.push(await upgrade());
    expect(open.every(({ line }) => line.includes(" 101 "))).toBe(true);
    expect((await upgrade()).line).toContain(" 429 ");
    expect((await upgrade({ Cookie: "gatehouse=operator" })).line).toContain(" 101 ");
    open[0]?.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await upgrade()).line).toContain(" 101 ");
  });

  it("that waits for its look-up counts against its address", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const fake = withPeople(createFakeBroker());
    const { identity } = fake.broker;
    const resume = identity.resume.bind(identity);
    (identity as { resume: typeof resume }).resume = async (...input) => {
      await held;
      return resume(...input);
    };
    const { upgrade } = await bench(fake);
    const waiting = Array.from({ length: UPGRADE_LIMITS.pendingPerAddress }, () => upgrade());
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await upgrade()).line).toContain(" 429 ");
    release();
    for (const { line } of await Promise.all(waiting)) expect(line).toContain(" 101 ");
  });

  it("ends when its cookie does: at sign-out and when a sign-in replaces it", async () => {
    const actor = fakeActor("a", null, []);
    const signInWeb = async () => done({ actor, cookie: "fresh", expiresAt: 2_000_000_000_000 });
    const { upgrade, door } = await bench(withPeople(createFakeBroker({ identity: { signInWeb } })));
    const first = await upgrade();
    await door.app.inject({
      method: "DELETE",
      url: "/api/v1/auth/session",
      headers: { ...OWN_PAGE, cookie: "gatehouse=audit" },
    });
    await first.closed;
    const second = await upgrade({ Cookie: "gatehouse=operator" });
    const payload = { login: "a", password: "b", code: "000000" };
    await door.app.inject({
      method: "POST",
      url: "/api/v1/auth/session",
      headers: { ...OWN_PAGE, cookie: "gatehouse=operator" },
      payload,
    });
    await second.closed;
  });

  it("ends within two seconds when its cookie dies for another reason, without keeping it alive by asking", async () => {
    const fake = withPeople(createFakeBroker());
    const { identity } = fake.broker;
    const resume = identity.resume.bind(identity);
    const quiet: unknown[] = [];
    (identity as { resume: typeof resume }).resume = (cookie, address, more) => {
      quiet.push(more?.quietly);
      return resume(cookie, address);
    };
    const { upgrade } = await bench(fake);
    const { closed } = await upgrade();
    fake.people.delete("audit");
    const from = performance.now();
    await closed;
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(quiet).toEqual([true, true]);
  });

  it("ends when nobody can say for three seconds whether its cookie still stands", async () => {
    const fake = withPeople(createFakeBroker());
    const { upgrade, lines } = await bench(fake);
    const { closed } = await upgrade();
    (fake.broker.identity as { resume: unknown }).resume = () => Promise.reject(new Error("away"));
    await closed;
    expect(lines).toHaveLength(1);
  });

  it("that goes wrong after it was handed on ends alone", async () => {
    const { door, upgrade, lines } = await bench();
    door.registerUpgrade("/late", async ({ socket }) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
      await Promise.reject(new Error("the desktop is gone"));
    });
    door.registerUpgrade("/never", () => {
      throw new Error("the desktop never was");
    });
    const other = await upgrade();
    const { line, closed } = await upgrade({}, "/late");
    expect(line).toContain(" 101 ");
    await closed;
    expect((await upgrade({}, "/never")).line).toContain(" 503 ");
    expect(lines.map(({ message }) => message)).toEqual(["an upgrade failed", "an upgrade failed"]);
    expect(other.socket.destroyed).toBe(false);
  });

  it("ends when the door closes", async () => {
    const { upgrade, door } = await bench();
    const { closed } = await upgrade();
    await door.close();
    await closed;
  });
});

describe("a desktop's ticket", () => {
  const TICKET = "dGhpcyBpcyBhIHRpY2tldCBvZiAyNTYgYml0cyE";
  const offer = { "Sec-WebSocket-Protocol": `${DESKTOP_PROTOCOL}, ${TICKET_PROTOCOL_PREFIX}${TICKET}` };

  it("reaches the door in its header, with the person of the page session", async () => {
    const { door, upgrade } = await bench();
    const seen: unknown[] = [];
    door.registerUpgrade(DESKTOP_PATH, ({ req, socket, actor }) => {
      seen.push([req.headers["sec-websocket-protocol"], actor.login]);
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    const { line, closed } = await upgrade({ ...offer, Cookie: "gatehouse=operator" }, DESKTOP_PATH);
    expect(line).toBe("HTTP/1.1 403 Forbidden");
    await closed;
    expect(seen).toEqual([[offer["Sec-WebSocket-Protocol"], "operator"]]);
  });

  it("is settled after origin and cookie: without them the door is not asked", async () => {
    const { door, upgrade } = await bench();
    let asked = 0;
    door.registerUpgrade(DESKTOP_PATH, () => void (asked += 1));
    for (const [headers, status] of [
      [{ Cookie: undefined }, 401],
      [{ Cookie: "gatehouse=old" }, 401],
      [{ Origin: undefined }, 403],
      [{ Origin: "http://evil.example" }, 403],
    ] as const)
      expect((await upgrade({ ...offer, ...headers }, DESKTOP_PATH)).line).toContain(` ${String(status)} `);
    expect(asked).toBe(0);
  });

  it("stands in no log and no answer, whatever goes wrong", async () => {
    const fake = withPeople(createFakeBroker());
    const { identity } = fake.broker;
    const resume = identity.resume.bind(identity);
    (identity as { resume: typeof resume }).resume = (cookie, ...more) =>
      cookie === "away" ? Promise.reject(new Error("away")) : resume(cookie, ...more);
    const { door, send, lines } = await bench(fake);
    door.registerUpgrade(DESKTOP_PATH, () => {
      throw new Error("the desktop never was");
    });
    const answers: string[] = [];
    for (const [cookie, path] of [
      ["gatehouse=away", DESKTOP_PATH],
      ["gatehouse=audit", DESKTOP_PATH],
      ["gatehouse=old", DESKTOP_PATH],
      ["gatehouse=audit", "/desktop2"],
      ["gatehouse=audit", `${DESKTOP_PATH}\0`],
    ]) {
      const headers = Object.entries({ ...GOOD, ...offer, Cookie: cookie }).map(([name, value]) => `${name}: ${value}`);
      const { line, rest } = await send([`GET ${path ?? ""} HTTP/1.1`, ...headers, "", ""].join("\r\n"));
      answers.push(line, rest);
    }
    expect(lines).toHaveLength(2);
    expect(answers.join("")).toContain("503");
    expect(JSON.stringify([lines, answers])).not.toContain(TICKET);
  });
});
