/**
 * The blind index of search text. `search_token` holds (token, kind, at, entry number) in that order, so that the newest
 * entries of one token are one range; a search drives from the token (or the recordings) with the fewest entries and
 * probes the others, in slices, so that two common tokens that never meet block nobody for long.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { GatehouseError } from "../domain/index.js";
import type { SearchEntry, SearchStore } from "../domain/index.js";
import { assertWritable, statement } from "./scope.js";
import type { Scope } from "./scope.js";

type Kind = SearchEntry["kind"];
type Query = Parameters<SearchStore["find"]>[0];
type NewEntry = Parameters<SearchStore["add"]>[0][number];

const KINDS: readonly Kind[] = ["command", "file", "screen"];
const KIND_NUMBER: Readonly<Record<Kind, number>> = { command: 0, file: 1, screen: 2 };

/** Rows in one INSERT; four to six parameters each stay far below both databases' bounds. */
const INSERT_ROWS = 500;
/** Counting stops at the first bound; only when every token passes it, at the next. A token past the last is simply common. */
const COUNT_BOUNDS = [2_000, 16_000] as const;
/** Index rows of the driving token looked at in one statement. */
const SLICE = 4_000;
/** Longest list of recordings that goes into a statement; a longer one filters here. */
const MOST_LISTED = 200;
const MOST_FOUND = 1_000;

interface EntryRow {
  readonly id: string;
  readonly recording_id: string;
  readonly kind: Kind;
  readonly at_us: number | string;
  readonly at: number | string;
  readonly sealed: string;
  readonly n: number | string;
}

export function createSearchStore(scope: Scope): SearchStore {
  return {
    add: (entries) => add(scope, entries),
    find: (query) => find(scope, query),
    async ofRecording(recordingId, kinds) {
      if (kinds.length === 0) return [];
      const sql =
        `SELECT * FROM "search_entry" WHERE "recording_id" = ? AND "kind" IN (${kinds.map(() => "?").join(", ")}) ` +
        `ORDER BY "at_us", "n"`;
      return (await statement<EntryRow>(scope, sql, [recordingId, ...kinds])).rows.map(toEntry);
    },
    async removeRecording(recordingId) {
      assertWritable(scope);
      await statement(
        scope,
        `DELETE FROM "search_token" WHERE "n" IN (SELECT "n" FROM "search_entry" WHERE "recording_id" = ?)`,
        [recordingId],
      );
      await statement(scope, `DELETE FROM "search_entry" WHERE "recording_id" = ?`, [recordingId]);
    },
  };
}

async function add(scope: Scope, entries: readonly NewEntry[]): Promise<void> {
  assertWritable(scope);
  for (let from = 0; from < entries.length; from += INSERT_ROWS) {
    const batch = entries.slice(from, from + INSERT_ROWS);
    const { rows } = await statement<{ id: string; n: number | string }>(
      scope,
      `INSERT INTO "search_entry" ("id", "recording_id", "kind", "at_us", "at", "sealed") ` +
        `VALUES ${batch.map(() => "(?, ?, ?, ?, ?, ?)").join(", ")} RETURNING "id", "n"`,
      batch.flatMap((entry) => [entry.id, entry.recordingId, entry.kind, entry.atUs, entry.at, entry.sealed]),
    );
    const numbers = new Map(rows.map((row) => [row.id, Number(row.n)]));
    await addTokens(scope, batch, numbers);
    await nextTurn();
  }
}

async function addTokens(
  scope: Scope,
  batch: readonly NewEntry[],
  numbers: ReadonlyMap<string, number>,
): Promise<void> {
  const tokens = batch.flatMap((entry) =>
    [...new Set(entry.tokens)].map((token) => [
      tokenValue(scope, token),
      KIND_NUMBER[entry.kind],
      entry.at,
      numbers.get(entry.id),
    ]),
  );
  for (let from = 0; from < tokens.length; from += INSERT_ROWS) {
    const rows = tokens.slice(from, from + INSERT_ROWS);
    const sql = `INSERT INTO "search_token" ("token", "kind", "at", "n") VALUES ${rows.map(() => "(?, ?, ?, ?)").join(", ")}`;
    await statement(scope, sql, rows.flat());
  }
}

async function find(scope: Scope, query: Query): Promise<SearchEntry[]> {
  const limit = Math.min(query.limit, MOST_FOUND);
  if (limit < 1 || query.recordingIds?.length === 0 || query.unitIds?.length === 0) return [];
  const kinds = query.kind === undefined ? KINDS : [query.kind];
  const found: EntryRow[] = [];
  for (const kind of kinds) found.push(...(await findKind(scope, { ...query, limit }, kind)));
  return found
    .sort((a, b) => Number(b.at) - Number(a.at) || Number(b.n) - Number(a.n))
    .slice(0, limit)
    .map(toEntry);
}

async function findKind(scope: Scope, query: Query, kind: Kind): Promise<readonly EntryRow[]> {
  const tokens = await rarestFirst(scope, [...new Set(query.tokens)], kind);
  const [driver, ...others] = tokens;
  if (driver?.count === 0) return [];
  const listed = query.recordingIds !== undefined && query.recordingIds.length <= MOST_LISTED;
  if (driver === undefined || (listed && (await countOfRecordings(scope, query, kind)) < driver.count)) {
    return byEntries(scope, query, kind, tokens);
  }
  return byToken(scope, query, kind, driver.value, others);
}

interface Token {
  readonly value: bigint | string;
  readonly count: number;
}

async function rarestFirst(scope: Scope, tokens: readonly string[], kind: Kind): Promise<Token[]> {
  const values = tokens.map((token) => tokenValue(scope, token));
  let counted: Token[] = [];
  for (const bound of COUNT_BOUNDS) {
    counted = [];
    for (const value of values) counted.push({ value, count: await countOfToken(scope, value, kind, bound) });
    if (values.length < 2 || counted.some((token) => token.count < bound)) break;
  }
  return counted.sort((a, b) => a.count - b.count);
}

async function countOfToken(scope: Scope, value: bigint | string, kind: Kind, bound: number): Promise<number> {
  const sql = `SELECT COUNT(*) AS "total" FROM (SELECT 1 FROM "search_token" WHERE "token" = ? AND "kind" = ? LIMIT ${bound}) AS "some"`;
  const { rows } = await statement<{ total: number | string }>(scope, sql, [value, KIND_NUMBER[kind]]);
  return Number(rows[0]?.total ?? 0);
}

async function countOfRecordings(scope: Scope, query: Query, kind: Kind): Promise<number> {
  const ids = query.recordingIds ?? [];
  const sql =
    `SELECT COUNT(*) AS "total" FROM (SELECT 1 FROM "search_entry" WHERE "recording_id" IN (${ids.map(() => "?").join(", ")}) ` +
    `AND "kind" = ? LIMIT ${COUNT_BOUNDS[0]}) AS "some"`;
  const { rows } = await statement<{ total: number | string }>(scope, sql, [...ids, kind]);
  return Number(rows[0]?.total ?? 0);
}

/** Without a token, or where the recordings named have fewer entries than any token. */
async function byEntries(
  scope: Scope,
  query: Query,
  kind: Kind,
  tokens: readonly Token[],
): Promise<readonly EntryRow[]> {
  const ids = query.recordingIds;
  const terms = [`e."kind" = ?`];
  const parameters: unknown[] = [kind];
  if (ids !== undefined) {
    terms.push(`e."recording_id" IN (${ids.map(() => "?").join(", ")})`);
    parameters.push(...ids);
  }
  if (query.before !== undefined) {
    terms.push(`e."at" < ?`);
    parameters.push(query.before);
  }
  const units = withinUnits(query);
  terms.push(...units.terms);
  parameters.push(...units.parameters);
  for (const token of tokens) {
    terms.push(probe("e"));
    parameters.push(token.value, KIND_NUMBER[kind]);
  }
  const sql = `SELECT e.* FROM "search_entry" e WHERE ${terms.join(" AND ")} ORDER BY e."at" DESC, e."n" DESC LIMIT ${query.limit}`;
  return (await statement<EntryRow>(scope, sql, parameters)).rows;
}

interface Place {
  readonly at: number;
  readonly n: number;
}

async function byToken(
  scope: Scope,
  query: Query,
  kind: Kind,
  driver: bigint | string,
  others: readonly Token[],
): Promise<readonly EntryRow[]> {
  const wanted = query.recordingIds === undefined ? undefined : new Set(query.recordingIds);
  const found: EntryRow[] = [];
  let below: Place = { at: query.before ?? Number.MAX_SAFE_INTEGER, n: -1 };
  for (;;) {
    const end = await sliceEnd(scope, driver, kind, below);
    const rows = await slice(scope, {
      driver,
      others,
      kind,
      below,
      end,
      units: withinUnits(query),
      limit: wanted === undefined ? query.limit : SLICE,
    });
    found.push(...rows.filter((row) => wanted === undefined || wanted.has(row.recording_id)));
    if (end === undefined || found.length >= query.limit) return found.slice(0, query.limit);
    below = end;
    await nextTurn();
  }
}

/** Where the slice below `below` ends, or undefined when what is left is shorter than a slice. */
async function sliceEnd(scope: Scope, driver: bigint | string, kind: Kind, below: Place): Promise<Place | undefined> {
  const sql =
    `SELECT "at", "n" FROM "search_token" WHERE "token" = ? AND "kind" = ? AND ("at", "n") < (?, ?) ` +
    `ORDER BY "at" DESC, "n" DESC LIMIT 1 OFFSET ${SLICE - 1}`;
  const { rows } = await statement<{ at: number | string; n: number | string }>(scope, sql, [
    driver,
    KIND_NUMBER[kind],
    below.at,
    below.n,
  ]);
  const row = rows[0];
  return row === undefined ? undefined : { at: Number(row.at), n: Number(row.n) };
}

async function slice(
  scope: Scope,
  of: {
    readonly driver: bigint | string;
    readonly others: readonly Token[];
    readonly kind: Kind;
    readonly below: Place;
    readonly end: Place | undefined;
    readonly units: Units;
    readonly limit: number;
  },
): Promise<readonly EntryRow[]> {
  const end = of.end ?? { at: Number.MIN_SAFE_INTEGER, n: 0 };
  const number = KIND_NUMBER[of.kind];
  const sql =
    `SELECT e.* FROM "search_token" a JOIN "search_entry" e ON e."n" = a."n" ` +
    `WHERE a."token" = ? AND a."kind" = ? AND (a."at", a."n") < (?, ?) AND (a."at", a."n") >= (?, ?) ` +
    [...of.others.map(() => probe("a")), ...of.units.terms].map((term) => `AND ${term} `).join("") +
    `ORDER BY a."at" DESC, a."n" DESC LIMIT ${of.limit}`;
  const parameters: unknown[] = [of.driver, number, of.below.at, of.below.n, end.at, end.n];
  for (const other of of.others) parameters.push(other.value, number);
  parameters.push(...of.units.parameters);
  return (await statement<EntryRow>(scope, sql, parameters)).rows;
}

interface Units {
  readonly terms: readonly string[];
  readonly parameters: readonly string[];
}

/** That the entry `e` is of a recording of one of the units asked for. There are at most `MOST_UNITS` of them. */
function withinUnits(query: Query): Units {
  const { unitIds } = query;
  if (unitIds === undefined) return { terms: [], parameters: [] };
  const listed = unitIds.map(() => "?").join(", ");
  const term = `EXISTS (SELECT 1 FROM "recording" r WHERE r."id" = e."recording_id" AND r."unit_id" IN (${listed}))`;
  return { terms: [term], parameters: unitIds };
}

/** That the row behind `alias` carries one more token. OFFSET keeps PostgreSQL from turning the probe into a join of whole lists. */
function probe(alias: "a" | "e"): string {
  return (
    `EXISTS (SELECT 1 FROM "search_token" t WHERE t."token" = ? AND t."kind" = ? ` +
    `AND t."at" = ${alias}."at" AND t."n" = ${alias}."n" LIMIT 1 OFFSET 0)`
  );
}

/** Eight bytes in hex as a signed 64-bit integer; `pg` takes it as text. */
function tokenValue(scope: Scope, token: string): bigint | string {
  if (!/^[0-9a-f]{16}$/.test(token)) throw new GatehouseError("invalid-input", "a token is eight bytes in hex");
  const value = BigInt.asIntN(64, BigInt(`0x${token}`));
  return scope.dialect === "sqlite" ? value : value.toString();
}

function toEntry(row: EntryRow): SearchEntry {
  return {
    id: row.id,
    recordingId: row.recording_id,
    kind: row.kind,
    atUs: Number(row.at_us),
    at: Number(row.at),
    sealed: row.sealed,
  };
}
