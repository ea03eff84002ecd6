/**
 * The file of a recording's derived data: pieces sealed one by one (keyframes, small pictures, lines of the screen, a directory), so that one
 * of them is read by its offset without the others. Layout: magic ‖ pieces ‖ directory ‖ u64 offset ‖ u32 length of the directory.
 * Rebuildable; a file that is not whole counts as absent.
 */
import type { BlobReader, BlobStore, BlobWriter } from "../../domain/index.js";
import { decodeJson, encodeJson, encodeUtf8 } from "../../../recordings/codec/index.js";
import type { Derived, Keyframe } from "../contract.js";
import { compress, decompress } from "../zstd.js";
import type { Summary, Thumbnail } from "./protocol.js";

const MAGIC = encodeUtf8("GHDRV\x00\x02\n");
const FOOT_BYTES = 12;

export interface Sealer {
  seal(plain: Uint8Array): Uint8Array;
  open(body: Uint8Array): Uint8Array;
}

type KeyframeEntry = readonly [
  channel: number,
  atUs: number,
  cols: number,
  rows: number,
  offset: number,
  length: number,
];
type ThumbnailEntry = readonly [channel: number, atUs: number, offset: number, length: number];
const DIRECTORY_VERSION = 2;
export interface Directory {
  readonly v: typeof DIRECTORY_VERSION;
  readonly summary: Omit<Summary, "screen">;
  readonly keyframes: readonly KeyframeEntry[];
  readonly thumbnails: readonly ThumbnailEntry[];
  readonly screen: readonly [offset: number, length: number];
}

/** What a derived file is called in the blob store. */
export function derivedName(id: string): string {
  return `${id}.derived`;
}

export class DerivedFileWriter {
  readonly #writer: BlobWriter;
  readonly #sealer: Sealer;
  readonly #keyframes: KeyframeEntry[] = [];
  readonly #thumbnails: ThumbnailEntry[] = [];
  #at = MAGIC.length;

  private constructor(writer: BlobWriter, sealer: Sealer) {
    this.#writer = writer;
    this.#sealer = sealer;
  }

  /** Replaces what an interrupted making left. */
  static async create(blobs: BlobStore, id: string, sealer: Sealer): Promise<DerivedFileWriter> {
    await blobs.remove(derivedName(id));
    const writer = await blobs.create(derivedName(id));
    await writer.append(MAGIC);
    return new DerivedFileWriter(writer, sealer);
  }

  async keyframe({ channel, atUs, cols, rows, state }: Keyframe): Promise<void> {
    const [offset, length] = await this.#piece(Buffer.from(state));
    this.#keyframes.push([channel, atUs, cols, rows, offset, length]);
  }

  async thumbnail({ channel, atUs, picture }: Thumbnail): Promise<void> {
    const [offset, length] = await this.#piece(picture);
    this.#thumbnails.push([channel, atUs, offset, length]);
  }

  async finish({ screen, ...summary }: Summary): Promise<void> {
    const lines = await this.#piece(encodeJson(screen));
    const directory: Directory = {
      v: DIRECTORY_VERSION,
      summary,
      keyframes: this.#keyframes,
      thumbnails: this.#thumbnails,
      screen: lines,
    };
    const [offset, length] = await this.#piece(encodeJson(directory));
    const foot = Buffer.alloc(FOOT_BYTES);
    foot.writeBigUInt64LE(BigInt(offset), 0);
    foot.writeUInt32LE(length, 8);
    await this.#writer.append(foot);
    await this.#writer.sync();
    await this.#writer.finish();
  }

  abandon(): Promise<void> {
    return this.#writer.abandon();
  }

  async #piece(plain: Uint8Array): Promise<[offset: number, length: number]> {
    const packed = compress(plain);
    const sealed = this.#sealer.seal(Buffer.concat([Uint8Array.of(packed === undefined ? 0 : 1), packed ?? plain]));
    const offset = this.#at;
    await this.#writer.append(sealed);
    this.#at += sealed.length;
    return [offset, sealed.length];
  }
}

/** The directory, or `undefined` when the file is not whole or of an older kind. */
export async function readDirectory(blob: BlobReader, sealer: Sealer): Promise<Directory | undefined> {
  if (blob.size < MAGIC.length + FOOT_BYTES) return undefined;
  const foot = Buffer.from(await blob.read(blob.size - FOOT_BYTES, FOOT_BYTES));
  const offset = Number(foot.readBigUInt64LE(0));
  const length = foot.readUInt32LE(8);
  if (offset < MAGIC.length || offset + length + FOOT_BYTES !== blob.size) return undefined;
  const directory = decodeJson(await piece(blob, sealer, offset, length)) as Directory;
  return (directory.v as number) === DIRECTORY_VERSION ? directory : undefined;
}

export async function readDerived(blob: BlobReader, sealer: Sealer, directory: Directory): Promise<Derived> {
  const screen = decodeJson(await piece(blob, sealer, ...directory.screen)) as Derived["screen"];
  const at = ([channel, atUs]: readonly [number, number, ...unknown[]]) => ({ channel, atUs });
  const { keyframes, thumbnails } = directory;
  return { ...directory.summary, keyframes: keyframes.map(at), thumbnails: thumbnails.map(at), screen };
}

/** The newest keyframe of a channel at or before `atUs`. */
export async function readKeyframe(
  blob: BlobReader,
  sealer: Sealer,
  { keyframes }: Directory,
  channel: number,
  atUs: number,
): Promise<Keyframe | undefined> {
  const newest = newestAt(keyframes, channel, atUs);
  if (newest === undefined) return undefined;
  const [, at, cols, rows, offset, length] = newest;
  return { channel, atUs: at, cols, rows, state: Buffer.from(await piece(blob, sealer, offset, length)).toString() };
}

/** The newest small picture of a channel at or before `atUs`. */
export async function readThumbnail(
  blob: BlobReader,
  sealer: Sealer,
  { thumbnails }: Directory,
  channel: number,
  atUs: number,
): Promise<Uint8Array | undefined> {
  const newest = newestAt(thumbnails, channel, atUs);
  return newest === undefined ? undefined : piece(blob, sealer, newest[2], newest[3]);
}

function newestAt<Entry extends readonly [channel: number, atUs: number, ...unknown[]]>(
  entries: readonly Entry[],
  channel: number,
  atUs: number,
): Entry | undefined {
  let newest: Entry | undefined;
  for (const entry of entries)
    if (entry[0] === channel && entry[1] <= atUs && entry[1] >= (newest?.[1] ?? 0)) newest = entry;
  return newest;
}

async function piece(blob: BlobReader, sealer: Sealer, offset: number, length: number): Promise<Uint8Array> {
  const plain = sealer.open(await blob.read(offset, length));
  return plain[0] === 1 ? decompress(plain.subarray(1)) : plain.subarray(1);
}
