/**
 * Reads a CSV file that a spreadsheet saved (RFC 4180): UTF-8 with or without BOM, else GB18030. It is bounded before it is
 * understood, and read in slices so that nothing else on the node waits for it. What the columns mean is not known here.
 */
import { Readable } from "node:stream";
import { setImmediate as breathe } from "node:timers/promises";
import { CsvError, parse, type Parser } from "csv-parse";
import { asRead } from "./formulas.js";

export const CSV_BYTES = 16 * 1024 * 1024;
export const CSV_LINES = 5_000;
const CSV_COLUMNS = 64;
const RECORD_CHARACTERS = 65_536;
const SLICE_BYTES = 262_144;
const SLICE_CHARACTERS = 65_536;
const LINE_ENDS = /\r\n|\r|\n/g;

export type CsvEncoding = "utf-8" | "gb18030";
export interface CsvRow {
  /** Where the row begins, as an editor counts lines, from 1. */
  readonly line: number;
  readonly values: readonly string[];
}
export interface CsvFile {
  readonly encoding: CsvEncoding;
  readonly header: CsvRow;
  readonly rows: readonly CsvRow[];
}
/** Why the whole file was refused. `csv-form`: quotes that do not match; `csv-encoding`: neither encoding, or NUL characters. */
export interface CsvFault {
  readonly line: number;
  readonly code: "csv-too-large" | "csv-too-many-lines" | "csv-encoding" | "csv-empty" | "csv-columns" | "csv-form";
}
export type CsvReading =
  { readonly ok: true; readonly file: CsvFile } | { readonly ok: false; readonly fault: CsvFault };

/**
 * The header and the rows below it, without the blank lines. Rows may be shorter or longer than the header; values that
 * `writeCsv` disarmed are as they were. Stops at the first line past the bound.
 */
export async function readCsv(bytes: Uint8Array): Promise<CsvReading> {
  if (bytes.length > CSV_BYTES) return faulty("csv-too-large", 1);
  const text = (await decode(bytes, "utf-8")) ?? (hasMark(bytes) ? undefined : await decode(bytes, "gb18030"));
  if (text === undefined) return faulty("csv-encoding", 1);
  const read = await rowsOf(text.slices);
  if (!read.ok) return read;
  const [header, ...rows] = read.rows;
  if (header === undefined) return faulty("csv-empty", 1);
  return { ok: true, file: { encoding: text.encoding, header, rows } };
}

/** A byte order mark says UTF-8: what is not that behind one is broken, though GB18030 would make characters of it. */
function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function faulty(code: CsvFault["code"], line: number): { readonly ok: false; readonly fault: CsvFault } {
  return { ok: false, fault: { code, line } };
}

interface Decoded {
  readonly encoding: CsvEncoding;
  readonly slices: readonly string[];
}

async function decode(bytes: Uint8Array, encoding: CsvEncoding): Promise<Decoded | undefined> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const slices: string[] = [];
  try {
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      const text = decoder.decode(bytes.subarray(at, at + SLICE_BYTES), { stream: true });
      if (text.includes("\0")) return undefined;
      slices.push(text);
      await breathe();
    }
    slices.push(decoder.decode());
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
  return { encoding, slices };
}

type Rows = { readonly ok: true; readonly rows: readonly CsvRow[] } | { readonly ok: false; readonly fault: CsvFault };

async function rowsOf(slices: readonly string[]): Promise<Rows> {
  const source = Readable.from(piecesOf(slices));
  const lines = { next: 1 };
  const parser = source.pipe(csvParser(lines));
  const rows: CsvRow[] = [];
  try {
    for await (const row of parser as AsyncIterable<CsvRow>) {
      if (row.line > CSV_LINES) return faulty("csv-too-many-lines", row.line);
      if (row.values.length > CSV_COLUMNS) return faulty("csv-columns", row.line);
      if (row.values.some((value) => value.trim() !== "")) rows.push(row);
    }
    return { ok: true, rows };
  } catch (error) {
    if (error instanceof CsvError) return faulty("csv-form", lines.next);
    throw error;
  } finally {
    source.destroy();
    parser.destroy();
  }
}

/** Counts lines itself: the package counts the two characters of one line end inside quotes as two lines. */
function csvParser(lines: { next: number }): Parser {
  return parse({
    raw: true,
    relax_column_count: true,
    record_delimiter: ["\r\n", "\n", "\r"],
    max_record_size: RECORD_CHARACTERS,
    // The package's types know plain records alone; with `raw` it gives and takes objects.
    on_record(given: unknown): string[] {
      const { raw, record } = given as { readonly raw: string; readonly record: readonly string[] };
      const line = lines.next;
      lines.next += raw.match(LINE_ENDS)?.length ?? 0;
      const row: CsvRow = { line, values: record.map(asRead) };
      return row as unknown as string[];
    },
  });
}

/** The text in slices, with room for others between them. */
async function* piecesOf(slices: readonly string[]): AsyncGenerator<string> {
  for (const slice of slices)
    for (let at = 0; at < slice.length; at += SLICE_CHARACTERS) {
      yield slice.slice(at, at + SLICE_CHARACTERS);
      await breathe();
    }
}
