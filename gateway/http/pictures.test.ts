/** A desktop's recording over HTTP: small pictures, and stretches that hold drawing. */
import { describe, expect, it } from "vitest";
import { createFakeBroker, UUID, withPeople } from "../../test/support/fake-broker-http.js";
import { doorOf } from "../../test/support/http-door.js";
import { done, refused } from "../domain/index.js";
import type { RecordingUseCases } from "../broker/index.js";

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 255);

async function bench(recordings: Partial<RecordingUseCases>) {
  const { door, lines } = await doorOf(withPeople(createFakeBroker({ recordings })));
  const get = (path: string) =>
    door.app.inject({ url: `/api/v1/recordings/${UUID}/${path}`, headers: { cookie: "gatehouse=audit" } });
  return { get, lines };
}

describe("a small picture", () => {
  it("is a PNG of stated length that nothing sniffs or keeps", async () => {
    const asked: unknown[] = [];
    const whole = Uint8Array.of(1, 2, 3, ...PNG, 4);
    const { get } = await bench({
      // A view into a larger buffer, as a reader of files may hand out.
      thumbnail: async (_actor, id, at) => (asked.push([id, at]), done(whole.subarray(3, 3 + PNG.length))),
    });
    const answer = await get("thumbnails?channel=2&atUs=5000000");
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "image/png",
      "content-length": String(PNG.length),
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(new Uint8Array(answer.rawPayload)).toEqual(PNG);
    expect(asked).toEqual([[UUID, { channel: 2, atUs: 5_000_000 }]]);
  });

  it("is a problem document when there is none, and never large", async () => {
    const { get } = await bench({ thumbnail: async () => refused("not-found") });
    expect((await get("thumbnails?channel=0&atUs=0")).json()).toMatchObject({ code: "not-found", status: 404 });
    const large = await bench({ thumbnail: async () => done(new Uint8Array(8 * 1024 * 1024)) });
    const answer = await large.get("thumbnails?channel=0&atUs=0");
    expect(answer.json()).toMatchObject({ code: "internal" });
    expect(large.lines).toHaveLength(1);
  });

  it.each(["", "?channel=0", "?atUs=0", "?channel=-1&atUs=0", "?channel=0&atUs=1e3", "?channel=0&atUs=0&width=9"])(
    "is not looked for with the query %s",
    async (query) => {
      const asked: unknown[] = [];
      const { get } = await bench({ thumbnail: async () => (asked.push(1), done(PNG)) });
      expect((await get(`thumbnails${query}`)).json()).toMatchObject({ code: "invalid-input" });
      expect(asked).toEqual([]);
    },
  );
});

describe("a stretch of a desktop", () => {
  it("carries its picture and drawing as text, letter for letter, also some megabytes of it", async () => {
    const state = `4.size,1.0,4.1280,3.800;${"3.img,1.1,2.15,1.0,9.image/png,1.0,1.0;".repeat(60_000)}`;
    const segment = {
      channel: 1,
      fromUs: 0,
      toUs: 2_000_000,
      screen: { cols: 1_280, rows: 800, state },
      events: [
        [10, "d", "4.name,2.网关,0.;"],
        [20, "p", "640,400,1"],
        [30, "g", "connected"],
      ] as const,
    };
    const { get } = await bench({ segment: async () => done(segment) });
    const answer = await get("segment?channel=1&fromUs=0&maxUs=2000000");
    expect(answer.statusCode).toBe(200);
    expect(state.length).toBeGreaterThan(2 * 1024 * 1024);
    expect(answer.json()).toEqual(segment);
  });
});
