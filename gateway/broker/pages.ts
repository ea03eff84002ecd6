/** Listings by opaque cursor: newest first by id (UUIDv7 grows with time), so that new rows never shift a page. */
import type { Store, Where } from "../domain/index.js";
import type { Listing, Page } from "./broker.js";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DEFAULT_LIMIT = 50;
const LONGEST = 200;

/** One page of rows; undefined when the cursor is not one that was given out. */
export async function pageOf<Row extends { readonly id: string }>(
  store: Pick<Store<Row>, "find">,
  where: Where<Row>,
  page: Page,
): Promise<Listing<Row> | undefined> {
  const limit = limitOf(page);
  const before = page.cursor === undefined ? undefined : readCursor(page.cursor);
  if (page.cursor !== undefined && before === undefined) return undefined;
  const bounded = before === undefined ? where : ({ ...where, id: { lt: before } } as Where<Row>);
  const rows = await store.find(bounded, { orderBy: "id", descending: true, limit: limit + 1 });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? makeCursor(last.id) : null };
}

/**
 * One page of the rows that any of `wheres` means, each once: what a reader oversees, and beside it what is his own. No
 * condition, no row.
 */
export async function pageOfEither<Row extends { readonly id: string }>(
  store: Pick<Store<Row>, "find">,
  wheres: readonly Where<Row>[],
  page: Page,
): Promise<Listing<Row> | undefined> {
  const listings: Listing<Row>[] = [];
  for (const where of wheres) {
    const listing = await pageOf(store, where, page);
    if (listing === undefined) return undefined;
    listings.push(listing);
  }
  const [only] = listings;
  if (only !== undefined && listings.length === 1) return only;
  const rows = new Map(listings.flatMap(({ items }) => items.map((row) => [row.id, row] as const)));
  const sorted = [...rows.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  const items = sorted.slice(0, limitOf(page));
  const last = items.at(-1);
  const more = sorted.length > items.length || listings.some((listing) => listing.next !== null);
  return { items, next: more && last !== undefined ? makeCursor(last.id) : null };
}

const LOOKED_AT_MOST = 2000;

/** One page of the rows that `keep` keeps; may hold fewer than asked for and still go on. */
export async function pageOfKept<Row extends { readonly id: string }>(
  store: Pick<Store<Row>, "find">,
  page: Page,
  keep: (row: Row) => Promise<boolean>,
): Promise<Listing<Row> | undefined> {
  const limit = limitOf(page);
  const items: Row[] = [];
  let cursor = page.cursor;
  for (let looked = 0; looked < LOOKED_AT_MOST; looked += LONGEST) {
    const batch = await pageOf(store, {}, { limit: LONGEST, ...(cursor === undefined ? {} : { cursor }) });
    if (batch === undefined) return undefined;
    for (const row of batch.items) {
      if (!(await keep(row))) continue;
      items.push(row);
      const isLast = batch.next === null && row === batch.items.at(-1);
      if (items.length === limit) return { items, next: isLast ? null : makeCursor(row.id) };
    }
    if (batch.next === null) return { items, next: null };
    cursor = batch.next;
  }
  return { items, next: cursor ?? null };
}

/** The same page with each row turned into what is shown. */
export async function mapListing<Row, View>(
  listing: Listing<Row>,
  view: (row: Row) => Promise<View> | View,
): Promise<Listing<View>> {
  const items: View[] = [];
  for (const row of listing.items) items.push(await view(row));
  return { items, next: listing.next };
}

function limitOf(page: Page): number {
  return Math.min(LONGEST, Math.max(1, Math.trunc(page.limit ?? DEFAULT_LIMIT)));
}

function makeCursor(id: string): string {
  return Buffer.from(id, "latin1").toString("base64url");
}

function readCursor(cursor: string): string | undefined {
  if (cursor.length > 64) return undefined;
  const id = Buffer.from(cursor, "base64url").toString("latin1");
  return UUID.test(id) ? id : undefined;
}
