/**
 * The verifier (FORMAT.md §4). It needs no key but the trusted signer's public one and reads the container once, in
 * pieces, in bounded memory. The first thing that does not hold is named, and nothing after it is looked at.
 */
import { equal, toHex } from "./bytes.js";
import { closingMessage, decodeClosingBody, splitClosing } from "./closing.js";
import { signerKey } from "./prelude.js";
import { ContainerScanner } from "./scanner.js";
import type { ScannedRecord } from "./scanner.js";
import { lengthBitFlipped } from "./tail.js";
import { FormatError, RecordKind } from "./types.js";
import type { ClosingBody, ContainerHeader, Verdict, VerifyCrypto } from "./types.js";

const RECOVERED_BECAUSE = "node-lost";

/**
 * The verdict on one container.
 * - `trustedSigner` (raw 32 bytes): without it the header's own signer is believed, which proves integrity, not origin.
 * - `loggedHeads` (hex): heads of this recording that an audit log holds; each must be one of the container's H₀ … Hₙ.
 *
 * Never throws for what the container holds; an error of `chunks` or `crypto` passes through.
 */
export async function verifyContainer(
  chunks: AsyncIterable<Uint8Array>,
  crypto: VerifyCrypto,
  trustedSigner?: Uint8Array,
  loggedHeads: readonly string[] = [],
): Promise<Verdict> {
  const scanner = new ContainerScanner();
  const check = new ChainCheck(crypto, trustedSigner, loggedHeads);
  try {
    for await (const chunk of chunks) {
      const records = scanner.push(chunk);
      if (scanner.prelude !== undefined && scanner.header !== undefined)
        await check.start(scanner.header, scanner.prelude);
      for (const record of records) await check.record(record);
    }
    scanner.end();
  } catch (error) {
    if (error instanceof BrokenAt)
      return { verdict: "altered", record: error.record, offset: error.offset, what: error.message };
    if (!(error instanceof FormatError)) throw error;
    const record = scanner.header === undefined ? 0 : scanner.records + (scanner.closed ? 0 : 1);
    return { verdict: "altered", record, offset: error.offset, what: error.message };
  }
  return check.verdict(scanner);
}

class BrokenAt extends Error {
  readonly record: number;
  readonly offset: number;
  constructor(record: number, offset: number, what: string) {
    super(what);
    this.record = record;
    this.offset = offset;
  }
}

/** Follows the chain record by record; throws BrokenAt at the first that does not fit. */
class ChainCheck {
  readonly #crypto: VerifyCrypto;
  readonly #trusted: Uint8Array | undefined;
  readonly #awaitedHeads: Set<string>;
  #header: ContainerHeader | undefined;
  #head = new Uint8Array(0);
  #frames = 0;
  readonly #events = [0, 0];
  readonly #timesUs = [0, 0];
  #closing: ClosingBody | undefined;

  constructor(crypto: VerifyCrypto, trusted: Uint8Array | undefined, loggedHeads: readonly string[]) {
    this.#crypto = crypto;
    this.#trusted = trusted;
    this.#awaitedHeads = new Set(loggedHeads.map((head) => head.toLowerCase()));
  }

  async start(header: ContainerHeader, prelude: Uint8Array): Promise<void> {
    if (this.#header !== undefined) return;
    this.#header = header;
    if (this.#trusted !== undefined && !equal(this.#trusted, signerKey(header))) {
      throw new BrokenAt(0, 0, "signer is not the trusted one");
    }
    this.#advance(await this.#crypto.sha256([prelude]));
  }

  async record(record: ScannedRecord): Promise<void> {
    const before = this.#head;
    const hash = await this.#crypto.sha256([before, record.headBytes, record.body]);
    if (!equal(hash, record.hash)) throw broken(record, this.#whyChainBroke(record));
    if (record.head.kind === RecordKind.frame) this.#frame(record);
    else await this.#close(record, before);
    this.#advance(hash);
  }

  async verdict(scanner: ContainerScanner): Promise<Verdict> {
    const next = scanner.records + 1;
    const head = this.#header === undefined ? undefined : this.#head;
    if (!scanner.closed && (await lengthBitFlipped(scanner.pending, head, this.#crypto))) {
      return {
        verdict: "altered",
        record: head === undefined ? 0 : next,
        offset: scanner.goodBytes,
        what: "length was changed",
      };
    }
    if (this.#awaitedHeads.size > 0) {
      const what = "a head that the log holds is missing";
      return {
        verdict: "altered",
        record: this.#header === undefined ? 0 : next,
        offset: scanner.goodBytes,
        what,
      };
    }
    if (this.#header === undefined || this.#closing === undefined) {
      const { records, goodBytes } = scanner;
      return { verdict: "truncated", header: this.#header, records, goodBytes, headHash: toHex(this.#head) };
    }
    return {
      verdict: this.#closing.because === RECOVERED_BECAUSE ? "recovered" : "complete",
      header: this.#header,
      closing: this.#closing,
      closingHash: toHex(this.#head),
      records: scanner.records,
    };
  }

  #advance(hash: Uint8Array): void {
    this.#head = Uint8Array.from(hash);
    if (this.#awaitedHeads.size > 0) this.#awaitedHeads.delete(toHex(hash));
  }

  /** The head is not proven, so this is a hint for people, nothing more. */
  #whyChainBroke({ head }: ScannedRecord): string {
    const gap = head.kind === RecordKind.frame ? head.firstEvent - (this.#events[head.stream] ?? 0) : 0;
    if (gap > 0) return "chain broke: events are missing before this record";
    if (gap < 0) return "chain broke: this record repeats earlier events";
    return "chain broke: this record, its hash or the one before it was changed";
  }

  #frame(record: ScannedRecord): void {
    const { stream, firstEvent, eventCount, timeUs } = record.head;
    if (firstEvent !== this.#events[stream]) throw broken(record, "events are not consecutive");
    if (timeUs < (this.#timesUs[stream] ?? 0)) throw broken(record, "event time goes back");
    this.#events[stream] = firstEvent + eventCount;
    this.#timesUs[stream] = timeUs;
    this.#frames++;
  }

  async #close(record: ScannedRecord, before: Uint8Array): Promise<void> {
    const header = this.#header;
    if (header === undefined) throw new Error("record before the prelude");
    const { json, signature } = splitClosing(record.body);
    const message = closingMessage(before, record.headBytes, json);
    if (!(await this.#crypto.verifyEd25519(signerKey(header), message, signature)))
      throw broken(record, "signature does not hold");
    const closing = readClosing(record, json);
    const [main, input] = this.#events;
    const facts = [
      closing.bytes === record.offset,
      closing.frames === this.#frames,
      closing.events[0] === main && closing.events[1] === input,
      closing.durationUs === record.head.timeUs,
      Math.max(...this.#timesUs) <= record.head.timeUs,
      indexHolds(closing),
    ];
    if (facts.includes(false)) throw broken(record, "closing record disagrees with the container");
    this.#closing = closing;
  }
}

function readClosing(record: ScannedRecord, json: Uint8Array): ClosingBody {
  try {
    return decodeClosingBody(json);
  } catch (error) {
    if (error instanceof FormatError) throw broken(record, error.message);
    throw error;
  }
}

/** Offsets and numbers rise, times never fall, and all lie inside the container. */
function indexHolds({ index, bytes, durationUs, events }: ClosingBody): boolean {
  return index.every(([timeUs, offset, firstEvent], at) => {
    const previous = index[at - 1] ?? [0, -1, -1];
    const inside = timeUs <= durationUs && offset < bytes && firstEvent < events[0];
    return inside && timeUs >= previous[0] && offset > previous[1] && firstEvent > previous[2];
  });
}

function broken(record: ScannedRecord, what: string): BrokenAt {
  return new BrokenAt(record.index, record.offset, what);
}
