/** What pages may see of assets and accounts: never a sealed text. */
import type { Account, Asset, AssetChange, Stores } from "../domain/index.js";
import type { AccountView, AssetView } from "./broker.js";
import { fingerprint } from "./hashing.js";

/** The change that waits for a second administrator. */
export function pendingChangeOf(asset: Pick<Asset, "pendingChange">): AssetChange | null {
  return asset.pendingChange === null ? null : (JSON.parse(asset.pendingChange) as AssetChange);
}

export async function assetView(stores: Pick<Stores, "people">, asset: Asset): Promise<AssetView> {
  const change = pendingChangeOf(asset);
  const proposer = change === null ? undefined : await stores.people.get(change.proposedBy);
  const { pendingChange: _, ...shown } = asset;
  return {
    ...shown,
    hostKeyFingerprint: asset.hostKey === null ? null : fingerprint(asset.hostKey),
    pendingChange:
      change === null
        ? null
        : {
            host: change.host,
            port: change.port,
            hostKeyFingerprint: change.hostKey === null ? null : fingerprint(change.hostKey),
            proposedBy: proposer?.login ?? "",
            proposedAt: change.proposedAt,
          },
  };
}

export function accountView(account: Account, asset: Pick<Asset, "name" | "pin">): AccountView {
  const { credentialSealed: _, ...shown } = account;
  return {
    ...shown,
    assetName: asset.name,
    hasCredential: account.credentialKind !== "none",
    credentialBound: account.credentialKind !== "none" && account.credentialPin === asset.pin,
  };
}
