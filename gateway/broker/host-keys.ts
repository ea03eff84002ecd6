/**
 * Host keys of assets, and certificates of desktops: scanned from the checked address, shown to an administrator, and pinned
 * when he confirms exactly the one that the host shows at that moment. An operator can never accept one. A desktop's certificate
 * may instead be marked as not to be checked; that mark is pinned like a key, and approvers and recordings show it.
 */
import {
  CERTIFICATE_UNCHECKED,
  done,
  refused,
  GatehouseError,
  type Actor,
  type Asset,
  type AssetId,
  type Outcome,
} from "../domain/index.js";
import { assetView, shownFingerprint } from "./asset-views.js";
import type { AssetUseCases, AssetView } from "./broker.js";
import { administrated, proposeChange } from "./change-asset.js";
import type { BrokerDeps } from "./deps.js";
import { assetPin, fingerprint, normaliseCertificate, normaliseHostKey } from "./hashing.js";
import { resolveTarget } from "./resolve-target.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "config" | "resolve" | "probe" | "desktopProbe">;
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
  const found = await administered(deps, actor, id);
  if (!found.ok) return found;
  const { asset } = found.value;
  const key = identityOf(asset, publicKey);
  if (key === undefined) return refused("invalid-input", { field: "publicKey" });
  if (key !== CERTIFICATE_UNCHECKED) {
    const shown = await readKey(deps, asset);
    if (!shown.ok) return shown;
    if (shown.value !== key) return refused("target-key-changed", { field: "publicKey" });
  }
  const outcome = await pinOrPropose(deps, actor, asset, key);
  return outcome.ok ? done(await assetView(deps.database.read, outcome.value)) : outcome;
}

/** What tells this asset from others, in its one spelling: a host key, or a desktop's certificate or mark. */
function identityOf(asset: Pick<Asset, "protocol">, text: string): string | undefined {
  if (asset.protocol === "ssh") return normaliseHostKey(text);
  return text === CERTIFICATE_UNCHECKED ? text : normaliseCertificate(text);
}

async function pinOrPropose(deps: Deps, actor: Actor, scanned: Asset, key: string): Promise<Outcome<Asset>> {
  return deps.database.write(async (tx): Promise<Outcome<Asset>> => {
    const admin = await standing(tx, actor);
    if (admin?.power !== "system") return refused("forbidden");
    const asset = await administrated(tx, admin, scanned.id);
    if (asset?.pin !== scanned.pin) return refused("stale");
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
      detail: { fingerprint: shownFingerprint(key) ?? key, host, port },
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
  const asset = await administrated(deps.database.read, admin, id);
  return asset === undefined ? refused("not-found") : done({ asset });
}

async function readKey(deps: Deps, asset: Asset): Promise<Outcome<string>> {
  const address = await resolveTarget(deps, asset);
  if (!address.ok) return address;
  try {
    const target = { address: address.value, port: asset.port };
    const shown =
      asset.protocol === "rdp"
        ? await deps.desktopProbe.scanCertificate(target)
        : await deps.probe.scanHostKey({ ...target, legacy: asset.legacyAlgorithms });
    const key = identityOf(asset, shown);
    return key === undefined ? refused("target-unreachable") : done(key);
  } catch (error) {
    const { code } = error instanceof GatehouseError ? error : { code: undefined };
    if (code === "target-unreachable" || code === "target-too-old") return refused(code);
    throw error;
  }
}
