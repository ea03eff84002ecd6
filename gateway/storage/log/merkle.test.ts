import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  consistencySpans,
  createRootAccumulator,
  emptyRoot,
  foldSubtrees,
  growTree,
  inclusionSpans,
  leafHash,
  nodeHash,
  nodeName,
  rootOf,
  subtreesOf,
  verifyConsistency,
  verifyInclusion,
} from "./index.js";
import type { Span } from "./index.js";

/** The eight leaves and the roots over the first n of them that RFC 6962 implementations test each other with. */
const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const known = LEAVES.map((hex) => leafHash(Buffer.from(hex, "hex")));

/** RFC 6962 §2.1 as it is written: the slow, recursive definition to compare with. */
function plainRoot(hashes: readonly Uint8Array[]): Buffer {
  const first = hashes[0];
  if (first === undefined) return emptyRoot();
  if (hashes.length === 1) return Buffer.from(first);
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return nodeHash(plainRoot(hashes.slice(0, split)), plainRoot(hashes.slice(split)));
}

function leavesOf(count: number): Buffer[] {
  return Array.from({ length: count }, (_unused, index) => leafHash(`leaf ${index}`));
}

function proofOf(hashes: readonly Uint8Array[], spans: readonly Span[]): Buffer[] {
  return spans.map((span) => plainRoot(hashes.slice(span.begin, span.end)));
}

describe("RFC 6962 tree", () => {
  it("has the roots that others have over the known leaves", () => {
    expect(emptyRoot().toString("hex")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ROOTS.forEach((root, index) => {
      const leaves = known.slice(0, index + 1);
      expect(rootOf(leaves).root.toString("hex")).toBe(root);
      expect(plainRoot(leaves).toString("hex")).toBe(root);
    });
  });

  it("has the proofs that others have over the known leaves", () => {
    const hex = (spans: readonly Span[]): string[] => proofOf(known, spans).map((hash) => hash.toString("hex"));
    expect(hex(inclusionSpans(0, 8))).toEqual([
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]);
    expect(hex(consistencySpans(6, 8))).toEqual([
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
  });

  it("grows in steps to the tree that it would be at once", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), (steps) => {
        const all = leavesOf(steps.reduce((sum, step) => sum + step, 0));
        const nodes = new Map<string, Uint8Array>();
        let size = 0;
        for (const step of steps) {
          const edge = new Map(
            subtreesOf({ begin: 0, end: size }).map((node) => [nodeName(node), nodes.get(nodeName(node))!]),
          );
          for (const [name, hash] of growTree(size, edge, all.slice(size, size + step))) {
            expect(nodes.has(name)).toBe(false);
            nodes.set(name, hash);
          }
          size += step;
          const root = foldSubtrees(subtreesOf({ begin: 0, end: size }).map((node) => nodes.get(nodeName(node))!));
          expect(root).toEqual(plainRoot(all.slice(0, size)));
        }
      }),
    );
  });

  it("accepts the inclusion of each leaf in each tree and of nothing else", () => {
    const sizes = [1, 2, 3, 5, 8, 13, 16, 17, 31, 33];
    const all = leavesOf(33);
    let checked = 0;
    for (const size of sizes) {
      const root = plainRoot(all.slice(0, size));
      for (let index = 0; index < size; index += 1) {
        const proof = proofOf(all, inclusionSpans(index, size));
        const right = { index, size, leafHash: all[index]!, proof, root };
        expect(verifyInclusion(right)).toBe(true);
        expect(verifyInclusion({ ...right, leafHash: leafHash("other") })).toBe(false);
        expect(verifyInclusion({ ...right, proof: [...proof, root] })).toBe(false);
        expect(verifyInclusion({ ...right, index: size })).toBe(false);
        if (proof.length > 0) expect(verifyInclusion({ ...right, proof: proof.slice(1) })).toBe(false);
        for (let other = 0; other < size; other += 1) {
          if (other !== index) expect(verifyInclusion({ ...right, index: other })).toBe(false);
        }
        checked += 1;
      }
    }
    expect(checked).toBe(129);
  });

  it("accepts each tree as the beginning of each later one, and no other", () => {
    const all = leavesOf(40);
    const forged = [...all.slice(0, 3), leafHash("forged"), ...all.slice(4)];
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 39 }), (to, cut) => {
        const from = Math.max(1, Math.min(to, cut));
        const proof = proofOf(all, consistencySpans(from, to));
        const [fromRoot, toRoot] = [plainRoot(all.slice(0, from)), plainRoot(all.slice(0, to))];
        const right = { from, to, fromRoot, toRoot, proof };
        expect(verifyConsistency(right)).toBe(true);
        if (from > 3) {
          const other = plainRoot(forged.slice(0, from));
          const otherProof = proofOf(forged, consistencySpans(from, to));
          expect(verifyConsistency({ ...right, fromRoot: other })).toBe(false);
          expect(verifyConsistency({ ...right, fromRoot: other, proof: otherProof })).toBe(false);
        }
        if (from < to) expect(verifyConsistency({ ...right, proof: proof.slice(1) })).toBe(false);
        expect(verifyConsistency({ ...right, proof: [...proof, toRoot] })).toBe(false);
        expect(verifyConsistency({ ...right, from: to + 1 })).toBe(false);
      }),
      { numRuns: 400 },
    );
    const empty = { from: 0, to: 3, fromRoot: emptyRoot(), toRoot: plainRoot(all.slice(0, 3)), proof: [] };
    expect(verifyConsistency(empty)).toBe(true);
    expect(verifyConsistency({ ...empty, fromRoot: all[0]! })).toBe(false);
  });

  it("keeps only the edge while it adds", () => {
    const accumulator = createRootAccumulator();
    const all = leavesOf(100);
    all.forEach((leaf, index) => {
      accumulator.add(leaf);
      expect(accumulator.root()).toEqual(plainRoot(all.slice(0, index + 1)));
    });
    expect(accumulator.size).toBe(100);
  });
});
