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
  const limit = Math.min(LONGEST, Math.max(1, Math.trunc(page.limit ?? DEFAULT_LIMIT)));
  const before = page.cursor === undefined ? undefined : readCursor(page.cursor);
  if (page.cursor !== undefined && before === undefined) return undefined;
  const bounded = before === undefined ? where : ({ ...where, id: { lt: before } } as Where<Row>);
  const rows = await store.find(bounded, { orderBy: "id", descending: true, limit: limit + 1 });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? makeCursor(last.id) : null };
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

function makeCursor(id: string): string {
  return Buffer.from(id, "latin1").toString("base64url");
}

function readCursor(cursor: string): string | undefined {
  if (cursor.length > 64) return undefined;
  const id = Buffer.from(cursor, "base64url").toString("latin1");
  return UUID.test(id) ? id : undefined;
}
