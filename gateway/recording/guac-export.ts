/**
 * One desktop of a recording as the plain instruction stream that Guacamole's own tools play. Drawing stays as it was shown; the times in
 * `sync` become milliseconds of the recording, so that the operator's pointer, which the recorder saw and guacd did not, stands on
 * the same clock. Pure.
 */
import { EventType, InstructionParser, concat, encodeInstructionBytes } from "../../recordings/codec/index.js";
import type { RecordedEvent } from "../../recordings/codec/index.js";

/** Bytes of one piece of the export, about. */
const PIECE_BYTES = 64 * 1024;

/**
 * The stream of `channel`, from events in order of their times. Throws GuacamoleError when a graphics event holds anything but
 * whole instructions.
 */
export async function* guacExport(
  events: AsyncIterable<RecordedEvent> | Iterable<RecordedEvent>,
  channel: number,
): AsyncGenerator<Uint8Array> {
  const writer = new GuacWriter();
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const event of events) {
    if (event.channel !== channel) continue;
    for (const part of writer.event(event)) {
      parts.push(part);
      bytes += part.length;
    }
    if (bytes < PIECE_BYTES) continue;
    yield concat(parts);
    parts = [];
    bytes = 0;
  }
  if (bytes > 0) yield concat(parts);
}

/** Instructions for the events of one desktop channel. */
class GuacWriter {
  readonly #parser = new InstructionParser();
  /** True between a `sync` and the next drawing: only there may a frame of the pointer's own end without tearing one of the target's. */
  #betweenFrames = true;

  event(event: RecordedEvent): readonly Uint8Array[] {
    if (event.type === EventType.graphics) return this.#graphics(event);
    if (event.type === EventType.pointer && event.payload.length === 5) return this.#pointer(event);
    return [];
  }

  #graphics({ payload, atUs }: RecordedEvent): readonly Uint8Array[] {
    return this.#parser.feed(payload).map(({ opcode, bytes }) => {
      this.#betweenFrames = opcode === "sync";
      return this.#betweenFrames ? sync(atUs) : bytes;
    });
  }

  #pointer({ payload, atUs }: RecordedEvent): readonly Uint8Array[] {
    const [xLow = 0, xHigh = 0, yLow = 0, yHigh = 0, mask = 0] = payload;
    const place = [xLow | (xHigh << 8), yLow | (yHigh << 8)];
    const mouse = encodeInstructionBytes(["mouse", ...place, mask, milliseconds(atUs)]);
    return this.#betweenFrames ? [mouse, sync(atUs)] : [mouse];
  }
}

function sync(atUs: number): Uint8Array {
  return encodeInstructionBytes(["sync", milliseconds(atUs)]);
}

function milliseconds(atUs: number): number {
  return Math.floor(atUs / 1000);
}
