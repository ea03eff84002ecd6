/** The transcript beside a replay: one row a key moment, in the order of time, each a place to jump to. Pure. */
import type { MarkerKind, ReplayIndex, SessionDetail } from "../../api/types.js";

export interface TranscriptRow {
  readonly atUs: number;
  readonly channel: number;
  readonly kind: MarkerKind;
  /** Foreign text: shown as text, never as markup. */
  readonly text: string;
  readonly transfer?: SessionDetail["transfers"][number];
}

/** Markers, with each transfer's row (size, digest) put to the marker it belongs to; a transfer without a marker gets its own row. */
export function transcriptOf(
  markers: ReplayIndex["markers"],
  transfers: SessionDetail["transfers"],
): readonly TranscriptRow[] {
  const left = new Set(transfers);
  const rows: TranscriptRow[] = markers.map((marker) => {
    if (marker.kind !== "transfer") return marker;
    const match = [...left].find(
      (t) =>
        t.channelNumber === marker.channel &&
        Math.abs(t.atUs - marker.atUs) < 1_000_000 &&
        marker.text.includes(t.path),
    );
    if (match === undefined) return marker;
    left.delete(match);
    return { ...marker, text: match.path, transfer: match };
  });
  for (const transfer of left) {
    rows.push({
      atUs: transfer.atUs,
      channel: transfer.channelNumber,
      kind: "transfer",
      text: transfer.path,
      transfer,
    });
  }
  return rows.sort((a, b) => a.atUs - b.atUs);
}

/** Rows of the kinds chosen whose text holds every word of `words`, whatever the case. */
export function narrowed(
  rows: readonly TranscriptRow[],
  kinds: ReadonlySet<MarkerKind>,
  words: string,
): readonly TranscriptRow[] {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return rows.filter((row) => kinds.has(row.kind) && wanted.every((word) => row.text.toLowerCase().includes(word)));
}

/** Index of the last row at or before `positionUs`; −1 before the first. Rows are in the order of time. */
export function currentRow(rows: readonly TranscriptRow[], positionUs: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.atUs ?? Infinity) <= positionUs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
