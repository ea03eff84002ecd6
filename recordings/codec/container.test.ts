import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { verifyCrypto } from "../../test/support/verify-crypto.js";
import { buildContainer, containerBytes, testHeader, testSigner } from "../vectors/build.js";
import { concat, toBase64 } from "./bytes.js";
import { decodeClosingBody, encodeClosingBody } from "./closing.js";
import { encodeJson } from "./json.js";
import { decodePrelude, encodePrelude } from "./prelude.js";
import { ContainerScanner } from "./scanner.js";
import { FormatError, MAGIC, SUITE } from "./types.js";
import type { ClosingBody, Verdict } from "./types.js";
import { verifyContainer } from "./verify.js";

const signer = testSigner(7);
const header = testHeader(signer, "019a0000-0000-7000-8000-0123456789ab");
const events = [{ type: 1, channel: 1, atUs: 5, payload: Uint8Array.of(1, 2, 3) }];
const small = buildContainer({
  signer,
  frames: [
    { stream: 0, events, zstd: true },
    { stream: 1, events },
  ],
});

async function verify(bytes: Uint8Array): Promise<Verdict> {
  async function* once(): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(bytes);
  }
  return verifyContainer(once(), verifyCrypto, signer.publicKey);
}

describe("prelude", () => {
  it("comes back with its length, and asks for more at every cut", () => {
    const bytes = encodePrelude(header);
    expect(decodePrelude(concat([bytes, Uint8Array.of(1)]))).toEqual({ header, length: bytes.length });
    for (let at = 0; at < bytes.length; at++) expect(decodePrelude(bytes.subarray(0, at))).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>]>([
    ["another version", { v: 2 }],
    ["an unknown suite", { suite: "sm4" }],
    ["a recording id with a path", { recordingId: "../../../../../../etc/passwd" }],
    ["an upper-case recording id", { recordingId: header.recordingId.toUpperCase() }],
    ["an empty session id", { sessionId: "" }],
    ["a session id of 65 characters", { sessionId: "x".repeat(65) }],
    ["a start before 1970", { startedAt: -1 }],
    ["a start that is text", { startedAt: "now" }],
    ["keys without input", { keys: { main: "a" } }],
    ["a signer of 31 bytes", { signer: toBase64(new Uint8Array(31)) }],
    ["a member more", { extra: 1 }],
    ["a member less", { nodeId: undefined }],
    ["more than 65,536 bytes", { keys: { main: "m".repeat(40_000), input: "i".repeat(40_000) } }],
  ])("is refused with %s, writing and reading", (_, change) => {
    const bent = { ...header, ...change };
    expect(() => encodePrelude(bent)).toThrow(FormatError);
    const json = encodeJson(bent);
    const length = Uint8Array.of(json.length & 255, (json.length >> 8) & 255, json.length >> 16, 0);
    expect(() => decodePrelude(concat([MAGIC, length, json]))).toThrow(FormatError);
  });

  it("throws nothing but FormatError for any bytes", () => {
    const nearly = fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => concat([MAGIC, Uint8Array.of(bytes.length, 0, 0, 0), bytes]));
    fc.assert(
      fc.property(fc.oneof(nearly, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        try {
          expect(decodePrelude(bytes)).toBeUndefined();
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });

  it("names its suite", () => {
    expect(header.suite).toBe(SUITE);
  });
});

describe("closing body", () => {
  const body: ClosingBody = {
    because: "left",
    endedAt: 2,
    durationUs: 3,
    frames: 1,
    events: [1, 0],
    bytes: 9,
    index: [[0, 5, 0]],
  };

  it("comes back", () => {
    expect(decodeClosingBody(encodeClosingBody(body))).toEqual(body);
  });

  it.each<[string, unknown]>([
    ["no reason", { ...body, because: "" }],
    ["a long reason", { ...body, because: "x".repeat(65) }],
    ["a negative number", { ...body, frames: -1 }],
    ["a fraction", { ...body, bytes: 1.5 }],
    ["one stream", { ...body, events: [1] }],
    ["an index of pairs", { ...body, index: [[1, 2]] }],
    ["an index that is no list", { ...body, index: {} }],
    ["a member more", { ...body, more: 1 }],
    ["a list", [1]],
    ["null", null],
  ])("is refused with %s", (_, value) => {
    expect(() => decodeClosingBody(encodeJson(value))).toThrow(FormatError);
  });

  it("is refused when the same facts stand in another order", () => {
    const { because, ...rest } = body;
    const bytes = Uint8Array.from(Buffer.from(JSON.stringify({ ...rest, because })));
    expect(() => decodeClosingBody(bytes)).toThrow("not canonical");
  });
});

describe("container scanner", () => {
  it("finds the same records split at every byte", () => {
    const bytes = containerBytes(small);
    const whole = new ContainerScanner().push(bytes);
    expect(whole.map(({ index, head }) => [index, head.kind])).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
    ]);
    for (let at = 0; at <= bytes.length; at++) {
      const scanner = new ContainerScanner();
      expect([...scanner.push(bytes.subarray(0, at)), ...scanner.push(bytes.subarray(at))]).toEqual(whole);
      expect([scanner.closed, scanner.goodBytes, scanner.records]).toEqual([true, bytes.length, 3]);
    }
  });

  it("keeps its records when the caller uses its buffer again", () => {
    const buffer = containerBytes(small);
    const [first] = new ContainerScanner().push(buffer);
    const body = Uint8Array.from(first?.body ?? []);
    buffer.fill(0);
    expect(first?.body).toEqual(body);
  });

  it("hands out whole records first, then throws, and goes on throwing", () => {
    const scanner = new ContainerScanner();
    expect(scanner.push(concat([containerBytes(small), Uint8Array.of(1)]))).toHaveLength(3);
    expect(scanner.fault).toBeInstanceOf(FormatError);
    expect(() => scanner.push(Uint8Array.of(1))).toThrow("after the closing record");
    expect(() => {
      scanner.end();
    }).toThrow("after the closing record");
  });

  it("says where in the container a malformed head stands", () => {
    const scanner = new ContainerScanner();
    const bad = new Uint8Array(40).fill(1, 0, 1);
    const bytes = concat([small.prelude, bad]);
    try {
      scanner.push(bytes);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ name: "FormatError", offset: small.prelude.length + 8 });
    }
  });

  it("throws nothing but FormatError for a container with anything overwritten", () => {
    const bytes = containerBytes(small);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length }), fc.uint8Array({ maxLength: 30 }), (at, noise) => {
        const scanner = new ContainerScanner();
        try {
          scanner.push(concat([bytes.subarray(0, at), noise, bytes.subarray(at + noise.length)]));
          scanner.end();
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("verifier", () => {
  it("calls a container altered for any single bit flipped in it", async () => {
    const bytes = containerBytes(small);
    const survivors: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const bent = Uint8Array.from(bytes);
      bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if ((await verify(bent)).verdict !== "altered") survivors.push(bit);
    }
    expect(survivors).toEqual([]);
    expect((await verify(bytes)).verdict).toBe("complete");
  });

  it("calls a container truncated for any cut of it, and says how much of it is good", async () => {
    const bytes = containerBytes(small);
    for (let at = 0; at < bytes.length; at++) {
      const verdict = await verify(bytes.subarray(0, at));
      expect(verdict.verdict).toBe("truncated");
      if (verdict.verdict === "truncated") expect(verdict.goodBytes).toBeLessThanOrEqual(at);
    }
  });

  it("passes on an error of the source", async () => {
    async function* failing(): AsyncIterable<Uint8Array> {
      yield await Promise.resolve(small.prelude);
      throw new Error("disk");
    }
    await expect(verifyContainer(failing(), verifyCrypto)).rejects.toThrow("disk");
  });

  it("believes the header's own signer when none is trusted", async () => {
    async function* once(): AsyncIterable<Uint8Array> {
      yield await Promise.resolve(containerBytes(small));
    }
    expect((await verifyContainer(once(), verifyCrypto)).verdict).toBe("complete");
    const verdict = await verifyContainer(once(), verifyCrypto, testSigner(8).publicKey);
    expect(verdict).toMatchObject({ verdict: "altered", record: 0, what: "signer is not the trusted one" });
  });
});
