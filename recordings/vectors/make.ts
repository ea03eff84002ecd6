/**
 * All test vectors: small containers and what a verifier must say about each. Everything is fixed, so the files beside this
 * one can be made again byte by byte: `GATEHOUSE_VECTORS=write npx vitest run --project contract test/vectors`.
 */
import { EventType, FRAME_BODY_MAX, HASH_BYTES, concat, encodeInstruction, encodeUtf8, toBase64, toHex } from "../codec/index.js";
import { STREAM_KEYS, buildContainer, closeRecord, containerBytes, jsonEvent, rechain, sha256, testSigner } from "./build.js";
import type { TestContainer, TestFrame } from "./build.js";

export interface VectorExpectation {
  readonly comment: string;
  readonly trustedSigner: string;
  readonly loggedHeads?: readonly string[];
  /** Hex keys that open the frames, and how many events each stream holds, where the container is whole enough to read. */
  readonly keys?: { readonly main: string; readonly input: string };
  readonly events?: readonly [main: number, input: number];
  readonly expect:
    | { readonly verdict: "complete" | "recovered"; readonly records: number; readonly closingHash: string }
    | { readonly verdict: "truncated"; readonly records: number; readonly goodBytes: number; readonly header: boolean }
    | { readonly verdict: "altered"; readonly record: number; readonly what: string };
}
export interface Vector {
  readonly name: string;
  readonly container: Uint8Array;
  readonly expectation: VectorExpectation;
}

const signer = testSigner(0x33);
const stranger = testSigner(0x44);
const text = encodeUtf8;

const FRAMES: readonly TestFrame[] = [
  {
    stream: 0,
    events: [
      jsonEvent(EventType.session, 0, 0, { login: "alice", asset: "web-01", account: "root" }),
      jsonEvent(EventType.channelOpen, 1, 1_000, { kind: "shell", detail: "", pty: { term: "xterm", cols: 80, rows: 24 } }),
      { type: EventType.output, channel: 1, atUs: 40_000, payload: text("root@web-01:~# ") },
    ],
  },
  { stream: 1, events: [{ type: EventType.input, channel: 1, atUs: 900_000, payload: text("date\r") }] },
  {
    stream: 0,
    zstd: true,
    events: [
      { type: EventType.inputMark, channel: 1, atUs: 900_000, payload: Uint8Array.of(1) },
      { type: EventType.output, channel: 1, atUs: 905_000, payload: text("date\r\n三 11月 18 09:00:00\r\n") },
      { type: EventType.resize, channel: 1, atUs: 2_000_000, payload: Uint8Array.of(120, 0, 40, 0) },
      { type: 200, channel: 1, atUs: 2_000_001, payload: text("a type of a later version") },
    ],
  },
  {
    stream: 0,
    events: [
      jsonEvent(EventType.transfer, 2, 3_000_000, {
        direction: "download",
        path: "/etc/hostname",
        size: 7,
        sha256: toHex(sha256(text("web-01\n"))),
        sequential: true,
      }),
      jsonEvent(EventType.exit, 1, 4_000_000, { code: 0 }),
      jsonEvent(EventType.channelClose, 1, 4_000_500, { outcome: "recorded", bytesIn: 5, bytesOut: 48 }),
    ],
  },
];

const drawn = (...instructions: readonly (readonly (string | number)[])[]): Uint8Array =>
  text(instructions.map((elements) => encodeInstruction(elements)).join(""));
/** A red point: PNG of one pixel. */
const POINT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

const DESKTOP_FRAMES: readonly TestFrame[] = [
  {
    stream: 0,
    events: [
      jsonEvent(EventType.session, 0, 0, { login: "alice", asset: "win-01", account: "administrator" }),
      jsonEvent(EventType.channelOpen, 1, 1_000, { kind: "desktop", detail: "", desktop: { width: 640, height: 480, dpi: 96 } }),
      {
        type: EventType.graphics,
        channel: 1,
        atUs: 40_000,
        payload: drawn(["size", 0, 640, 480], ["rect", 0, 0, 0, 640, 480], ["cfill", 14, 0, 32, 64, 96, 255], ["sync", 1_000]),
      },
      { type: EventType.pointer, channel: 1, atUs: 90_000, payload: Uint8Array.of(0x2c, 1, 200, 0, 0) },
      { type: EventType.pointer, channel: 1, atUs: 91_000, payload: Uint8Array.of(0x2c, 1, 200, 0, 1) },
    ],
  },
  { stream: 1, events: [{ type: EventType.input, channel: 1, atUs: 900_000, payload: drawn(["key", 65, 1], ["key", 65, 0]) }] },
  {
    stream: 0,
    zstd: true,
    events: [
      { type: EventType.inputMark, channel: 1, atUs: 900_000, payload: Uint8Array.of(0) },
      { type: EventType.inputMark, channel: 1, atUs: 950_000, payload: Uint8Array.of(2) },
      { type: EventType.graphics, channel: 1, atUs: 960_000, payload: drawn(["img", 1, 14, 0, "image/png", 300, 200], ["blob", 1, POINT]) },
      { type: EventType.graphics, channel: 1, atUs: 961_000, payload: drawn(["end", 1], ["later", "三😀"], ["sync", 1_921]) },
      jsonEvent(EventType.clipboard, 1, 2_000_000, {
        direction: "copy",
        mimetype: "text/plain",
        text: "三",
        size: 3,
        sha256: toHex(sha256(text("三"))),
        truncated: false,
      }),
      jsonEvent(EventType.note, 0, 2_500_000, { kind: "session", detached: true }),
      jsonEvent(EventType.note, 0, 9_000_000, { kind: "session", rejoined: true, sourceAddress: "192.0.2.7" }),
    ],
  },
  {
    stream: 0,
    events: [jsonEvent(EventType.channelClose, 1, 10_000_000, { outcome: "recorded", bytesIn: 22, bytesOut: 311 })],
  },
];

const desktop = buildContainer({ signer, frames: DESKTOP_FRAMES });
const desktopBytes = containerBytes(desktop);

const whole = buildContainer({ signer, frames: FRAMES });
const wholeBytes = containerBytes(whole);
const open = buildContainer({ signer, frames: FRAMES, open: true });
const other = buildContainer({ signer: stranger, frames: FRAMES });

/** Every vector, in a fixed order. */
export function makeVectors(): Vector[] {
  return [...sound(), ...oddDesktops(), ...truncated(), ...flipped(), ...rearranged(), ...rewritten(), ...malformed()];
}

function sound(): Vector[] {
  const recovered = buildContainer({
    signer,
    because: "node-lost",
    frames: FRAMES.map((frame, at) => ({ ...frame, origin: at < 2 ? 0 : 1 })),
  });
  const empty = buildContainer({ signer, frames: [] });
  return [
    readable("complete", whole, "four frames of both streams, one compressed, an unknown event type", [10, 1]),
    readable("complete-without-frames", empty, "a session that ended before anything happened", [0, 0]),
    readable("recovered", recovered, "two frames came from the journal, the closing record from the next start", [10, 1]),
    readable("complete-desktop", desktop, "a desktop: drawing, pointer, clipboard, keys kept and not kept, a gap, an opcode of a later version", [13, 1]),
    readable("recovered-desktop", lostDesktop(), "a desktop whose node died between an image and its sync", [8, 1]),
    vector("complete-with-logged-heads", wholeBytes, "every logged head is in the chain", soundExpectation(whole), heads(whole)),
  ];
}

function lostDesktop(): TestContainer {
  const [first, keys, later] = DESKTOP_FRAMES as [TestFrame, TestFrame, TestFrame];
  const frames = [first, keys, { ...later, events: later.events.slice(0, 3), origin: 1 as const }];
  return buildContainer({ signer, because: "node-lost", frames });
}

/** A desktop in which one event's payload is not what its type promises; the container is sound for all that. */
function oddDesktop(payload: Uint8Array, type: number = EventType.graphics): TestContainer {
  const [first] = DESKTOP_FRAMES as [TestFrame];
  return buildContainer({ signer, frames: [{ ...first, events: [...first.events, { type, channel: 1, atUs: 95_000, payload }] }] });
}

function oddDesktops(): Vector[] {
  const odd = (name: string, container: TestContainer, comment: string): Vector => readable(`complete-desktop-${name}`, container, comment, [6, 0]);
  return [
    odd("torn", oddDesktop(text("4.sync,5.12")), "drawing that ends inside an instruction: complete, the picture cannot be followed"),
    odd("lying-length", oddDesktop(text("4.name,2.😀;4.sync,1.1;")), "a length in UTF-16 units: complete, the picture cannot be followed"),
    odd("not-drawing", oddDesktop(drawn(["clipboard", 3, "text/plain"], ["blob", 3, "aGk="], ["end", 3], ["sync", 2])), "a clipboard among drawing: complete, a player does not obey it"),
    odd("short-pointer", oddDesktop(Uint8Array.of(1, 0, 1), EventType.pointer), "a pointer of three bytes: complete, a player passes over it"),
    odd("clipboard-no-json", oddDesktop(text("{"), EventType.clipboard), "a clipboard that is no JSON: complete, shown as unknown"),
    altered("desktop-flip-graphics", flip(desktopBytes, (starts(desktop)[0] ?? 0) + 40 + 200), 1, "chain broke: this record, its hash or the one before it was changed", "a bit of a drawing"),
  ];
}

function truncated(): Vector[] {
  const first = record(open, 0);
  const prelude = open.prelude.length;
  const cut = (name: string, bytes: Uint8Array, comment: string, records: number, goodBytes: number, header = true): Vector =>
    vector(`truncated-${name}`, bytes, comment, { verdict: "truncated", records, goodBytes, header });
  const openBytes = containerBytes(open);
  return [
    cut("empty", new Uint8Array(0), "an empty file", 0, 0, false),
    cut("in-magic", wholeBytes.subarray(0, 5), "cut inside the magic", 0, 0, false),
    cut("in-header", wholeBytes.subarray(0, 100), "cut inside the header", 0, 0, false),
    cut("header-only", open.prelude, "a prelude and nothing else", 0, prelude),
    cut("in-head", wholeBytes.subarray(0, prelude + 17), "cut inside the first head", 0, prelude),
    cut("in-body", wholeBytes.subarray(0, prelude + 60), "cut inside the first body", 0, prelude),
    cut("in-hash", wholeBytes.subarray(0, prelude + first.length - 1), "the last byte of a hash is missing", 0, prelude),
    cut("between-frames", concat([open.prelude, first]), "cut between two frames", 1, prelude + first.length),
    cut("before-closing", openBytes, "all frames, no closing record", 4, openBytes.length),
    cut("in-closing", wholeBytes.subarray(0, wholeBytes.length - 1), "the last byte is missing", 4, openBytes.length),
  ];
}

function flipped(): Vector[] {
  const at = starts(whole);
  const [one, three, closing] = [at[0] ?? 0, at[2] ?? 0, at[4] ?? 0];
  const changed = "chain broke: this record, its hash or the one before it was changed";
  return [
    altered("flip-magic", flip(wholeBytes, 1), 0, "not a gatehouse recording", "a bit of the magic"),
    altered("flip-header", flip(wholeBytes, 60), 1, changed, "a bit of the header: the first record's hash covers it"),
    altered("flip-header-length", flip(wholeBytes, 9, 0x40), 0, "length was changed", "the header claims 16 KiB more"),
    altered("flip-time", flip(wholeBytes, one + 13), 1, changed, "a bit of the first frame's time"),
    altered("flip-nonce", flip(wholeBytes, three + 33), 3, changed, "a bit of the nonce's counter"),
    altered("flip-body", flip(wholeBytes, three + 50), 3, changed, "a bit of a ciphertext"),
    altered("flip-hash", flip(wholeBytes, (at[1] ?? 0) - 1), 1, changed, "a bit of the first stored hash"),
    altered("flip-body-length", flip(wholeBytes, three + 25, 0x20), 3, "length was changed", "a body claims 8 KiB more"),
    altered("flip-closing-json", flip(wholeBytes, closing + 60), 5, changed, "a bit of the closing JSON"),
    altered("flip-signature", flip(wholeBytes, wholeBytes.length - HASH_BYTES - 3), 5, changed, "a bit of the signature"),
    altered("flip-closing-hash", flip(wholeBytes, wholeBytes.length - 1), 5, changed, "a bit of the last hash"),
  ];
}

function rearranged(): Vector[] {
  const [a, b, c, d, end] = [0, 1, 2, 3, 4].map((at) => record(whole, at)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const missing = "chain broke: events are missing before this record";
  const repeats = "chain broke: this record repeats earlier events";
  const changed = "chain broke: this record, its hash or the one before it was changed";
  const bytes = (records: readonly Uint8Array[]): Uint8Array => containerBytes(whole, records);
  return [
    altered("swapped", bytes([a, b, d, c, end]), 3, missing, "two frames of one stream changed places"),
    altered("swapped-streams", bytes([b, a, c, d, end]), 1, changed, "two frames of different streams changed places"),
    altered("deleted-first", bytes([b, c, d, end]), 1, changed, "the first frame is gone"),
    altered("deleted", bytes([a, b, d, end]), 3, missing, "a frame in the middle is gone"),
    altered("deleted-last", bytes([a, b, c, end]), 4, changed, "the last frame is gone, the closing record stayed"),
    altered("duplicated", bytes([a, b, c, c, d, end]), 4, repeats, "a frame stands twice"),
    altered("other-prelude", concat([other.prelude, ...whole.records]), 0, "signer is not the trusted one", "another recording's prelude"),
    altered("spliced", bytes([a, record(other, 1), c, d, end]), 2, changed, "a frame of another recording"),
    altered("trailing-byte", concat([wholeBytes, Uint8Array.of(0)]), 5, "bytes after the closing record", "one byte after the end"),
    altered("trailing-frame", concat([wholeBytes, d]), 5, "bytes after the closing record", "a frame after the end"),
    altered("second-closing", concat([wholeBytes, end]), 5, "bytes after the closing record", "the closing record stands twice"),
  ];
}

/** By someone who can compute hashes, but not sign. */
function rewritten(): Vector[] {
  const four = record(open, 3);
  const cutOpen = containerBytes(open, open.records.slice(0, 2));
  const head = four.subarray(-HASH_BYTES);
  const forged = closeRecord(head, whole.closing ?? missing(), stranger);
  const disagree = "closing record disagrees with the container";
  const bent = (bend: Parameters<typeof buildContainer>[0]["bend"]): Uint8Array =>
    containerBytes(buildContainer({ signer, frames: FRAMES, ...(bend && { bend }) }));
  const skipping = buildContainer({ signer, frames: FRAMES.map((frame, at) => (at === 2 ? { ...frame, firstEvent: 4 } : frame)) });
  const backwards = FRAMES.map((frame, at) => (at === 3 ? { ...frame, events: frame.events.map((event) => ({ ...event, atUs: event.atUs - 2_500_000 })) } : frame));
  return [
    altered("time-back", containerBytes(buildContainer({ signer, frames: backwards })), 4, "event time goes back", "signed, yet a frame is earlier than the one before"),
    altered("wrong-end", containerBytes(buildContainer({ signer, frames: FRAMES, headTimeUs: 5_000_000 })), 5, disagree, "the head's end is not the signed one"),
    altered("end-before-frames", bent((closing) => ({ ...closing, durationUs: 2_999_999, index: closing.index.slice(0, 2) })), 5, disagree, "the signed end is before the last frame"),
    altered("wrong-signer", containerBytes(other), 0, "signer is not the trusted one", "sound, but signed by a stranger's key"),
    altered("forged-closing", concat([containerBytes(open), forged]), 5, "signature does not hold", "a stranger signed under the right name"),
    altered("events-skipped", containerBytes(skipping), 3, "events are not consecutive", "signed, yet an event number is left out"),
    altered("wrong-length", bent((closing) => ({ ...closing, bytes: closing.bytes - 1 })), 5, disagree, "the signed length is another"),
    altered("wrong-frames", bent((closing) => ({ ...closing, frames: 3 })), 5, disagree, "the signed number of frames is another"),
    altered("wrong-events", bent((closing) => ({ ...closing, events: [11, 1] })), 5, disagree, "the signed number of events is another"),
    altered("wrong-index", bent((closing) => ({ ...closing, index: [...closing.index].reverse() })), 5, disagree, "the index falls"),
    vector(
      "cut-before-logged-head",
      cutOpen,
      "a valid prefix, shorter than the log knows",
      { verdict: "altered", record: 3, what: "a head that the log holds is missing" },
      [toHex(record(open, 1).subarray(-HASH_BYTES)), toHex(head)],
    ),
    vector(
      "logged-head-of-other-chain",
      wholeBytes,
      "complete, but the log holds another head",
      { verdict: "altered", record: 6, what: "a head that the log holds is missing" },
      [toHex(record(other, 0).subarray(-HASH_BYTES))],
    ),
  ];
}

/** Heads and preludes that no reader may take; the chain holds wherever it is computed. */
function malformed(): Vector[] {
  const zero = sha256(whole.prelude);
  const poke = (at: number, bytes: readonly number[]): Uint8Array => {
    const changed = Uint8Array.from(record(whole, 0));
    changed.set(bytes, at);
    return concat([whole.prelude, rechain(zero, changed)]);
  };
  const prelude = (from: string, to: string): Uint8Array => {
    const json = new TextDecoder().decode(whole.prelude.subarray(12)).replace(from, to);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(json));
    return concat([whole.prelude.subarray(0, 8), length, text(json)]);
  };
  const over = FRAME_BODY_MAX + 1;
  return [
    altered("unknown-suite", prelude("aes-256-gcm", "aes-128-gcm"), 0, "unknown suite", "a suite this version does not know"),
    altered("unknown-version", prelude('"v":1', '"v":2'), 0, "unknown version", "a version this one does not know"),
    altered("unknown-member", prelude('"v":1', '"v":1,"w":0'), 0, "header has other members than version 1 gives it", "one member more"),
    altered("header-not-canonical", prelude('"v":1', '"v": 1'), 0, "header is not canonical JSON", "a space in the header"),
    altered("header-too-long", concat([whole.prelude.subarray(0, 8), Uint8Array.of(1, 0, 1, 0)]), 0, "header length is out of bounds", "65,537 bytes"),
    altered("header-empty", concat([whole.prelude.subarray(0, 8), new Uint8Array(4)]), 0, "header length is out of bounds", "0 bytes"),
    altered("unknown-kind", poke(0, [3]), 1, "unknown kind of record", "kind 3"),
    altered("unknown-stream", poke(1, [2]), 1, "unknown stream", "stream 2"),
    altered("reserved-flag", poke(2, [8]), 1, "unknown flag", "bit 3"),
    altered("continued-alone", poke(2, [2]), 1, "continued without compression", "bit 1 without bit 0"),
    altered("dictionary-alone", poke(2, [4]), 1, "dictionary without compression", "bit 2 without bit 0"),
    altered("no-events", poke(8, [0, 0, 0, 0]), 1, "frame without events", "event count 0"),
    altered("plain-too-long", poke(20, [65, 0, 1, 0]), 1, "plain length is out of bounds", "65,601 bytes"),
    altered("too-many-events", poke(8, [255, 255, 0, 0]), 1, "more events than the frame can hold", "65,535 events"),
    altered("body-too-long", poke(24, [over & 255, (over >> 8) & 255, over >> 16, 0]), 1, "body length is out of bounds", "66,561 bytes"),
    altered("body-huge", poke(24, [255, 255, 255, 255]), 1, "body length is out of bounds", "4 GiB"),
    altered("body-without-tag", poke(24, [16, 0, 0, 0]), 1, "body length is out of bounds", "16 bytes"),
    altered("time-out-of-bounds", poke(12, [0, 0, 0, 0, 0, 0, 32, 0]), 1, "event time is out of bounds", "2^53 microseconds"),
    altered("nonce-of-other-stream", poke(29, [1]), 1, "malformed nonce", "the nonce names the other stream"),
    altered("zeroed-tail", concat([containerBytes(open), new Uint8Array(512)]), 5, "unknown kind of record", "zeros, as after a power loss"),
  ];
}

function altered(name: string, bytes: Uint8Array, at: number, what: string, comment: string): Vector {
  return vector(`altered-${name}`, bytes, comment, { verdict: "altered", record: at, what });
}

function readable(name: string, container: TestContainer, comment: string, events: readonly [number, number]): Vector {
  const made = vector(name, containerBytes(container), comment, soundExpectation(container));
  const keys = { main: toHex(STREAM_KEYS[0]), input: toHex(STREAM_KEYS[1]) };
  return { ...made, expectation: { ...made.expectation, keys, events } };
}

function vector(
  name: string,
  container: Uint8Array,
  comment: string,
  expect: VectorExpectation["expect"],
  loggedHeads?: readonly string[],
): Vector {
  const trustedSigner = toBase64(signer.publicKey);
  return { name, container, expectation: { comment, trustedSigner, ...(loggedHeads && { loggedHeads }), expect } };
}

function soundExpectation(container: TestContainer): VectorExpectation["expect"] {
  const verdict = container.closing?.because === "node-lost" ? "recovered" : "complete";
  const records = container.records.length;
  return { verdict, records, closingHash: toHex(record(container, records - 1).subarray(-HASH_BYTES)) };
}

function heads(container: TestContainer): string[] {
  return [toHex(sha256(container.prelude)), ...container.records.map((bytes) => toHex(bytes.subarray(-HASH_BYTES)))];
}

function starts(container: TestContainer): number[] {
  let at = container.prelude.length;
  return container.records.map((bytes) => (at += bytes.length) - bytes.length);
}

function record(container: TestContainer, at: number): Uint8Array {
  return container.records[at] ?? missing();
}

function missing(): never {
  throw new Error("the vector has no such part");
}

function flip(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ mask;
  return changed;
}
