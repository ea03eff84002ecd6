/** Assets, accounts, credentials, host keys and entitlements. Expected outcomes are `Outcome` values. */
import type {
  Account,
  AccountId,
  Action,
  Actor,
  Asset,
  AssetId,
  DesktopSettings,
  Entitlement,
  EntitlementId,
  Outcome,
  PersonId,
  UnitId,
} from "../../domain/index.js";
import type { Page, Listing } from "./lists.js";

export interface AssetView extends Omit<Asset, "pendingChange"> {
  readonly unitName: string;
  readonly ownerName: string | null;
  /** For a desktop whose certificate was confirmed or marked; null otherwise. */
  readonly certificate: "pinned" | "unchecked" | null;
  readonly hostKeyFingerprint: string | null;
  readonly pendingChange: {
    readonly host: string;
    readonly port: number;
    readonly hostKeyFingerprint: string | null;
    /** What would be known of a desktop's certificate then. */
    readonly certificate: AssetView["certificate"];
    readonly proposedBy: string;
    readonly proposedAt: number;
  } | null;
}
export interface AccountView extends Omit<Account, "credentialSealed"> {
  readonly assetName: string;
  readonly protocol: Asset["protocol"];
  readonly hasCredential: boolean;
  /** False when the asset's pin changed since the credential was set. */
  readonly credentialBound: boolean;
}
export interface EntitlementView extends Entitlement {
  readonly personLogin: string;
  readonly personName: string;
  readonly accountLogin: string;
  readonly assetName: string;
  /** Names of the person's vendor and those above it; empty for a unit's own person. */
  readonly vendorChain: readonly string[];
  readonly contractNumber: string | null;
}

/** What an asset is to its unit; absent: as it is, or for a new one empty, not graded, general, nobody, no. */
export type AssetStanding = Partial<
  Pick<Asset, "businessSystem" | "protectionLevel" | "dataClass" | "ownerId" | "sensitive">
>;

/** Who may be an asset's owner, for choosing from. */
export interface OwnerView {
  readonly id: PersonId;
  readonly login: string;
  readonly displayName: string;
  readonly unitName: string;
}

export interface AssetUseCases {
  list(actor: Actor, page: Page & { readonly q?: string }): Promise<Outcome<Listing<AssetView>>>;
  get(
    actor: Actor,
    id: AssetId,
  ): Promise<Outcome<{ readonly asset: AssetView; readonly accounts: readonly AccountView[] }>>;
  /** Active people of the units that the actor administrates, none of a vendor; `q` stands anywhere in login or name. */
  owners(actor: Actor, page: Page & { readonly q?: string }): Promise<Outcome<Listing<OwnerView>>>;
  /** `unitId` within what the actor administrates; absent: the unit for which he holds his power. */
  create(
    actor: Actor,
    input: AssetStanding & {
      readonly unitId?: UnitId;
      readonly name: string;
      readonly protocol: Asset["protocol"];
      readonly host: string;
      readonly port: number;
      readonly description: string;
      readonly legacyAlgorithms: boolean;
      /** For a desktop, and only there. */
      readonly desktop?: DesktopSettings;
    },
  ): Promise<Outcome<AssetView>>;
  /** Connects (address checked) and reads the host's key, or a desktop's certificate; shows, does not accept. */
  scanHostKey(
    actor: Actor,
    id: AssetId,
  ): Promise<Outcome<{ readonly publicKey: string; readonly fingerprint: string; readonly matches: boolean }>>;
  /** `CERTIFICATE_UNCHECKED` marks a desktop instead, without asking the host. First confirmation pins it; a different key later is a proposed change that a second administrator confirms. */
  confirmHostKey(actor: Actor, id: AssetId, publicKey: string): Promise<Outcome<AssetView>>;
  /** Name, description and flags at once; host or port as a proposed change (suspends grants, unbinds credentials when confirmed). */
  change(
    actor: Actor,
    id: AssetId,
    input: AssetStanding & {
      readonly description?: string;
      readonly legacyAlgorithms?: boolean;
      readonly desktop?: DesktopSettings;
      readonly host?: string;
      readonly port?: number;
    },
  ): Promise<Outcome<AssetView>>;
  confirmChange(actor: Actor, id: AssetId, accept: boolean): Promise<Outcome<AssetView>>;
  retire(actor: Actor, id: AssetId): Promise<Outcome<void>>;
  listAccounts(actor: Actor, page: Page & { readonly q?: string }): Promise<Outcome<Listing<AccountView>>>;
  createAccount(
    actor: Actor,
    input: { readonly assetId: AssetId; readonly login: string },
  ): Promise<Outcome<AccountView>>;
  /** Seals and tests it against the host under its pinned key; a credential that does not open is not kept unless `untested`. */
  setCredential(
    actor: Actor,
    id: AccountId,
    input: {
      readonly kind: "password" | "key";
      readonly secret: string;
      readonly passphrase?: string;
      readonly untested?: boolean;
    },
  ): Promise<Outcome<AccountView>>;
  retireAccount(actor: Actor, id: AccountId): Promise<Outcome<void>>;
  /** Entitlements are written by the security administrator. */
  listEntitlements(
    actor: Actor,
    page: Page & { readonly personId?: PersonId },
  ): Promise<Outcome<Listing<EntitlementView>>>;
  createEntitlement(
    actor: Actor,
    input: {
      readonly personId: PersonId;
      readonly accountId: AccountId;
      readonly actions: readonly Action[];
      readonly to: number | null;
    },
  ): Promise<Outcome<EntitlementView>>;
  endEntitlement(actor: Actor, id: EntitlementId): Promise<Outcome<void>>;
}
