/** What a person may see and ask for: written by the security administrator, one running line for a person and account. */
import {
  ACTIONS,
  asId,
  done,
  orderActions,
  refused,
  type AccountId,
  type Action,
  type Actor,
  type Asset,
  type Entitlement,
  type EntitlementId,
  type Grant,
  type Outcome,
  type PersonId,
  type Stores,
} from "../domain/index.js";
import type { AssetUseCases, EntitlementView, Listing, Page } from "./broker.js";
import { endGrants } from "./change-asset.js";
import type { BrokerDeps } from "./deps.js";
import { grantNotice } from "./notices.js";
import { mapListing, pageOf } from "./pages.js";
import { judgeOperating } from "./operating.js";
import { vendorNames } from "./registry/vendor-chain.js";
import { covers, scopeOf, withinUnits } from "./scope.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "notify">;

/** Whether the entitlement stands at `now`. */
export function entitlementStands(entitlement: Entitlement, now: number): boolean {
  return entitlement.endedAt === null && entitlement.from <= now && (entitlement.to === null || now < entitlement.to);
}

/** The person's standing entitlement for the account, if any. */
export async function entitlementOf(
  stores: Pick<Stores, "entitlements">,
  personId: PersonId,
  accountId: AccountId,
  now: number,
): Promise<Entitlement | undefined> {
  const rows = await stores.entitlements.find({ personId, accountId, endedAt: null });
  return rows.find((row) => entitlementStands(row, now));
}

/** The actions that make sense on a protocol. */
export function actionsOf(protocol: Asset["protocol"]): readonly Action[] {
  return ACTIONS.filter((action) => action.startsWith("rdp.") === (protocol === "rdp"));
}

/** Whether the actions belong to one kind of door, and a desktop's others come with the desktop itself. */
export function actionsFit(actions: readonly Action[]): boolean {
  const desktop = actions.filter((action) => action.startsWith("rdp."));
  if (desktop.length === 0) return true;
  return desktop.length === actions.length && desktop.includes("rdp.connect");
}

/** For security administrators and auditors, of the units they cover. */
export async function listEntitlements(
  deps: Pick<Deps, "database">,
  actor: Actor,
  page: Page & { readonly personId?: PersonId },
): Promise<Outcome<Listing<EntitlementView>>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader?.power !== "security" && reader?.power !== "audit") return refused("forbidden");
  const scope = withinUnits(await scopeOf(read, reader, ["security", "audit"]));
  const where = page.personId === undefined ? scope : { ...scope, personId: page.personId };
  const listing = await pageOf(read.entitlements, where, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done(await mapListing(listing, (row) => entitlementView(read, row)));
}

async function entitlementView(stores: Stores, row: Entitlement): Promise<EntitlementView> {
  const person = await stores.people.get(row.personId);
  const account = await stores.accounts.get(row.accountId);
  const asset = account === undefined ? undefined : await stores.assets.get(account.assetId);
  const contract = row.contractId === null ? undefined : await stores.contracts.get(row.contractId);
  return {
    ...row,
    personLogin: person?.login ?? "",
    personName: person?.displayName ?? "",
    accountLogin: account?.login ?? "",
    assetName: asset?.name ?? "",
    vendorChain: await vendorNames(stores, person?.vendorId ?? null),
    contractNumber: contract?.number ?? null,
  };
}

/**
 * For operators only (`invalid-input` on `personId` otherwise), on accounts and for people that the administrator covers.
 * `not-under-contract`, `outside-contract` for a vendor's person; `conflict` while one stands for the person and account.
 */
export async function createEntitlement(
  deps: Deps,
  actor: Actor,
  input: Parameters<AssetUseCases["createEntitlement"]>[1],
): Promise<Outcome<EntitlementView>> {
  const now = deps.clock.now();
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Entitlement>> => {
    const admin = await standing(tx, actor);
    if (admin?.power !== "security") return refused("forbidden");
    const scope = await scopeOf(tx, admin, ["security"]);
    const person = await tx.people.get(input.personId);
    if (person?.state !== "active" || person.id === admin.personId || !covers(scope, person.unitId))
      return refused("invalid-input", { field: "personId" });
    const account = await tx.accounts.get(input.accountId);
    const asset = account === undefined ? undefined : await tx.assets.get(account.assetId);
    if (account?.state !== "active" || asset?.state !== "active" || !covers(scope, asset.unitId))
      return refused("invalid-input", { field: "accountId" });
    const sensible = actionsOf(asset.protocol);
    const fits = input.actions.every((action) => sensible.includes(action)) && actionsFit(input.actions);
    if (input.actions.length === 0 || !fits) {
      return refused("invalid-input", { field: "actions" });
    }
    const { unitId, id: assetId } = asset;
    const operated = { unitId, assetId, accountId: account.id, actions: input.actions };
    const { fault } = await judgeOperating(tx, person, [operated], now);
    if (fault === "outside-entitlement") return refused("invalid-input", { field: "personId" });
    if (fault !== undefined) return refused(fault);
    if (input.to !== null && input.to <= now) return refused("invalid-input", { field: "to" });
    if ((await entitlementOf(tx, person.id, account.id, now)) !== undefined) return refused("conflict");
    const row: Entitlement = {
      id: asId<EntitlementId>(deps.ids.next()),
      unitId,
      personId: person.id,
      accountId: account.id,
      contractId: person.contractId,
      actions: orderActions(input.actions),
      from: now,
      to: input.to,
      createdAt: now,
      createdBy: admin.personId,
      endedAt: null,
    };
    await tx.entitlements.insert(row);
    await tx.audit.append({
      verb: "entitlement.created",
      actorId: admin.personId,
      object: { kind: "entitlement", id: row.id },
      sourceAddress: actor.sourceAddress,
      detail: { personId: row.personId, accountId: row.accountId, actions: row.actions, to: row.to },
    });
    return done(row);
  });
  return outcome.ok ? done(await entitlementView(deps.database.read, outcome.value)) : outcome;
}

/** Ends the entitlement; grants that stood on it are revoked and their sessions end. */
export async function endEntitlement(deps: Deps, actor: Actor, id: EntitlementId): Promise<Outcome<void>> {
  let ended: readonly Grant[] = [];
  const outcome = await deps.database.write(async (tx): Promise<Outcome<void>> => {
    const admin = await standing(tx, actor);
    if (admin?.power !== "security") return refused("forbidden");
    const row = await tx.entitlements.get(id);
    if (row === undefined || !covers(await scopeOf(tx, admin, ["security"]), row.unitId)) return refused("not-found");
    if (!(await tx.entitlements.update(id, { endedAt: deps.clock.now() }, { endedAt: null })))
      return refused("conflict");
    await tx.audit.append({
      verb: "entitlement.ended",
      actorId: admin.personId,
      object: { kind: "entitlement", id },
      sourceAddress: actor.sourceAddress,
      detail: { personId: row.personId, accountId: row.accountId },
    });
    const { personId, accountId } = row;
    ended = await endGrants(deps, tx, admin, { personId, accountId }, "revoked", "entitlement-ended");
    return done(undefined);
  });
  for (const grant of ended) deps.notify(grantNotice(grant.id, grant.personId));
  return outcome;
}
