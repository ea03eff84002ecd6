/** What a contract may say: days that exist and come in order, assets and accounts of its unit, an owner who can answer for it. */
import {
  ACTIONS,
  orderActions,
  refused,
  type Account,
  type Asset,
  type Calendar,
  type Contract,
  type ContractScope,
  type PersonId,
  type Stores,
  type UnitId,
} from "../../domain/index.js";
import { isOwner } from "../asset-standing.js";
import { actionsOf } from "../entitlements.js";
import { covers, subtreeOf } from "../scope.js";

export const MOST_ASSETS = 500;
export const MOST_ACCOUNTS = 1_000;

type Refusal = ReturnType<typeof refused>;
export type ContractDays = Pick<Contract, "fromDate" | "toDate" | "zone" | "fromAt" | "toAt">;

/** The days as moments, in the installation's zone. Refused where a day does not exist, or the last lies before the first or has passed. */
export function daysOf(
  calendar: Calendar,
  { fromDate, toDate }: Pick<Contract, "fromDate" | "toDate">,
  now: number,
): { readonly ok: true; readonly value: ContractDays } | Refusal {
  const first = calendar.day(fromDate);
  const last = calendar.day(toDate);
  if (first === undefined || first.startsAt < 0) return refused("invalid-input", { field: "fromDate" });
  if (last === undefined || last.endsAt <= first.startsAt || last.endsAt <= now)
    return refused("invalid-input", { field: "toDate" });
  const days = { fromDate, toDate, zone: calendar.zone, fromAt: first.startsAt, toAt: last.endsAt };
  return { ok: true, value: days };
}

/** Each asset, account and action once. */
export function plainScope({ assetIds, accountIds, actions }: ContractScope): ContractScope {
  return { assetIds: [...new Set(assetIds)], accountIds: [...new Set(accountIds)], actions: orderActions(actions) };
}

/**
 * Refused unless every asset is of the unit's subtree, every account on one of them, and every action does something on one of
 * them. What was in the scope `before` may have been retired since.
 */
export async function scopeFault(
  tx: Stores,
  unitId: UnitId,
  scope: ContractScope,
  before: ContractScope | null,
): Promise<Refusal | undefined> {
  const fault = refused("invalid-input", { field: "scope" });
  const { assetIds, accountIds, actions } = scope;
  if (assetIds.length === 0 || assetIds.length > MOST_ASSETS || accountIds.length > MOST_ACCOUNTS) return fault;
  if (actions.length === 0 || !actions.every((action) => ACTIONS.includes(action))) return fault;
  const units = await subtreeOf(tx, [unitId]);
  const assets = await tx.assets.find({ id: { in: assetIds } }, { limit: MOST_ASSETS });
  const known = (row: Asset | Account, ids: readonly string[] | undefined): boolean =>
    row.state === "active" || ids?.includes(row.id) === true;
  if (assets.length !== assetIds.length) return fault;
  if (!assets.every((asset) => known(asset, before?.assetIds) && covers(units, asset.unitId))) return fault;
  const sensible = new Set(assets.flatMap((asset) => actionsOf(asset.protocol)));
  if (!actions.every((action) => sensible.has(action))) return fault;
  const accounts =
    accountIds.length === 0 ? [] : await tx.accounts.find({ id: { in: accountIds } }, { limit: MOST_ACCOUNTS });
  const fits = accounts.every((one) => known(one, before?.accountIds) && assetIds.includes(one.assetId));
  return accounts.length === accountIds.length && fits ? undefined : fault;
}

/** Refused unless the owner is an active person of the unit, of one below it, or of one above it; never a vendor's. */
export async function ownerFault(tx: Stores, unitId: UnitId, ownerId: PersonId): Promise<Refusal | undefined> {
  return (await isOwner(tx, unitId, ownerId)) ? undefined : refused("invalid-input", { field: "ownerId" });
}
