/** Files to keep: how they are named, and that they end with the reader's right (promise 3). */
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createFakeBroker, fakeActor, UUID, withPeople, type FakeBroker } from "../../test/support/fake-broker-http.js";
import { doorOf, OWN_PAGE } from "../../test/support/http-door.js";
import { done, refused } from "../domain/index.js";

const CHUNK = new Uint8Array(65_536).fill(7);

/** A container that never ends, as a slow or long export looks. */
function endless(): { readonly fake: FakeBroker; readonly state: { closed: boolean } } {
  const state = { closed: false };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        yield CHUNK;
        await sleep(1);
      }
    } finally {
      state.closed = true;
    }
  }
  return { fake: withPeople(createFakeBroker({ recordings: { exportContainer: async () => done(pieces()) } })), state };
}

interface Fetching {
  readonly closed: Promise<number>;
  readonly response: http.IncomingMessage;
}

async function fetchContainer(port: number, read: boolean): Promise<Fetching> {
  const request = http.get({
    port,
    host: "127.0.0.1",
    path: `/api/v1/recordings/${UUID}/container`,
    headers: { cookie: "gatehouse=audit" },
  });
  const response = await new Promise<http.IncomingMessage>((resolve, reject) =>
    request.once("response", resolve).once("error", reject),
  );
  const from = performance.now();
  const closed = new Promise<number>((resolve) =>
    response.socket.once("close", () => resolve(performance.now() - from)),
  );
  response.on("error", () => undefined);
  if (read) response.resume();
  return { closed, response };
}

describe("a download", () => {
  it("has a safe name, is never shown in place and never kept", async () => {
    async function* text(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("<script>alert(1)</script>");
    }
    const fake = withPeople(
      createFakeBroker({
        recordings: {
          exportContainer: async () => done(text()),
          exportAsciicast: async () => done(text()),
          exportText: async () => done(text()),
          exportGuac: async () => done(text()),
        },
        audit: {
          export: async (_actor, range) =>
            done(
              (async function* () {
                yield `${JSON.stringify(range)}\n`;
              })(),
            ),
        },
      }),
    );
    const { door } = await doorOf(fake);
    const names: [string, string, string][] = [
      [`/recordings/${UUID}/container`, `recording-${UUID}.ghr`, "application/octet-stream"],
      [`/recordings/${UUID}/asciicast?channel=2`, `recording-${UUID}-2.cast`, "application/x-asciicast"],
      [`/recordings/${UUID}/guac?channel=2`, `recording-${UUID}-2.guac`, "application/x-guacamole"],
      [`/recordings/${UUID}/text?channel=2`, `recording-${UUID}-2.txt`, "text/plain; charset=utf-8"],
      ["/audit/export?from=5", "audit-5-now.jsonl", "application/jsonl; charset=utf-8"],
    ];
    for (const [url, name, type] of names) {
      const answer = await door.app.inject({ url: `/api/v1${url}`, headers: { cookie: "gatehouse=audit" } });
      expect(answer.statusCode, url).toBe(200);
      expect(answer.headers, url).toMatchObject({
        "content-disposition": `attachment; filename="${name}"`,
        "content-type": type,
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
      });
      expect(answer.body, url).toBe(url.startsWith("/audit") ? '{"from":5}\n' : "<script>alert(1)</script>");
    }
  });

  it("is refused to nobody, to an operator, and to an auditor whose power was just taken", async () => {
    const { fake } = endless();
    const { door } = await doorOf(fake);
    fake.people.set("audit", fakeActor("audit", null, []));
    for (const path of [
      "container",
      "asciicast?channel=0",
      "text?channel=0",
      "guac?channel=0",
      "thumbnails?channel=0&atUs=0",
      "index",
      "segment?channel=0&fromUs=0&maxUs=1",
    ]) {
      const ask = (headers: Record<string, string>) =>
        door.app.inject({ url: `/api/v1/recordings/${UUID}/${path}`, headers });
      expect((await ask({})).statusCode, path).toBe(401);
      expect((await ask({ cookie: "gatehouse=operator" })).statusCode, path).toBe(403);
      expect((await ask({ cookie: "gatehouse=audit" })).statusCode, path).toBe(403);
    }
    expect(fake.calls).toEqual([]);
  });

  it("carries the broker's refusal when there is nothing to give", async () => {
    const fake = withPeople(createFakeBroker({ recordings: { exportContainer: async () => refused("not-found") } }));
    const { door } = await doorOf(fake);
    const answer = await door.app.inject({
      url: `/api/v1/recordings/${UUID}/container`,
      headers: { cookie: "gatehouse=audit" },
    });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers).not.toHaveProperty("content-disposition");
  });

  it.each([
    ["reads", true],
    ["does not read", false],
  ])("ends within two seconds of the power's loss for a reader who %s", async (_name, read) => {
    const { fake, state } = endless();
    const { door } = await doorOf(fake);
    const { port } = await door.listen();
    const { response } = await fetchContainer(port, read);
    fake.people.set("audit", fakeActor("audit", null, []));
    const from = performance.now();
    while (!state.closed && performance.now() - from < 5_000) await sleep(20);
    expect(performance.now() - from).toBeLessThan(2_000);
    response.destroy();
  });

  it("ends within two seconds of the day its reader's password becomes too old", async () => {
    const { fake } = endless();
    const { door } = await doorOf(fake);
    const { port } = await door.listen();
    const { closed } = await fetchContainer(port, true);
    const reader = fake.people.get("audit") ?? fakeActor("audit", "audit", []);
    fake.people.set("audit", { ...reader, mustChangePassword: true });
    expect(await closed).toBeLessThan(2_000);
  });

  it("ends at once when its reader signs out elsewhere", async () => {
    const { fake } = endless();
    const { door } = await doorOf(fake);
    const { port } = await door.listen();
    const { closed } = await fetchContainer(port, true);
    await door.app.inject({
      method: "DELETE",
      url: "/api/v1/auth/session",
      headers: { ...OWN_PAGE, cookie: "gatehouse=audit" },
    });
    // Sooner than the gate looks by itself, which is once a second.
    expect(await closed).toBeLessThan(900);
  });

  it("stops at its source when the reader goes away, and is logged when it breaks", async () => {
    const { fake, state } = endless();
    const { door } = await doorOf(fake);
    const { port } = await door.listen();
    const { response } = await fetchContainer(port, true);
    response.destroy();
    await expect.poll(() => state.closed).toBe(true);

    const broken = withPeople(
      createFakeBroker({
        recordings: {
          exportContainer: async () =>
            done(
              (async function* () {
                yield CHUNK;
                await sleep(10);
                throw new Error("the disk is gone");
              })(),
            ),
        },
      }),
    );
    const second = await doorOf(broken);
    const { closed } = await fetchContainer((await second.door.listen()).port, true);
    await closed;
    expect(second.lines).toMatchObject([{ message: "a download broke off" }]);
  });
});
