/** Every container vector, whole, in pieces split everywhere, and again from its maker. */
import { createDecipheriv } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ContainerScanner, decodeEvents, fromBase64, verifyContainer } from "../../recordings/codec/index.js";
import type { Verdict } from "../../recordings/codec/index.js";
import { makeVectors } from "../../recordings/vectors/make.js";
import type { VectorExpectation } from "../../recordings/vectors/make.js";
import { verifyCrypto } from "../support/verify-crypto.js";

const folder = join(import.meta.dirname, "../../recordings/vectors");
const LEAST = 73;

if (process.env["GATEHOUSE_VECTORS"] === "write") {
  mkdirSync(folder, { recursive: true });
  for (const { name, container, expectation } of makeVectors()) {
    writeFileSync(join(folder, `${name}.ghr`), container);
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(expectation, null, 2)}\n`);
  }
}

const names = readdirSync(folder)
  .filter((name) => name.endsWith(".ghr"))
  .map((name) => name.slice(0, -4));

function load(name: string): { bytes: Uint8Array; wanted: VectorExpectation } {
  const json = readFileSync(join(folder, `${name}.json`), "utf8");
  return {
    bytes: Uint8Array.from(readFileSync(join(folder, `${name}.ghr`))),
    wanted: JSON.parse(json) as VectorExpectation,
  };
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function* splitAt(bytes: Uint8Array, at: number): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes.subarray(0, at));
  yield bytes.subarray(at);
}

async function verdictOn(chunks: AsyncIterable<Uint8Array>, wanted: VectorExpectation): Promise<Verdict> {
  return verifyContainer(chunks, verifyCrypto, fromBase64(wanted.trustedSigner), wanted.loggedHeads);
}

/** The members of a verdict that the vector states. */
function stated(verdict: Verdict): VectorExpectation["expect"] {
  switch (verdict.verdict) {
    case "complete":
    case "recovered":
      return { verdict: verdict.verdict, records: verdict.records, closingHash: verdict.closingHash };
    case "truncated":
      return {
        verdict: "truncated",
        records: verdict.records,
        goodBytes: verdict.goodBytes,
        header: verdict.header !== undefined,
      };
    case "altered":
      return { verdict: "altered", record: verdict.record, what: verdict.what };
  }
}

describe("container vectors", () => {
  it("are all there", () => {
    expect(names.length).toBeGreaterThanOrEqual(LEAST);
    for (const verdict of ["complete", "recovered", "truncated", "altered"]) {
      expect(names.some((name) => load(name).wanted.expect.verdict === verdict)).toBe(true);
    }
  });

  it("are what their maker makes", () => {
    const made = makeVectors();
    expect(made.map(({ name }) => name).sort()).toEqual([...names].sort());
    for (const { name, container, expectation } of made) {
      expect(existsSync(join(folder, `${name}.json`))).toBe(true);
      const { bytes, wanted } = load(name);
      expect(Buffer.from(bytes).equals(container), name).toBe(true);
      expect(wanted).toEqual(expectation);
    }
  });

  it.each(names)("%s: the same verdict whole, byte by byte and split at every byte", async (name) => {
    const { bytes, wanted } = load(name);
    expect(stated(await verdictOn(inPieces(bytes, 65_536), wanted))).toEqual(wanted.expect);
    expect(stated(await verdictOn(inPieces(bytes, 1), wanted))).toEqual(wanted.expect);
    for (let at = 0; at <= bytes.length; at++) {
      expect(stated(await verdictOn(splitAt(bytes, at), wanted))).toEqual(wanted.expect);
    }
  });

  it("open with the keys they state, to the number of events they state", () => {
    let opened = 0;
    for (const name of names) {
      const { bytes, wanted } = load(name);
      if (wanted.keys === undefined) continue;
      expect(countEvents(bytes, [wanted.keys.main, wanted.keys.input])).toEqual(wanted.events);
      opened++;
    }
    expect(opened).toBeGreaterThanOrEqual(3);
  });
});

function countEvents(bytes: Uint8Array, keys: readonly string[]): number[] {
  const scanner = new ContainerScanner();
  const counts = [0, 0];
  for (const { head, headBytes, body } of scanner.push(bytes)) {
    if (head.kind !== 1) continue;
    const decipher = createDecipheriv("aes-256-gcm", Buffer.from(keys[head.stream] ?? "", "hex"), head.nonce);
    decipher.setAAD(Buffer.concat([Buffer.from(scanner.header?.recordingId ?? ""), headBytes]));
    decipher.setAuthTag(body.subarray(-16));
    const content = Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()]);
    const plain = head.flags === 0 ? content : content.subarray(12);
    expect(plain.length).toBe(head.plainLen);
    const events = decodeEvents(plain, head.timeUs);
    expect(events).toHaveLength(head.eventCount);
    counts[head.stream] = (counts[head.stream] ?? 0) + events.length;
  }
  return counts;
}
