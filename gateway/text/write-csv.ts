/** Writes a CSV file for spreadsheets: UTF-8 behind a BOM, since they read Chinese wrongly without; formulas disarmed. */
import { stringify } from "csv-stringify/sync";
import { disarmed } from "./formulas.js";

const BOM = "\uFEFF";
const ROWS_AT_ONCE = 200;

/** Every value in quotes, lines ending in CRLF (RFC 4180 §2). `readCsv` gives the same values back. */
export async function* writeCsv(
  rows: Iterable<readonly string[]> | AsyncIterable<readonly string[]>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(BOM);
  let held: string[][] = [];
  for await (const row of rows) {
    held.push(row.map(disarmed));
    if (held.length < ROWS_AT_ONCE) continue;
    yield encoder.encode(textOf(held));
    held = [];
  }
  if (held.length > 0) yield encoder.encode(textOf(held));
}

function textOf(rows: readonly string[][]): string {
  return stringify([...rows], { quoted: true, quoted_empty: true, record_delimiter: "windows" });
}
