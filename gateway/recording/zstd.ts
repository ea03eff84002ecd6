/**
 * Frame compression. Contexts are shared by the whole process, because one per session would cost a quarter of a megabyte each;
 * every call is complete in itself, so sharing them mixes nothing. Careful compression takes several times as long as quick, so that a
 * flood gets quick for most of its frames, and for all where careful was tried and gained nothing; whoever types or reads at leisure gets
 * careful for all. Drawing is pictures that are compressed already, in base64: its alphabet is all there is to gain, and the least effort
 * gains it.
 */
import { Compressor, Decompressor } from "zstd-napi";
import binding from "zstd-napi/binding.js";
import type { CCtx, DCtx } from "zstd-napi/binding.js";
import { FRAME_PLAIN_MAX, FRAME_PLAIN_SPARE } from "../../recordings/codec/index.js";
import type { Clock } from "../domain/index.js";

const { CParameter, Strategy, compressBound } = binding;

/** Measured on 64 KiB frames of text: 90 to 130 MB/s, within 1.04 of gzip -6 over the whole; quick: 470 to 700 MB/s and 1.11 of it. */
const CAREFUL = {
  compressionLevel: 3,
  strategy: Strategy.lazy2,
  windowLog: 17,
  hashLog: 16,
  chainLog: 16,
  searchLog: 3,
  minMatch: 4,
  targetLength: 8,
} as const;
const QUICK = {
  compressionLevel: 1,
  strategy: Strategy.fast,
  windowLog: 16,
  hashLog: 15,
  minMatch: 6,
} as const;
/** Measured on 60 KiB of `blob` instructions: 1,500 MB/s and 0.75 of it, as careful compression. */
const DRAWING = {
  compressionLevel: 1,
  strategy: Strategy.fast,
  windowLog: 16,
  hashLog: 12,
  minMatch: 7,
} as const;
/** Part of the time that careful compression may take, and how much of it may be saved up. */
const SHARE = 0.125;
const SAVED_US = 100_000;
/** One in so many large frames of careful compression is tried with both. */
const TRIED_EVERY = 16;
/** Where careful takes more than this part of what quick takes, the next frames are quick without a trial: text full of keys, say. */
const WORTH = 0.98;
const RESTED_FRAMES = 128;
const SMALLEST = 16;
/** Frames up to here lean on what stood before them; larger ones gain little. */
const CONTINUED_BYTES = 16 * 1024;
/** Drawing from here on gets the least effort; a caret that blinks leans and is careful like a terminal's. */
const DRAWING_BYTES = 4 * 1024;

export interface Packed {
  /** Until the next frame is packed. */
  readonly text: Uint8Array;
  readonly compressed: boolean;
  readonly continued: boolean;
}

export class FrameCompressor {
  readonly #clock: Clock;
  readonly #careful = contextOf(CAREFUL);
  readonly #quick = contextOf(QUICK);
  readonly #leaning = contextOf(CAREFUL);
  readonly #drawing = contextOf(DRAWING);
  readonly #out = Buffer.allocUnsafeSlow(compressBound(FRAME_PLAIN_MAX + FRAME_PLAIN_SPARE));
  #saved = SAVED_US;
  #countedUs: number;
  #untilTrial = 0;
  #resting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#countedUs = clock.monotonicUs();
  }

  /** Compressed where that makes it shorter; leaning on `dictionary` where there is one and the frame is small. `drawn`: it holds drawing. */
  pack(plain: Uint8Array, dictionary: Uint8Array | undefined, drawn: boolean): Packed {
    if (drawn && plain.length >= DRAWING_BYTES) return alone(plain, this.#run(this.#drawing, plain));
    if (dictionary !== undefined && plain.length <= CONTINUED_BYTES) {
      this.#leaning.loadDictionary(dictionary);
      const text = this.#run(this.#leaning, plain);
      if (text !== undefined) return { text, compressed: true, continued: true };
    }
    return alone(plain, this.#compress(plain));
  }

  #compress(plain: Uint8Array): Uint8Array | undefined {
    if (plain.length < SMALLEST) return undefined;
    const began = this.#clock.monotonicUs();
    this.#saved = Math.min(SAVED_US, this.#saved + (began - this.#countedUs) * SHARE);
    this.#countedUs = began;
    if (this.#saved <= 0 || (plain.length > CONTINUED_BYTES && this.#rests())) return this.#run(this.#quick, plain);
    const packed = plain.length > CONTINUED_BYTES ? this.#tried(plain) : this.#run(this.#careful, plain);
    this.#saved -= this.#clock.monotonicUs() - began;
    return packed;
  }

  #rests(): boolean {
    if (this.#resting === 0) return false;
    this.#resting--;
    return true;
  }

  /** Careful; now and then quick before it, to see whether the time is well spent. */
  #tried(plain: Uint8Array): Uint8Array | undefined {
    const trial = this.#untilTrial === 0;
    this.#untilTrial = trial ? TRIED_EVERY - 1 : this.#untilTrial - 1;
    const quick = trial ? (this.#run(this.#quick, plain) ?? plain).length : Infinity;
    const packed = this.#run(this.#careful, plain);
    if ((packed ?? plain).length <= WORTH * quick) return packed;
    this.#resting = RESTED_FRAMES;
    this.#untilTrial = 0;
    return packed;
  }

  #run(context: CCtx, plain: Uint8Array): Uint8Array | undefined {
    const length = context.compress2(this.#out, plain);
    return length < plain.length ? this.#out.subarray(0, length) : undefined;
  }
}

function contextOf(parameters: Readonly<Partial<Record<keyof typeof CParameter, number>>>): CCtx {
  const context = new binding.CCtx();
  context.setParameter(CParameter.contentSizeFlag, 0);
  for (const [name, value] of Object.entries(parameters))
    context.setParameter(CParameter[name as keyof typeof CParameter], value);
  return context;
}

function alone(plain: Uint8Array, text: Uint8Array | undefined): Packed {
  return { text: text ?? plain, compressed: text !== undefined, continued: false };
}

const NO_DICTIONARY = new Uint8Array(0);
let simple: Compressor | undefined;
let decompressor: Decompressor | undefined;
let opener: DCtx | undefined;

/** For what is not a frame: quick, and `undefined` when it would not be shorter. */
export function compress(plain: Uint8Array): Uint8Array | undefined {
  if (simple === undefined) {
    simple = new Compressor();
    simple.setParameters({ compressionLevel: 3, contentSizeFlag: false });
  }
  const packed = simple.compress(plain);
  return packed.length < plain.length ? packed : undefined;
}

/** Throws when `packed` is not whole zstd frames. */
export function decompress(packed: Uint8Array): Uint8Array {
  decompressor ??= new Decompressor();
  return decompressor.decompress(packed);
}

/** A frame's plaintext. Throws when `packed` is not one whole zstd frame, is longer than `length`, or was made with another dictionary. */
export function unpack(packed: Uint8Array, length: number, dictionary: Uint8Array = NO_DICTIONARY): Uint8Array {
  opener ??= new binding.DCtx();
  opener.loadDictionary(dictionary);
  const plain = Buffer.allocUnsafeSlow(length);
  return plain.subarray(0, opener.decompress(plain, packed));
}
