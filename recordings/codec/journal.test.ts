import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, setU32 } from "./bytes.js";
import { encodeHead, makeNonce } from "./head.js";
import { decodeJournal, journalEntry } from "./journal.js";
import { FormatError } from "./types.js";

const ID = "019a0000-0000-7000-8000-0123456789ab";

function entry(
  counter: number,
  size = 20,
): { readonly bytes: Uint8Array; readonly head: Uint8Array; readonly body: Uint8Array } {
  const head = encodeHead({
    kind: 1,
    stream: 0,
    flags: 0,
    firstEvent: counter,
    eventCount: 1,
    timeUs: counter,
    plainLen: size,
    bodyLen: size + 16,
    nonce: makeNonce(1, 0, counter),
  });
  const body = new Uint8Array(size + 16).fill(counter);
  return { bytes: journalEntry(ID, head, body), head, body };
}

describe("journal", () => {
  it("gives back each frame with its recording and place", () => {
    const [one, two] = [entry(1), entry(2, 600)];
    const { entries, goodBytes } = decodeJournal(concat([one.bytes, two.bytes]));
    expect(goodBytes).toBe(one.bytes.length + two.bytes.length);
    expect(
      entries.map(({ recordingId, headBytes, body, offset }) => ({ recordingId, headBytes, body, offset })),
    ).toEqual([
      { recordingId: ID, headBytes: one.head, body: one.body, offset: 0 },
      { recordingId: ID, headBytes: two.head, body: two.body, offset: one.bytes.length },
    ]);
  });

  it("stops at the last whole entry wherever it is torn", () => {
    const bytes = concat([entry(1).bytes, entry(2).bytes]);
    const first = entry(1).bytes.length;
    for (let at = 0; at < bytes.length; at++) {
      const { entries, goodBytes } = decodeJournal(bytes.subarray(0, at));
      expect([entries.length, goodBytes]).toEqual(at < first ? [0, 0] : [1, first]);
    }
  });

  it("stops before an entry with any bit flipped", () => {
    const first = entry(1).bytes;
    const bytes = concat([first, entry(2).bytes]);
    for (let at = first.length; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bent = Uint8Array.from(bytes);
        bent[at] = (bent[at] ?? 0) ^ (1 << bit);
        expect(decodeJournal(bent)).toMatchObject({ goodBytes: first.length, entries: [{ offset: 0 }] });
      }
    }
  });

  it("stops at zeros and at a length of 4 GiB, and throws for nothing", () => {
    const huge = new Uint8Array(100);
    setU32(huge, 0, 0xffff_ffff);
    expect(decodeJournal(new Uint8Array(4096)).goodBytes).toBe(0);
    expect(decodeJournal(huge).goodBytes).toBe(0);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeJournal(bytes).goodBytes).toBe(0);
      }),
    );
  });

  it("holds no closing record", () => {
    const head = encodeHead({
      kind: 2,
      stream: 0,
      flags: 0,
      firstEvent: 0,
      eventCount: 0,
      timeUs: 0,
      plainLen: 2,
      bodyLen: 66,
      nonce: new Uint8Array(12),
    });
    expect(decodeJournal(journalEntry(ID, head, new Uint8Array(66))).goodBytes).toBe(0);
  });

  it("takes no id that is not a UUID", () => {
    expect(() => journalEntry("../../etc/passwd", entry(1).head, entry(1).body)).toThrow(FormatError);
  });
});
