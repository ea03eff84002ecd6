/** One person, or one address, that asks as much as it can: others go on. */
import net from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { createFakeBroker, fakeActor, withPeople } from "../../test/support/fake-broker-http.js";
import { doorOf, OWN_PAGE } from "../../test/support/http-door.js";
import { refused, type Outcome } from "../domain/index.js";
import { createBuckets } from "./buckets.js";
import { CONNECTION_LIMITS } from "./connection-caps.js";
import { createTurnstile, PERSON_LIMITS } from "./turnstile.js";
import { UPGRADE_LIMITS } from "./upgrade.js";

const change = (door: Awaited<ReturnType<typeof doorOf>>["door"], who: string) =>
  door.app.inject({
    method: "PUT",
    url: "/api/v1/me/locale",
    headers: { ...OWN_PAGE, cookie: `gatehouse=${who}` },
    payload: { locale: "en" },
  });

describe("one person", () => {
  it("changes and asks so much from any number of addresses, and nobody else notices", async () => {
    const { door } = await doorOf(withPeople(createFakeBroker()));
    for (let count = 0; count < PERSON_LIMITS.changes.burst; count += 1)
      expect((await change(door, "operator")).statusCode).toBe(409);
    const slowed = await change(door, "operator");
    expect(slowed.statusCode).toBe(429);
    expect(slowed.json()).toMatchObject({ code: "too-many-tries", retryAfterMs: 500 });
    expect((await change(door, "audit")).statusCode).toBe(409);
    const read = () =>
      door.app.inject({
        url: "/api/v1/requests",
        headers: { cookie: "gatehouse=operator" },
        remoteAddress: "127.0.0.7",
      });
    let last = 409;
    for (let count = 0; count < PERSON_LIMITS.all.burst && last === 409; count += 1) last = (await read()).statusCode;
    expect(last).toBe(429);
  });

  it("has so many requests under way, and may ask again when one is over or given up", async () => {
    const waiting: ((outcome: Outcome<never>) => void)[] = [];
    const fake = createFakeBroker({
      access: { list: () => new Promise((resolve) => waiting.push(resolve)) },
    });
    fake.people.set("alice", fakeActor("alice", null, ["operator"]));
    const { door } = await doorOf(fake);
    const { port } = await door.listen();
    const headers = { cookie: "gatehouse=alice" };
    const url = `http://127.0.0.1:${String(port)}/api/v1/requests`;
    const given = new AbortController();
    const under = Array.from({ length: PERSON_LIMITS.atOnce }, (_, index) =>
      fetch(url, { headers, ...(index === 0 ? { signal: given.signal } : {}) }).catch(() => undefined),
    );
    await expect.poll(() => waiting.length).toBe(PERSON_LIMITS.atOnce);
    expect((await fetch(url, { headers })).status).toBe(429);
    given.abort();
    await expect.poll(async () => (await fetch(url.replace("requests", "me"), { headers })).status).not.toBe(429);
    for (const end of waiting) end(refused("conflict"));
    await Promise.all(under);
  });

  it("is counted by buckets that fill again", () => {
    let us = 0;
    const buckets = createBuckets({ burst: 2, perSecond: 4 }, { monotonicUs: () => us });
    expect([1, 2, 3].map(() => buckets.take("a"))).toEqual([0, 0, 250]);
    expect(buckets.take("b")).toBe(0);
    us += 250_000;
    expect([1, 2].map(() => buckets.take("a"))).toEqual([0, 250]);
    us += 3_600_000_000;
    expect([1, 2, 3].map(() => buckets.take("a"))).toEqual([0, 0, 250]);
  });

  it("leaves no trace in the turnstile once all his requests are over", () => {
    const turnstile = createTurnstile({ monotonicUs: () => 0 });
    const passages = Array.from({ length: PERSON_LIMITS.atOnce }, () => turnstile.enter("a", false));
    expect(turnstile.enter("a", false)).toMatchObject({ ok: false });
    expect(turnstile.enter("b", false)).toMatchObject({ ok: true });
    for (const passage of passages) if (passage.ok) passage.leave();
    expect(turnstile.enter("a", false)).toMatchObject({ ok: true });
  });
});

describe("one address", () => {
  it("holds so many connections; the next is closed, and one that ends makes room", async () => {
    const { door } = await doorOf(withPeople(createFakeBroker()));
    const { port } = await door.listen();
    const open = async (localAddress: string) => {
      const socket = net.connect({ port, host: "127.0.0.1", localAddress });
      socket.on("error", () => undefined);
      await once(socket, "connect");
      return socket;
    };
    const held: net.Socket[] = [];
    for (let count = 0; count < CONNECTION_LIMITS.perAddress; count += 1) held.push(await open("127.0.0.2"));
    const over = await open("127.0.0.2");
    over.resume();
    await once(over, "close");
    const answer = async (localAddress: string): Promise<string> => {
      const socket = await open(localAddress);
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
      socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      await once(socket, "close");
      return text.slice(0, 15);
    };
    expect(await answer("127.0.0.3")).toBe("HTTP/1.1 200 OK");
    held[0]?.destroy();
    await expect.poll(() => answer("127.0.0.2")).toBe("HTTP/1.1 200 OK");
    for (const socket of held) socket.destroy();
  });

  it("tries so many upgrades, then is refused before anybody is looked up", async () => {
    const { door } = await doorOf(withPeople(createFakeBroker()));
    door.registerUpgrade("/live", ({ socket }) => void socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
    const { port } = await door.listen();
    const upgrade = async (): Promise<string> => {
      const socket = net.connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
      socket.write(
        "GET /live HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:8080\r\nCookie: gatehouse=nobody\r\n" +
          "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      );
      await once(socket, "close");
      return text.slice(9, 12);
    };
    for (let count = 0; count < UPGRADE_LIMITS.tries.burst; count += 1) expect(await upgrade()).toBe("401");
    expect(await upgrade()).toBe("429");
  });
});
