/** Files that come in: octets alone, each bounded on its own; and no other route takes them. */
import { describe, expect, it } from "vitest";
import { createFakeBroker, fakeActor, UUID } from "../../test/support/fake-broker-http.js";
import { doorOf, OWN_PAGE } from "../../test/support/http-door.js";
import { done, refused } from "../domain/index.js";
import { DUTIES_MOST_BYTES } from "./contract/index.js";

const OCTETS = "application/octet-stream";

async function openKeeper() {
  const kept: { readonly name: string; readonly size: number }[] = [];
  const fake = createFakeBroker({
    registry: {
      acceptDuties: async (_actor, _id, { name, bytes }) => {
        kept.push({ name, size: bytes.byteLength });
        return refused("conflict");
      },
      dutiesDocument: async () =>
        done({
          name: "x",
          bytes: (async function* () {
            yield Buffer.from("duties");
          })(),
        }),
    },
  });
  fake.people.set("security", fakeActor("security", "security", []));
  const { door } = await doorOf(fake);
  const send = (url: string, method: "PUT" | "PATCH", type: string, payload: Buffer | string) =>
    door.app.inject({
      method,
      url: `/api/v1/contracts/${UUID}${url}`,
      headers: { ...OWN_PAGE, cookie: "gatehouse=security", "content-type": type },
      payload,
    });
  return { kept, send, door };
}

describe("the document of accepted duties", () => {
  it("comes whole, under the name it has, up to its own bound", async () => {
    const { kept, send, door } = await openKeeper();
    const url = `/duties?name=${encodeURIComponent("责任书.pdf")}`;
    expect((await send(url, "PUT", OCTETS, Buffer.alloc(DUTIES_MOST_BYTES))).statusCode).toBe(409);
    expect(kept).toEqual([{ name: "责任书.pdf", size: DUTIES_MOST_BYTES }]);
    const large = await send(url, "PUT", OCTETS, Buffer.alloc(DUTIES_MOST_BYTES + 1));
    expect(large.json()).toMatchObject({ code: "body-too-large" });
    expect((await send(url, "PUT", "application/json", "{}")).json()).toMatchObject({ code: "media-type" });
    expect((await send("/duties?name=a%0Ab", "PUT", OCTETS, "x")).json()).toMatchObject({ code: "invalid-input" });
    expect((await send("", "PATCH", OCTETS, "{}")).json()).toMatchObject({ code: "media-type" });
    expect(kept).toHaveLength(1);
    await door.close();
  });

  it("leaves as a file to keep, never shown in place", async () => {
    const { door } = await openKeeper();
    const answer = await door.app.inject({
      url: `/api/v1/contracts/${UUID}/duties`,
      headers: { ...OWN_PAGE, cookie: "gatehouse=security" },
    });
    expect(answer.headers["content-disposition"]).toContain("attachment");
    expect(answer.body).toBe("duties");
    await door.close();
  });
});
