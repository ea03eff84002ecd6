import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { consistencySpans, foldSubtrees, inclusionSpans, leafHash, rootOf, signNote, verifyExport } from "./index.js";
import type { NoteSigner, Span } from "./index.js";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const signer: NoteSigner = {
  name: "gatehouse",
  publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url"),
  sign: (message) => sign(null, message, privateKey),
};
const leaves = Array.from({ length: 11 }, (_unused, index) => `{"n":${index}}`);
const hashes = leaves.map((leaf) => leafHash(leaf));
const noteOver = (size: number, of = hashes): Promise<string> => signNote(signer, size, rootOf(of.slice(0, size)).root);
const hash64 = (span: Span): string => rootOf(hashes.slice(span.begin, span.end)).root.toString("base64");
const leafLine = (seq: number, more: object = {}): string => JSON.stringify({ seq, leaf: leaves[seq], ...more });

async function whole(size = leaves.length): Promise<string[]> {
  const lines = Array.from({ length: size }, (_unused, seq) => leafLine(seq));
  return [JSON.stringify({ note: await noteOver(size) }), ...lines];
}

async function part(...seqs: number[]): Promise<string[]> {
  const proved = seqs.map((seq) => leafLine(seq, { proof: inclusionSpans(seq, leaves.length).map(hash64) }));
  return [JSON.stringify({ note: await noteOver(leaves.length) }), ...proved];
}

describe("offline verification of exported events", () => {
  it("accepts the whole log, also as the continuation of an older checkpoint", async () => {
    const lines = await whole();
    expect(await verifyExport(lines, signer)).toEqual({
      ok: true,
      size: 11,
      leaves: 11,
      withheld: 0,
      complete: true,
      olderSize: null,
    });
    for (const size of [0, 1, 6, 11]) {
      expect(await verifyExport(lines, signer, await noteOver(size))).toMatchObject({ ok: true, olderSize: size });
    }
  });

  it("accepts a part by its proofs, and by a consistency proof as a continuation", async () => {
    const lines = await part(3, 9);
    expect(await verifyExport(lines, signer)).toMatchObject({ ok: true, leaves: 2, complete: false });
    const older = await noteOver(6);
    expect(await verifyExport(lines, signer, older)).toMatchObject({ because: "older-note-not-comparable" });
    const consistency = JSON.stringify({ consistency: consistencySpans(6, 11).map(hash64) });
    expect(await verifyExport([...lines, consistency], signer, older)).toMatchObject({ ok: true, olderSize: 6 });
    const wrong = JSON.stringify({ consistency: consistencySpans(5, 11).map(hash64) });
    expect(await verifyExport([...lines, wrong], signer, older)).toMatchObject({ because: "older-note-differs" });
  });

  it("names an altered, missing, doubled, swapped or added event", async () => {
    const lines = await whole();
    const changed = lines.map((line, index) => (index === 5 ? line.replace("4}", "5}") : line));
    const swapped = [...lines.slice(0, 3), lines[4]!, lines[3]!, ...lines.slice(5)];
    const cases: [string[], object][] = [
      [changed, { because: "root-differs" }],
      [lines.toSpliced(5, 1), { because: "missing-leaf", seq: 4, line: 6 }],
      [lines.slice(0, -1), { because: "missing-leaf", seq: 10 }],
      [lines.toSpliced(5, 0, lines[5]!), { because: "wrong-number", seq: 4 }],
      [swapped, { because: "missing-leaf", seq: 2 }],
      [[...lines, JSON.stringify({ seq: 11, leaf: "{}" })], { because: "wrong-number", seq: 11 }],
      [[...lines, "{}"], { because: "malformed-line", line: 13 }],
      [[...lines, lines[0]!], { because: "bad-note" }],
      [lines.slice(1), { because: "no-checkpoint", seq: 0 }],
      [[], { because: "no-checkpoint" }],
    ];
    for (const [given, verdict] of cases)
      expect(await verifyExport(given, signer)).toMatchObject({ ok: false, ...verdict });
    const [note, three, nine] = await part(3, 9);
    const altered = three!.replace('"n\\":3', '"n\\":4');
    expect(altered).not.toBe(three);
    expect(await verifyExport([note!, altered, nine!], signer)).toMatchObject({ because: "leaf-altered", seq: 3 });
    expect(await verifyExport([note!, three!, leafLine(4)], signer)).toMatchObject({ because: "missing-leaf" });
  });

  it("accepts hashes in the place of leaves, counts them, and still proves the rest", async () => {
    const hashLine = (seq: number, hash = hashes[seq]!): string =>
      JSON.stringify({ seq, hash: Buffer.from(hash).toString("base64") });
    const cut = (await whole()).map((line, index) => ([3, 4, 10].includes(index - 1) ? hashLine(index - 1) : line));
    const good = { ok: true, size: 11, leaves: 8, withheld: 3, complete: true };
    expect(await verifyExport(cut, signer)).toMatchObject(good);
    expect(await verifyExport(cut, signer, await noteOver(6))).toMatchObject({ ...good, olderSize: 6 });
    const none = [cut[0]!, ...hashes.map((_hash, seq) => hashLine(seq))];
    expect(await verifyExport(none, signer)).toMatchObject({ ok: true, leaves: 0, withheld: 11 });

    const forged = cut.with(4, hashLine(3, leafHash("{}")));
    const altered = cut.with(6, cut[6]!.replace("5}", "6}"));
    expect(altered).not.toEqual(cut);
    const short = JSON.stringify({ seq: 3, hash: Buffer.alloc(31).toString("base64") });
    const loose = JSON.stringify({ seq: 3, hash: `${hashes[3]!.toString("base64")}\n` });
    const both = JSON.stringify({ seq: 3, leaf: leaves[3], hash: hashes[3]!.toString("base64") });
    const proved = JSON.stringify({ seq: 3, hash: hashes[3]!.toString("base64"), proof: [] });
    const cases: [string[], object][] = [
      [forged, { because: "root-differs" }],
      [altered, { because: "root-differs" }],
      [cut.with(4, hashLine(3, hashes[4])), { because: "root-differs" }],
      [cut.toSpliced(4, 1), { because: "missing-leaf", seq: 3 }],
      [cut.slice(0, -1), { because: "missing-leaf", seq: 10 }],
      [cut.toSpliced(4, 0, hashLine(2)), { because: "wrong-number", seq: 2 }],
      [[...cut, hashLine(11, hashes[0])], { because: "wrong-number", seq: 11 }],
      ...[short, loose, both, proved, JSON.stringify({ seq: 3, hash: 7 })].map((line): [string[], object] => [
        cut.with(4, line),
        { because: "malformed-line", line: 5 },
      ]),
    ];
    for (const [given, verdict] of cases)
      expect(await verifyExport(given, signer), given[4]).toMatchObject({ ok: false, ...verdict });
    const interior = JSON.stringify({ seq: 0, hash: rootOf(hashes.slice(0, 2)).root.toString("base64") });
    expect(await verifyExport([cut[0]!, interior, ...cut.slice(3)], signer)).toMatchObject({ ok: false });
    expect(await verifyExport([...(await part(3)), hashLine(4)], signer)).toMatchObject({ because: "missing-leaf" });
  });

  it("refuses a note by another key, and a history rewritten under the right one", async () => {
    const lines = await whole();
    const stranger = generateKeyPairSync("ed25519");
    const raw = Buffer.from(stranger.publicKey.export({ format: "jwk" }).x ?? "", "base64url");
    expect(await verifyExport(lines, { name: "gatehouse", publicKey: raw })).toMatchObject({
      because: "bad-signature",
    });
    const rewritten = hashes.with(2, leafHash("{}"));
    const kept = await noteOver(6, rewritten);
    expect(await verifyExport(lines, signer, kept)).toMatchObject({ because: "older-note-differs" });
    const longer = await signNote(signer, 20, foldSubtrees(hashes));
    expect(await verifyExport(lines, signer, longer)).toMatchObject({ because: "older-note-differs" });
    expect(await verifyExport(lines, signer, "nonsense")).toMatchObject({ because: "older-note-bad" });
  });
});
