/**
 * Whom outside people belong to: units as a tree, vendors with the vendors they work under, contracts with their scope and
 * dates, what each person signed, and the periodic review. Nothing here is deleted: vendors are retired, contracts ended.
 */
import type { Action } from "./actions.js";
import type {
  AccountId,
  AssetId,
  ContractId,
  EntitlementId,
  PersonId,
  ReviewItemId,
  SignatureId,
  UnitId,
  VendorId,
} from "./ids.js";

export interface Unit {
  readonly id: UnitId;
  /** Null for the one unit at the top. */
  readonly parentId: UnitId | null;
  readonly name: string;
  /** What the name looks like (Unicode TR39 skeleton of its folded form); unique among the children of one parent. */
  readonly nameKey: string;
  readonly state: RegistryState;
  readonly createdAt: number;
}

export type RegistryState = "active" | "retired";

/** At most so many units, so that a scope is always a list of ids one statement can hold. */
export const MOST_UNITS = 2_000;
/** Links from a person's own vendor up to the outermost. */
export const LONGEST_VENDOR_CHAIN = 8;

export interface Vendor {
  readonly id: VendorId;
  /** Whose register it stands in; administrated by those whose scope covers it. */
  readonly unitId: UnitId;
  readonly name: string;
  /** See `Unit.nameKey`; unique over all vendors, also the retired. */
  readonly nameKey: string;
  /** 统一社会信用代码 or another country's number, as written; unique when given. */
  readonly registrationNumber: string | null;
  /** The vendor it is a sub-contractor of; null for one that contracts with a unit itself. Never a cycle. */
  readonly parentId: VendorId | null;
  readonly state: RegistryState;
  readonly createdAt: number;
  readonly createdBy: PersonId | null;
}

/** The most that may be done under a contract. */
export interface ContractScope {
  readonly assetIds: readonly AssetId[];
  /** Accounts on those assets; empty: any account on them. */
  readonly accountIds: readonly AccountId[];
  readonly actions: readonly Action[];
}

export type ContractState = "active" | "ended";

export interface Contract {
  readonly id: ContractId;
  readonly unitId: UnitId;
  readonly vendorId: VendorId;
  /** As written on it; unique by look within the whole installation (`numberKey`). */
  readonly number: string;
  readonly numberKey: string;
  readonly title: string;
  readonly scope: ContractScope;
  /** Local calendar dates `YYYY-MM-DD` in `zone` (IANA name); the last day is included. */
  readonly fromDate: string;
  readonly toDate: string;
  readonly zone: string;
  /** The same as epoch milliseconds: start of the first day, and the first moment after the last. */
  readonly fromAt: number;
  readonly toAt: number;
  /** Who answers for it in the unit. */
  readonly ownerId: PersonId;
  /** The security duties the vendor accepted: file name, SHA-256 hex and bytes of the document kept in the blob store. */
  readonly dutiesName: string | null;
  readonly dutiesSha256: string | null;
  readonly dutiesBytes: number | null;
  readonly dutiesAcceptedAt: number | null;
  readonly state: ContractState;
  readonly endedAt: number | null;
  readonly endedBy: PersonId | null;
  readonly endReason: string | null;
  readonly createdAt: number;
  readonly createdBy: PersonId | null;
}

/** What everyone who operates signs before the first session; the texts stand in the policy bundle. */
export const DECLARATIONS = ["confidentiality", "recording"] as const;
export type DeclarationKind = (typeof DECLARATIONS)[number];

export interface Signature {
  readonly id: SignatureId;
  readonly personId: PersonId;
  readonly kind: DeclarationKind;
  /** SHA-256 hex of the text as it was shown, and its language. A new text asks for a new signature. */
  readonly digest: string;
  readonly locale: string;
  readonly signedAt: number;
  readonly sourceAddress: string;
}

export type ReviewState = "open" | "confirmed" | "lapsed" | "void";

/** One line of the periodic review: a sponsor confirms a person or a standing entitlement, or it lapses. */
export interface ReviewItem {
  readonly id: ReviewItemId;
  readonly unitId: UnitId;
  readonly sponsorId: PersonId;
  readonly personId: PersonId;
  /** Null: the person himself. */
  readonly entitlementId: EntitlementId | null;
  readonly openedAt: number;
  readonly dueAt: number;
  readonly state: ReviewState;
  readonly decidedBy: PersonId | null;
  readonly decidedAt: number | null;
}

/** Whether a contract's scope covers an action on an account of an asset. */
export function contractCovers(
  scope: ContractScope,
  asked: { readonly assetId: AssetId; readonly accountId: AccountId; readonly actions: readonly Action[] },
): boolean {
  return (
    scope.assetIds.includes(asked.assetId) &&
    (scope.accountIds.length === 0 || scope.accountIds.includes(asked.accountId)) &&
    asked.actions.every((action) => scope.actions.includes(action))
  );
}

/** Whether a contract stands at `now`. */
export function contractStands(contract: Pick<Contract, "state" | "fromAt" | "toAt">, now: number): boolean {
  return contract.state === "active" && now >= contract.fromAt && now < contract.toAt;
}
