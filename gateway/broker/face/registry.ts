/**
 * Units, vendors, contracts; importing, exporting and leaving; declarations; the periodic review. Every list is cut to the
 * units that the reader's power or role covers. Expected outcomes are `Outcome` values.
 */
import type {
  AccountId,
  Action,
  Actor,
  AssetId,
  Contract,
  ContractId,
  ContractScope,
  ContractState,
  DeclarationKind,
  EntitlementId,
  Locale,
  Outcome,
  PersonId,
  RegistryState,
  ReviewItem,
  ReviewItemId,
  Unit,
  UnitId,
  Vendor,
  VendorId,
} from "../../domain/index.js";
import type { Listing, Page } from "./lists.js";
import type { NamedPerson } from "./names.js";

export interface UnitView extends Unit {
  /** Names from the top to the unit itself. */
  readonly path: readonly string[];
}

export interface VendorView extends Vendor {
  /** Names from the vendor itself up to the outermost. */
  readonly chain: readonly string[];
  readonly unitName: string;
  readonly people: number;
  readonly contracts: number;
}

export interface ContractView extends Contract {
  readonly vendorName: string;
  readonly vendorChain: readonly string[];
  readonly unitName: string;
  readonly ownerName: string;
  readonly people: number;
  /** active, not begun yet, or over by date or by hand. */
  readonly standing: "scheduled" | ContractState;
}

export interface NewContract {
  readonly unitId: UnitId;
  readonly vendorId: VendorId;
  readonly number: string;
  readonly title: string;
  readonly scope: ContractScope;
  readonly fromDate: string;
  readonly toDate: string;
  readonly ownerId: PersonId;
}

/** What ending something would end, counted and named before it is done. */
export interface Ending {
  readonly people: readonly NamedPerson[];
  readonly entitlements: number;
  readonly grants: number;
  readonly requests: number;
  readonly sessions: readonly {
    readonly id: string;
    readonly login: string;
    readonly displayName: string;
    readonly vendorChain: readonly string[];
    readonly contractNumber: string | null;
    readonly account: string;
    readonly asset: string;
    readonly startedAt: number;
  }[];
  /** People whose sponsor would be gone: they are named, and their access ends too. */
  readonly sponsored: readonly NamedPerson[];
  /** Why it cannot be done; null when it can. */
  readonly blockedBy: "last-of-power" | null;
}

/** Why a line, or a whole file, was not taken; the page has words for each. */
export const IMPORT_FAULTS = [
  "csv-too-large",
  "csv-too-many-lines",
  "csv-encoding",
  "csv-empty",
  "csv-columns",
  "csv-form",
  "column-unknown",
  "column-twice",
  "column-missing",
  "values-too-many",
  "value-missing",
  "value-not-changeable",
  "line-twice",
  "name-form",
  "name-look-alike",
  "registration-number-form",
  "registration-number-taken",
  "number-form",
  "title-form",
  "date-form",
  "dates-reversed",
  "unit-unknown",
  "vendor-unknown",
  "vendor-retired",
  "vendor-cycle",
  "contract-unknown",
  "contract-over",
  "contract-of-another-vendor",
  "owner-unknown",
  "asset-unknown",
  "account-unknown",
  "action-unknown",
  "login-form",
  "login-taken",
  "language-unknown",
  "sponsor-unknown",
  "vendor-needed",
  "identity-number-form",
  "identity-number-taken",
  "email-form",
  "role-unknown",
  "power-not-importable",
] as const;
export type ImportFaultCode = (typeof IMPORT_FAULTS)[number];

export interface ImportFault {
  /** Line of the file as an editor counts it, from 1. */
  readonly line: number;
  readonly column: string | null;
  readonly code: ImportFaultCode;
  readonly value: string;
}
export interface ImportReport {
  readonly lines: number;
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  /** At most 1,000; `faultsInAll` counts the rest. Nothing is written while there is one. */
  readonly faults: readonly ImportFault[];
  readonly faultsInAll: number;
  readonly encoding: "utf-8" | "gb18030";
  /** Enrolment links' tokens of the people created; empty in a dry run. Shown once. */
  readonly enrolments: readonly { readonly login: string; readonly token: string }[];
}
export const IMPORT_KINDS = ["vendors", "contracts", "people"] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

export interface DeclarationView {
  readonly kind: DeclarationKind;
  readonly digest: string;
  /** Plain text of paragraphs, in the reader's language. */
  readonly text: string;
  readonly signedAt: number | null;
}

export interface ReviewView extends ReviewItem {
  readonly sponsorName: string;
  readonly personLogin: string;
  readonly personName: string;
  readonly vendorChain: readonly string[];
  readonly contractNumber: string | null;
  readonly contractEndsAt: number | null;
  readonly entitlement: {
    readonly accountLogin: string;
    readonly assetName: string;
    readonly actions: readonly Action[];
    readonly lastUsedAt: number | null;
  } | null;
  readonly lastSignInAt: number | null;
}

export interface RegistryUseCases {
  /** The units the reader's scope covers. */
  units(actor: Actor): Promise<Outcome<readonly UnitView[]>>;
  createUnit(actor: Actor, input: { readonly parentId: UnitId; readonly name: string }): Promise<Outcome<UnitView>>;
  renameUnit(actor: Actor, id: UnitId, name: string): Promise<Outcome<UnitView>>;
  /** Only an empty one: no child, asset, person, vendor or contract that stands. */
  retireUnit(actor: Actor, id: UnitId): Promise<Outcome<void>>;

  vendors(actor: Actor, page: Page & { readonly q?: string }): Promise<Outcome<Listing<VendorView>>>;
  vendor(actor: Actor, id: VendorId): Promise<Outcome<VendorView>>;
  /** `name-taken` also for a look-alike, `vendor-cycle`, `invalid-input` for a chain that is too long. */
  createVendor(
    actor: Actor,
    input: {
      readonly unitId: UnitId;
      readonly name: string;
      readonly registrationNumber: string | null;
      readonly parentId: VendorId | null;
    },
  ): Promise<Outcome<VendorView>>;
  changeVendor(
    actor: Actor,
    id: VendorId,
    input: { readonly name?: string; readonly registrationNumber?: string | null; readonly parentId?: VendorId | null },
  ): Promise<Outcome<VendorView>>;
  /** What retiring it would end; then retiring it: its people leave, sub-contractors' people too, its contracts end. */
  vendorEnding(actor: Actor, id: VendorId): Promise<Outcome<Ending>>;
  retireVendor(actor: Actor, id: VendorId, reason: string): Promise<Outcome<void>>;

  contracts(
    actor: Actor,
    page: Page & { readonly q?: string; readonly vendorId?: VendorId },
  ): Promise<Outcome<Listing<ContractView>>>;
  contract(actor: Actor, id: ContractId): Promise<Outcome<ContractView>>;
  createContract(actor: Actor, input: NewContract): Promise<Outcome<ContractView>>;
  /** Narrowing scope or dates ends at once what no longer fits. Vendor and unit do not change. */
  changeContract(
    actor: Actor,
    id: ContractId,
    input: Partial<Pick<NewContract, "title" | "scope" | "fromDate" | "toDate" | "ownerId">>,
  ): Promise<Outcome<ContractView>>;
  /** Keeps the document and its hash; replaces an earlier one only by a new event. At most 20 MiB. */
  acceptDuties(
    actor: Actor,
    id: ContractId,
    input: { readonly name: string; readonly bytes: Uint8Array },
  ): Promise<Outcome<ContractView>>;
  dutiesDocument(
    actor: Actor,
    id: ContractId,
  ): Promise<Outcome<{ readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }>>;
  contractEnding(actor: Actor, id: ContractId): Promise<Outcome<Ending>>;
  /** Entitlements end, grants are revoked, requests withdrawn, live sessions gone within 2 s. */
  endContract(actor: Actor, id: ContractId, reason: string): Promise<Outcome<void>>;

  /** Leaving: the person is retired, with everything under him. */
  personEnding(actor: Actor, id: PersonId): Promise<Outcome<Ending>>;
  leave(actor: Actor, id: PersonId, reason: string): Promise<Outcome<void>>;

  /** CSV, UTF-8 (with or without BOM) or GB18030, at most 16 MiB and 5,000 people, or 500 vendors or contracts. All or nothing. */
  importCsv(
    actor: Actor,
    input: { readonly kind: ImportKind; readonly bytes: Uint8Array; readonly dryRun: boolean },
  ): Promise<Outcome<ImportReport>>;
  /** The same columns as the import reads, UTF-8 with BOM so that spreadsheets read Chinese; values that a spreadsheet would run are quoted apart. */
  exportCsv(
    actor: Actor,
    kind: ImportKind,
  ): Promise<Outcome<{ readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }>>;

  declarations(actor: Actor, locale: Locale): Promise<Outcome<readonly DeclarationView[]>>;
  /** `stale` when the text is no longer the one that was shown. */
  sign(
    actor: Actor,
    input: { readonly kind: DeclarationKind; readonly digest: string; readonly locale: Locale },
  ): Promise<Outcome<void>>;

  /** `mine`: those the actor answers for as sponsor · `all`: security and audit. Open ones first by date. */
  reviews(
    actor: Actor,
    page: Page & { readonly view: "mine" | "all"; readonly state?: ReviewItem["state"] },
  ): Promise<Outcome<Listing<ReviewView>>>;
  /** `keep: false` lapses it at once. Only its sponsor. */
  decideReview(actor: Actor, id: ReviewItemId, input: { readonly keep: boolean }): Promise<Outcome<void>>;
}

/** What is asked of a contract by those who entitle, ask and decide; the registry answers from rows. */
export interface UnderContract {
  readonly contractId: ContractId | null;
  readonly endsAt: number | null;
}

export type { AccountId, AssetId, EntitlementId, RegistryState };
