/**
 * Host keys of assets: scanned from the checked address, shown to an administrator, and pinned when he confirms exactly
 * the key that the host shows at that moment. An operator can never accept one.
 */
import { done, refused, GatehouseError, type Actor, type Asset, type AssetId, type Outcome } from "../domain/index.js";
import { assetView } from "./asset-views.js";
import type { AssetUseCases, AssetView } from "./broker.js";
import { proposeChange } from "./change-asset.js";
import type { BrokerDeps } from "./deps.js";
import { assetPin, fingerprint, normaliseHostKey } from "./hashing.js";
import { resolveTarget } from "./resolve-target.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "config" | "resolve" | "probe">;
type Scan = Awaited<ReturnType<AssetUseCases["scanHostKey"]>>;

/** Reads the host's key without accepting it. `address-refused`, `target-unreachable`. */
export async function scanHostKey(deps: Deps, actor: Actor, id: AssetId): Promise<Scan> {
  const found = await administered(deps, actor, id);
  if (!found.ok) return found;
  const { asset } = found.value;
  const shown = await readKey(deps, asset);
  const detail = shown.ok
    ? { fingerprint: fingerprint(shown.value), matches: shown.value === asset.hostKey }
    : { refused: shown.code };
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "asset.host-key-scanned",
      actorId: actor.personId,
      object: { kind: "asset", id },
      sourceAddress: actor.sourceAddress,
      detail,
    }),
  );
  if (!shown.ok) return shown;
  return done({
    publicKey: shown.value,
    fingerprint: fingerprint(shown.value),
    matches: shown.value === asset.hostKey,
  });
}

/**
 * Pins the key of a fresh asset, or proposes it where another one is pinned. The host is asked again: `target-key-changed`
 * when it does not show exactly the key that is being confirmed.
 */
export async function confirmHostKey(
  deps: Deps,
  actor: Actor,
  id: AssetId,
  publicKey: string,
): Promise<Outcome<AssetView>> {
  const key = normaliseHostKey(publicKey);
  if (key === undefined) return refused("invalid-input", { field: "publicKey" });
  const found = await administered(deps, actor, id);
  if (!found.ok) return found;
  const shown = await readKey(deps, found.value.asset);
  if (!shown.ok) return shown;
  if (shown.value !== key) return refused("target-key-changed", { field: "publicKey" });
  const outcome = await pinOrPropose(deps, actor, found.value.asset, key);
  return outcome.ok ? done(await assetView(deps.database.read, outcome.value)) : outcome;
}

async function pinOrPropose(deps: Deps, actor: Actor, scanned: Asset, key: string): Promise<Outcome<Asset>> {
  return deps.database.write(async (tx): Promise<Outcome<Asset>> => {
    const admin = await standing(tx, actor);
    if (admin?.power !== "system") return refused("forbidden");
    const asset = await tx.assets.get(scanned.id);
    if (asset === undefined || asset.pin !== scanned.pin || asset.state !== "active") return refused("stale");
    if (asset.hostKey === key) return done(asset);
    if (asset.pendingChange !== null) return refused("conflict");
    const { host, port } = asset;
    if (asset.hostKey !== null) {
      return done({
        ...asset,
        pendingChange: await proposeChange(deps, tx, admin, asset, { host, port, hostKey: key }),
      });
    }
    const patch = {
      hostKey: key,
      hostKeyConfirmedBy: admin.personId,
      hostKeyConfirmedAt: deps.clock.now(),
      pin: assetPin({ host, port, hostKey: key }),
    };
    if (!(await tx.assets.update(asset.id, patch, { pin: asset.pin }))) return refused("stale");
    await tx.audit.append({
      verb: "asset.host-key-confirmed",
      actorId: admin.personId,
      object: { kind: "asset", id: asset.id },
      sourceAddress: actor.sourceAddress,
      detail: { fingerprint: fingerprint(key), host, port },
    });
    return done({ ...asset, ...patch });
  });
}

async function administered(
  deps: Pick<Deps, "database">,
  actor: Actor,
  id: AssetId,
): Promise<Outcome<{ readonly asset: Asset }>> {
  const admin = await standing(deps.database.read, actor);
  if (admin?.power !== "system") return refused("forbidden");
  const asset = await deps.database.read.assets.get(id);
  return asset === undefined || asset.state !== "active" ? refused("not-found") : done({ asset });
}

async function readKey(deps: Deps, asset: Asset): Promise<Outcome<string>> {
  const address = await resolveTarget(deps, asset);
  if (!address.ok) return address;
  try {
    const shown = await deps.probe.scanHostKey({
      address: address.value,
      port: asset.port,
      legacy: asset.legacyAlgorithms,
    });
    const key = normaliseHostKey(shown);
    return key === undefined ? refused("target-unreachable") : done(key);
  } catch (error) {
    const { code } = error instanceof GatehouseError ? error : { code: undefined };
    if (code === "target-unreachable" || code === "target-too-old") return refused(code);
    throw error;
  }
}
