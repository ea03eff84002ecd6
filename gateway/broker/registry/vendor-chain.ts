/** Who works under whom: a vendor, the vendor it is a sub-contractor of, and so on up to the one that a unit contracts with. */
import { LONGEST_VENDOR_CHAIN, type Stores, type Vendor, type VendorId } from "../../domain/index.js";
import { batches, everyRow } from "../batches.js";
import { rowsById } from "./rows-by-id.js";

type VendorStores = Pick<Stores, "vendors">;

/** From the vendor itself up to the outermost; empty for none. A link that leads nowhere or back ends it. */
export async function vendorsUp(stores: VendorStores, id: VendorId | null): Promise<readonly Vendor[]> {
  const chain: Vendor[] = [];
  for (let next = id; next !== null && chain.length <= LONGEST_VENDOR_CHAIN;) {
    const vendor = await stores.vendors.get(next);
    if (vendor === undefined || chain.some((one) => one.id === vendor.id)) break;
    chain.push(vendor);
    next = vendor.parentId;
  }
  return chain;
}

/** The vendors named and every one above any of them: a statement a link, however many are asked for. */
export async function vendorsOf(stores: VendorStores, own: readonly VendorId[]): Promise<ReadonlyMap<string, Vendor>> {
  const vendors = new Map<string, Vendor>();
  let level = own;
  for (let link = 0; level.length > 0 && link <= LONGEST_VENDOR_CHAIN; link += 1) {
    const above = new Set<VendorId>();
    for (const [id, vendor] of await rowsById(stores.vendors, level)) {
      vendors.set(id, vendor);
      if (vendor.parentId !== null) above.add(vendor.parentId);
    }
    level = [...above].filter((id) => !vendors.has(id));
  }
  return vendors;
}

/** Names from the vendor itself up to the outermost, of what `vendorsOf` read. */
export function namesUp(vendors: ReadonlyMap<string, Vendor>, id: VendorId | null): readonly string[] {
  const chain: Vendor[] = [];
  for (let next = id; next !== null && chain.length <= LONGEST_VENDOR_CHAIN;) {
    const vendor = vendors.get(next);
    if (vendor === undefined || chain.includes(vendor)) break;
    chain.push(vendor);
    next = vendor.parentId;
  }
  return chain.map((vendor) => vendor.name);
}

/** The same as ids, which rules compare: at least the vendor's own, whatever its row says. */
export async function vendorIdsUp(stores: VendorStores, id: VendorId | null): Promise<readonly VendorId[]> {
  return id === null ? [] : [...new Set([id, ...(await vendorsUp(stores, id)).map((vendor) => vendor.id)])];
}

/** The same as names, which people read. */
export async function vendorNames(stores: VendorStores, id: VendorId | null): Promise<readonly string[]> {
  return id === null ? [] : (await vendorsUp(stores, id)).map((vendor) => vendor.name);
}

/** The vendor and all below it, with how many links each is below. */
export async function vendorsBelow(stores: VendorStores, id: VendorId): Promise<ReadonlyMap<VendorId, number>> {
  const below = new Map<VendorId, number>([[id, 0]]);
  let level: readonly VendorId[] = [id];
  for (let depth = 1; level.length > 0 && depth <= LONGEST_VENDOR_CHAIN + 1; depth += 1) {
    const next: VendorId[] = [];
    for (const child of await childrenOf(stores, level)) {
      if (below.has(child.id)) continue;
      below.set(child.id, depth);
      next.push(child.id);
    }
    level = next;
  }
  return below;
}

async function childrenOf(stores: VendorStores, ids: readonly VendorId[]): Promise<readonly Vendor[]> {
  const children: Vendor[] = [];
  for (const batch of batches(ids)) children.push(...(await everyRow(stores.vendors, { parentId: { in: batch } })));
  return children;
}
