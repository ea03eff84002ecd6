/**
 * Changing, confirming and retiring an asset. What a pin covers (host, port, host key) changes only when a second system
 * administrator confirms it; then every grant on the asset is suspended and its credentials no longer open, because both
 * are bound to the old pin. So nobody alone can repoint an asset to harvest its password.
 */
import {
  done,
  refused,
  type Actor,
  type Asset,
  type AssetChange,
  type AssetId,
  type Grant,
  type GrantState,
  type Outcome,
  type Stores,
  type Where,
} from "../domain/index.js";
import { raiseAlert } from "./alerts.js";
import { assetView, pendingChangeOf } from "./asset-views.js";
import type { AssetUseCases, AssetView } from "./broker.js";
import { DESCRIPTION_LONGEST, hostFault } from "./create-asset.js";
import type { BrokerDeps } from "./deps.js";
import { changedSettings, desktopFault, sameSettings } from "./desktop-settings.js";
import { assetPin } from "./hashing.js";
import { isOwner, standingFault, standingOf } from "./asset-standing.js";
import { alertNotice, grantNotice } from "./notices.js";
import { covers, scopeOf } from "./scope.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "config" | "notify">;
const BATCH = 1000;

type ChangeInput = Parameters<AssetUseCases["change"]>[2];

/**
 * Description and flags at once; host or port as a proposed change. `conflict` while another change waits. Allowing weak
 * algorithms, and any change to how a desktop is reached, suspends the grants: their approvers were shown another asset.
 */
export async function changeAsset(
  deps: Deps,
  actor: Actor,
  id: AssetId,
  input: ChangeInput,
): Promise<Outcome<AssetView>> {
  if ((input.description?.length ?? 0) > DESCRIPTION_LONGEST) return refused("invalid-input", { field: "description" });
  let suspended: readonly Grant[] = [];
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Asset>> => {
    const admin = await standing(tx, actor);
    if (admin?.power !== "system") return refused("forbidden");
    const asset = await administrated(tx, admin, id);
    if (asset === undefined) return refused("not-found");
    const unfit = desktopFault(asset.protocol, input.desktop) ?? legacyFault(asset, input) ?? standingFault(input);
    if (unfit !== undefined) return unfit;
    if (
      input.ownerId !== undefined &&
      !(await isOwner(tx, asset.unitId, input.ownerId, await scopeOf(tx, admin, ["system"])))
    )
      return refused("invalid-input", { field: "ownerId" });
    const host = input.host ?? asset.host;
    const port = input.port ?? asset.port;
    const repointed = host !== asset.host || port !== asset.port;
    if (repointed) {
      const fault = hostFault(deps.config, host, port);
      if (fault !== undefined) return fault;
      if (asset.pendingChange !== null) return refused("conflict", { field: "host" });
    }
    const change = repointed ? await proposeChange(deps, tx, admin, asset, { host, port, hostKey: null }) : null;
    const patch = {
      description: input.description ?? asset.description,
      legacyAlgorithms: input.legacyAlgorithms ?? asset.legacyAlgorithms,
      desktop: changedSettings(asset, input.desktop),
      ...standingOf(asset, input),
    };
    const sameDesktop = sameSettings(asset.desktop, patch.desktop);
    await tx.assets.update(id, patch);
    const { desktop, ...plain } = patch;
    const same = Object.entries(plain).every(([key, value]) => asset[key as keyof typeof plain] === value);
    if (!same || !sameDesktop) {
      const { legacyAlgorithms: legacy, ...told } = plain;
      await tx.audit.append({
        verb: "asset.changed",
        actorId: admin.personId,
        object: { kind: "asset", id },
        sourceAddress: actor.sourceAddress,
        detail: { ...told, legacy, ...desktop },
      });
    }
    if ((patch.legacyAlgorithms && !asset.legacyAlgorithms) || !sameDesktop) {
      suspended = await endGrants(deps, tx, admin, { assetId: id }, "suspended", "asset-changed");
    }
    return done({ ...asset, ...patch, pendingChange: change ?? asset.pendingChange });
  });
  for (const grant of suspended) deps.notify(grantNotice(grant.id, grant.personId));
  return outcome.ok ? done(await assetView(deps.database.read, outcome.value)) : outcome;
}

/** The asset, if it is active and the system administrator covers its unit. */
export async function administrated(tx: Stores, admin: Actor, id: AssetId): Promise<Asset | undefined> {
  const asset = await tx.assets.get(id);
  if (asset?.state !== "active") return undefined;
  return covers(await scopeOf(tx, admin, ["system"]), asset.unitId) ? asset : undefined;
}

function legacyFault(asset: Asset, input: ChangeInput): ReturnType<typeof refused> | undefined {
  return asset.protocol === "rdp" && input.legacyAlgorithms === true
    ? refused("invalid-input", { field: "legacyAlgorithms" })
    : undefined;
}

/** Writes the change down as waiting; answers its stored text. In the caller's transaction. */
export async function proposeChange(
  deps: Pick<Deps, "clock">,
  tx: Stores,
  admin: Actor,
  asset: Asset,
  to: Pick<AssetChange, "host" | "port" | "hostKey">,
): Promise<string> {
  const text = JSON.stringify({
    ...to,
    proposedBy: admin.personId,
    proposedAt: deps.clock.now(),
  } satisfies AssetChange);
  await tx.assets.update(asset.id, { pendingChange: text }, { pendingChange: null });
  await tx.audit.append({
    verb: "asset.change-proposed",
    actorId: admin.personId,
    object: { kind: "asset", id: asset.id },
    sourceAddress: admin.sourceAddress,
    detail: { fromHost: asset.host, fromPort: asset.port, ...to },
  });
  return text;
}

/**
 * The second administrator's word. Accepting needs another person than the proposer (`needs-second-person`); rejecting may
 * be done by any system administrator, the proposer among them.
 */
export async function confirmChange(
  deps: Deps,
  actor: Actor,
  id: AssetId,
  accept: boolean,
): Promise<Outcome<AssetView>> {
  let suspended: readonly Grant[] = [];
  let alertId: string | null = null;
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Asset>> => {
    const admin = await standing(tx, actor);
    if (admin?.power !== "system") return refused("forbidden");
    const asset = await administrated(tx, admin, id);
    const change = asset === undefined ? null : pendingChangeOf(asset);
    if (asset === undefined || change === null) return refused("not-found");
    if (accept && change.proposedBy === admin.personId) return refused("needs-second-person");
    const patch: Partial<Asset> = accept ? acceptedPatch(change, admin, deps.clock.now()) : { pendingChange: null };
    if (!(await tx.assets.update(id, patch, { pendingChange: asset.pendingChange }))) return refused("conflict");
    await tx.audit.append({
      verb: "asset.change-confirmed",
      actorId: admin.personId,
      object: { kind: "asset", id },
      sourceAddress: actor.sourceAddress,
      detail: {
        accepted: accept,
        host: change.host,
        port: change.port,
        hostKey: change.hostKey,
        proposedBy: change.proposedBy,
      },
    });
    if (accept) {
      suspended = await endGrants(deps, tx, admin, { assetId: id }, "suspended", "asset-changed");
      const detail = { host: change.host, port: change.port, suspendedGrants: suspended.length };
      alertId = await raiseAlert(deps, tx, {
        unitId: asset.unitId,
        kind: "asset-repointed",
        subject: `asset:${id}`,
        detail,
      });
    }
    return done({ ...asset, ...patch });
  });
  for (const grant of suspended) deps.notify(grantNotice(grant.id, grant.personId));
  if (alertId !== null) deps.notify(alertNotice(alertId));
  return outcome.ok ? done(await assetView(deps.database.read, outcome.value)) : outcome;
}

function acceptedPatch(change: AssetChange, admin: Actor, now: number): Partial<Asset> {
  const { host, port, hostKey } = change;
  return {
    host,
    port,
    hostKey,
    hostKeyConfirmedBy: hostKey === null ? null : admin.personId,
    hostKeyConfirmedAt: hostKey === null ? null : now,
    pin: assetPin({ host, port, hostKey }),
    pendingChange: null,
  };
}

/** Retires an asset with its accounts; grants on it are revoked and their sessions end. */
export async function retireAsset(deps: Deps, actor: Actor, id: AssetId): Promise<Outcome<void>> {
  let ended: readonly Grant[] = [];
  const outcome = await deps.database.write(async (tx): Promise<Outcome<void>> => {
    const admin = await standing(tx, actor);
    if (admin?.power !== "system") return refused("forbidden");
    if ((await administrated(tx, admin, id)) === undefined) return refused("not-found");
    if (!(await tx.assets.update(id, { state: "retired", pendingChange: null }, { state: "active" })))
      return refused("not-found");
    await retireAccounts(tx, id);
    await tx.audit.append({
      verb: "asset.retired",
      actorId: admin.personId,
      object: { kind: "asset", id },
      sourceAddress: actor.sourceAddress,
    });
    ended = await endGrants(deps, tx, admin, { assetId: id }, "revoked", "asset-retired");
    return done(undefined);
  });
  for (const grant of ended) deps.notify(grantNotice(grant.id, grant.personId));
  return outcome;
}

async function retireAccounts(tx: Stores, assetId: AssetId): Promise<void> {
  for (;;) {
    const active = await tx.accounts.find({ assetId, state: "active" }, { limit: BATCH });
    for (const account of active) await tx.accounts.update(account.id, { state: "retired" });
    if (active.length < BATCH) return;
  }
}

/** Who takes a grant away, and from where; nobody for the gate's own clock. */
interface GrantEnder {
  readonly personId: Actor["personId"] | null;
  readonly sourceAddress: string | null;
}

/** Takes every running grant away that fits `where`, however many there are. In the caller's transaction. */
export async function endGrants(
  deps: Pick<Deps, "clock">,
  tx: Stores,
  by: GrantEnder,
  where: Pick<Where<Grant>, "assetId" | "accountId" | "personId">,
  state: Extract<GrantState, "suspended" | "revoked">,
  reason: string,
): Promise<readonly Grant[]> {
  const ended: Grant[] = [];
  for (;;) {
    const running = await tx.grants.find({ ...where, state: { in: ["scheduled", "active"] } }, { limit: BATCH });
    for (const grant of running) await endGrant(deps, tx, by, grant, state, reason);
    ended.push(...running);
    if (running.length < BATCH) return ended;
  }
}

/** Takes one grant away that has not ended, with its event. In the caller's transaction; false when it ended meanwhile. */
export async function endGrant(
  deps: Pick<Deps, "clock">,
  tx: Pick<Stores, "grants"> & { readonly audit: Pick<Stores["audit"], "append"> },
  by: GrantEnder,
  grant: Grant,
  state: Extract<GrantState, "suspended" | "revoked">,
  reason: string,
): Promise<boolean> {
  const patch = { state, endedAt: deps.clock.now(), endedBy: by.personId, endReason: reason };
  const running: readonly GrantState[] =
    state === "revoked" ? ["scheduled", "active", "suspended"] : ["scheduled", "active"];
  if (!(await tx.grants.update(grant.id, patch, { state: { in: running } }))) return false;
  await tx.audit.append({
    verb: state === "revoked" ? "grant.revoked" : "grant.suspended",
    actorId: by.personId,
    object: { kind: "grant", id: grant.id },
    sourceAddress: by.sourceAddress,
    decidedBy: reason,
    unitId: grant.unitId,
    detail: { personId: grant.personId, accountId: grant.accountId, requestId: grant.requestId },
  });
  return true;
}
