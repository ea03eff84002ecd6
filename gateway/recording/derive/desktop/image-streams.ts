/** Pictures that arrive in pieces: opened by `img`, filled by `blob`, drawn at `end`. Bounded in number and bytes. */
import { DrawingFault, IMAGE_BYTES_MOST, STREAMS_MOST, STREAM_BYTES_MOST } from "./limits.js";

export interface ImageStream {
  readonly layer: number;
  readonly x: number;
  readonly y: number;
  /** The `img` and the `blob`s so far, as they came: what a late watcher needs to see its end. */
  readonly instructions: string[];
  readonly parts: Buffer[];
  bytes: number;
}

export class ImageStreams {
  readonly #open = new Map<string, ImageStream>();
  #bytes = 0;

  get size(): number {
    return this.#open.size;
  }
  all(): Iterable<ImageStream> {
    return this.#open.values();
  }

  begin(number: string, at: Pick<ImageStream, "layer" | "x" | "y">, instruction: string): void {
    this.end(number);
    if (this.#open.size >= STREAMS_MOST) throw new DrawingFault("too many images are under way");
    this.#open.set(number, { ...at, instructions: [instruction], parts: [], bytes: 0 });
  }

  /** A piece for a stream that is none of these is left out. */
  piece(number: string, base64: string, instruction: string): void {
    const stream = this.#open.get(number);
    if (stream === undefined) return;
    const part = Buffer.from(base64, "base64");
    stream.bytes += part.length;
    this.#bytes += part.length;
    if (stream.bytes > IMAGE_BYTES_MOST || this.#bytes > STREAM_BYTES_MOST)
      throw new DrawingFault("images under way hold too many bytes");
    stream.parts.push(part);
    stream.instructions.push(instruction);
  }

  end(number: string): ImageStream | undefined {
    const stream = this.#open.get(number);
    if (stream === undefined) return undefined;
    this.#open.delete(number);
    this.#bytes -= stream.bytes;
    return stream;
  }
}
