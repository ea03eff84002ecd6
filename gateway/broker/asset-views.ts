/** What pages may see of assets and accounts: never a sealed text. */
import { CERTIFICATE_UNCHECKED, type Account, type Asset, type AssetChange, type Stores } from "../domain/index.js";
import type { AccountView, AssetView } from "./broker.js";
import { fingerprint } from "./hashing.js";

/** The change that waits for a second administrator. */
export function pendingChangeOf(asset: Pick<Asset, "pendingChange">): AssetChange | null {
  return asset.pendingChange === null ? null : (JSON.parse(asset.pendingChange) as AssetChange);
}

/** What is known of a desktop's certificate; null for SSH, and until an administrator said something about it. */
export function certificateOf(asset: Pick<Asset, "protocol" | "hostKey">): AssetView["certificate"] {
  if (asset.protocol !== "rdp" || asset.hostKey === null) return null;
  return asset.hostKey === CERTIFICATE_UNCHECKED ? "unchecked" : "pinned";
}

/** A host key or certificate for people to compare; null where there is none to compare. */
export function shownFingerprint(hostKey: string | null): string | null {
  return hostKey === null || hostKey === CERTIFICATE_UNCHECKED ? null : fingerprint(hostKey);
}

export async function assetView(stores: Pick<Stores, "people" | "units">, asset: Asset): Promise<AssetView> {
  const change = pendingChangeOf(asset);
  const proposer = change === null ? undefined : await stores.people.get(change.proposedBy);
  const owner = asset.ownerId === null ? undefined : await stores.people.get(asset.ownerId);
  const unit = await stores.units.get(asset.unitId);
  const { pendingChange: _, ...shown } = asset;
  return {
    ...shown,
    unitName: unit?.name ?? "",
    ownerName: owner?.displayName ?? null,
    certificate: certificateOf(asset),
    hostKeyFingerprint: shownFingerprint(asset.hostKey),
    pendingChange:
      change === null
        ? null
        : {
            host: change.host,
            port: change.port,
            hostKeyFingerprint: shownFingerprint(change.hostKey),
            certificate: certificateOf({ protocol: asset.protocol, hostKey: change.hostKey }),
            proposedBy: proposer?.login ?? "",
            proposedAt: change.proposedAt,
          },
  };
}

export function accountView(account: Account, asset: Pick<Asset, "name" | "pin" | "protocol">): AccountView {
  const { credentialSealed: _, ...shown } = account;
  return {
    ...shown,
    assetName: asset.name,
    protocol: asset.protocol,
    hasCredential: account.credentialKind !== "none",
    credentialBound: account.credentialKind !== "none" && account.credentialPin === asset.pin,
  };
}
