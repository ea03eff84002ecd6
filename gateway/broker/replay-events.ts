/** From a recording's events to what a player draws; the event types are those of recordings/FORMAT.md §3. */
import type { ContainerReader } from "../recording/index.js";
import type { ReplaySegment } from "./broker.js";

type RecordedEvent = ReturnType<ContainerReader["events"]> extends AsyncIterable<infer Event> ? Event : never;
type Drawn = ReplaySegment["events"][number];

export const RECORDED = {
  output: 1,
  errorOutput: 2,
  resize: 3,
  input: 8,
  gate: 11,
  graphics: 13,
  pointer: 14,
} as const;

/** Payload bytes one answer carries; a stretch that holds more ends early, between two event times. */
const MOST_BYTES = 2 * 1024 * 1024;

/** Events of the channel in `[fromUs, toUs)`, and where they end. */
export async function collectEvents(
  source: AsyncIterable<RecordedEvent>,
  channel: number,
  fromUs: number,
  toUs: number,
): Promise<{ readonly events: readonly Drawn[]; readonly toUs: number }> {
  const events: Drawn[] = [];
  let bytes = 0;
  let lastUs = fromUs;
  for await (const event of source) {
    if (event.channel !== channel || event.atUs < fromUs) continue;
    if (event.atUs >= toUs) break;
    const drawn = draw(event);
    if (drawn === undefined) continue;
    if (bytes > MOST_BYTES && event.atUs > lastUs) return { events, toUs: event.atUs };
    events.push(drawn);
    bytes += event.payload.length;
    lastUs = event.atUs;
  }
  return { events, toUs };
}

function draw({ type, atUs, payload }: RecordedEvent): Drawn | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  switch (type) {
    case RECORDED.output:
    case RECORDED.errorOutput:
      return [atUs, "o", bytes.toString("base64")];
    case RECORDED.gate:
      return [atUs, "g", bytes.toString("utf8")];
    case RECORDED.resize:
      return bytes.length === 4
        ? [atUs, "r", `${String(bytes.readUInt16LE(0))}x${String(bytes.readUInt16LE(2))}`]
        : undefined;
    case RECORDED.graphics:
      return [atUs, "d", bytes.toString("utf8")];
    case RECORDED.pointer:
      return bytes.length === POINTER_BYTES ? [atUs, "p", pointerText(bytes)] : undefined;
    default:
      return undefined;
  }
}

const POINTER_BYTES = 5;

function pointerText(bytes: Buffer): string {
  return `${String(bytes.readUInt16LE(0))},${String(bytes.readUInt16LE(2))},${String(bytes.readUInt8(4))}`;
}
