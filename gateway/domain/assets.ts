/** Hosts, the logins on them, and who may see and ask for which. Nothing here is deleted: assets and accounts are retired. */
import type { Action } from "./actions.js";
import type { AccountId, AssetId, ContractId, EntitlementId, PersonId, UnitId } from "./ids.js";

export type AssetState = "active" | "retired";
export type DataClass = "general" | "important" | "core";
export type Protocol = "ssh" | "rdp";

/** How a desktop is reached. The certificate itself stands in `Asset.hostKey`. */
export interface DesktopSettings {
  /** What the protocol negotiates; `any` takes what the host offers. */
  readonly security: "any" | "nla" | "tls" | "rdp";
  /** Opens even where guacd does not know an argument that a restriction needs; an administrator's word, shown to the approver. */
  readonly acceptsMissing: boolean;
}
/** `Asset.hostKey` of a desktop whose certificate an administrator said is not to be checked. Otherwise `x509-sha256 <64 hex digits>`. */
export const CERTIFICATE_UNCHECKED = "certificate-unchecked";

export interface Asset {
  readonly id: AssetId;
  readonly unitId: UnitId;
  /** `[a-z0-9][a-z0-9._-]{0,62}`; unique, also among the retired. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  readonly description: string;
  /** Allows the old algorithms towards this target only; flagged on every page that shows the asset. */
  readonly legacyAlgorithms: boolean;
  /** Null unless the protocol is a desktop's. */
  readonly desktop: DesktopSettings | null;
  /** OpenSSH one-line host key, or for a desktop its certificate (see `CERTIFICATE_UNCHECKED`); null until an administrator confirmed one. No session opens without. */
  readonly hostKey: string | null;
  readonly hostKeyConfirmedBy: PersonId | null;
  readonly hostKeyConfirmedAt: number | null;
  /** SHA-256 hex over host, port and host key: what an approver saw and what a credential is bound to. See `assetPin`. */
  readonly pin: string;
  /** A change of host, port or host key that waits for a second administrator; JSON of `AssetChange`, or null. */
  readonly pendingChange: string | null;
  /** 业务系统: what it is part of; empty when not told. */
  readonly businessSystem: string;
  /** 等保 level of that system (GB/T 22240), 1 … 5; null when not graded. */
  readonly protectionLevel: number | null;
  /** 数据分级 (Data Security Law art. 21). */
  readonly dataClass: DataClass;
  /** Who answers for it in the unit. */
  readonly ownerId: PersonId | null;
  /** Refuses device keys: each sign-in for it shows a second factor. See `isSensitive`. */
  readonly sensitive: boolean;
  readonly state: AssetState;
  readonly createdAt: number;
  readonly createdBy: PersonId | null;
}

/** Marked so, graded 4 or more, or holding core data. */
export function isSensitive(asset: Pick<Asset, "sensitive" | "protectionLevel" | "dataClass">): boolean {
  return asset.sensitive || (asset.protectionLevel ?? 0) >= 4 || asset.dataClass === "core";
}

/** A change to what an asset's pin covers. It takes effect only when a second administrator confirms it. */
export interface AssetChange {
  readonly host: string;
  readonly port: number;
  readonly hostKey: string | null;
  readonly proposedBy: PersonId;
  readonly proposedAt: number;
}

export type CredentialKind = "password" | "key" | "none";

export interface Account {
  readonly id: AccountId;
  readonly assetId: AssetId;
  readonly unitId: UnitId;
  /** The login on the target; printable ASCII without blanks, `@`, `+`, `%`. */
  readonly login: string;
  readonly credentialKind: CredentialKind;
  /** Sealed by the vault, bound to the asset's pin: when the pin changes, this no longer opens. */
  readonly credentialSealed: string | null;
  readonly credentialPin: string | null;
  readonly credentialTestedAt: number | null;
  readonly state: AssetState;
  readonly createdAt: number;
  readonly createdBy: PersonId | null;
}

export interface Entitlement {
  readonly id: EntitlementId;
  readonly unitId: UnitId;
  readonly personId: PersonId;
  readonly accountId: AccountId;
  readonly contractId: ContractId | null;
  readonly actions: readonly Action[];
  readonly from: number;
  /** Null: as long as the contract and the person. */
  readonly to: number | null;
  readonly createdAt: number;
  readonly createdBy: PersonId | null;
  readonly endedAt: number | null;
}
