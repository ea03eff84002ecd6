/** Who you are: signing in, enrolling, one's own account, and the people an administrator keeps. Expected outcomes are `Outcome` values. */
import type {
  Actor,
  AuditVerb,
  ContractId,
  Locale,
  Outcome,
  Person,
  PersonId,
  PersonKey,
  PersonKeyId,
  Power,
  Role,
  UnitId,
  VendorId,
} from "../../domain/index.js";
import type { Page, Listing } from "./lists.js";
import type { ProposalView } from "./proposals.js";

export type SignInVia = "web" | "ssh-password" | "ssh-key";

export interface SignIn {
  readonly login: string;
  /** Absent for `ssh-key`: the door has verified a signature by a key with this fingerprint. */
  readonly password?: string;
  readonly keyFingerprint?: string;
  /** Six digits, or a recovery code (web only). */
  readonly code: string;
  readonly sourceAddress: string;
  readonly via: SignInVia;
}

export interface WebSignIn {
  readonly actor: Actor;
  /** The opaque cookie value; never stored, only its SHA-256. */
  readonly cookie: string;
  readonly expiresAt: number;
}

export interface EnrolmentOffer {
  readonly login: string;
  readonly displayName: string;
  /** False where a directory keeps his password. */
  readonly needsPassword: boolean;
  /** `otpauth://totp/…` and its base32 secret: shown once, to the person enrolling. */
  readonly otpauth: string;
  readonly secret: string;
}

/** A person's own or administrated view; never holds a hash or sealed secret. */
export interface PersonView {
  readonly id: PersonId;
  readonly login: string;
  readonly displayName: string;
  readonly locale: Locale;
  readonly state: Person["state"];
  readonly power: Power | null;
  readonly roles: readonly Role[];
  /** Where power and roles are held, within the reader's units; a person may hold a role for several units. */
  readonly holdings: readonly { readonly what: Power | Role; readonly unitId: UnitId; readonly unitName: string }[];
  /** He holds a role for a unit outside the reader's: only who covers that one too gives him new factors or makes him active again. */
  readonly holdsBeyond: boolean;
  readonly unitId: UnitId;
  readonly unitName: string;
  readonly vendorId: VendorId | null;
  /** Vendor names from his own up to the outermost; empty for a unit's own person. */
  readonly vendorChain: readonly string[];
  readonly contractId: ContractId | null;
  readonly contractNumber: string | null;
  readonly contractEndsAt: number | null;
  readonly sponsorId: PersonId | null;
  readonly sponsorName: string | null;
  readonly email: string | null;
  /** The last four characters of the identity number; the whole is never shown again. */
  readonly identityTail: string | null;
  readonly enrolled: boolean;
  readonly passkeys: number;
  /** Declarations in force that he has signed. */
  readonly signed: boolean;
  readonly reviewedAt: number;
  readonly lastSignInAt: number | null;
  readonly createdAt: number;
  /** Rights or resets that wait for a second person. */
  readonly pendingProposals: number;
}

export interface IdentityUseCases {
  /** Checks everything, in the same time whatever was wrong; counts, slows, logs. A code is used up by its first success. */
  signIn(input: SignIn): Promise<Outcome<Actor>>;
  /** `signIn` via web plus a cookie. `previous`: a cookie to end (rotation). */
  signInWeb(input: SignIn & { readonly userAgent: string; readonly previous?: string }): Promise<Outcome<WebSignIn>>;
  /**
   * The actor behind a cookie, from rows, at this moment; `unauthenticated` when ended, expired or of an older epoch.
   * `quietly`: asked by the gate itself about what still runs under the cookie; does not count as use.
   */
  resume(cookie: string, sourceAddress: string, more?: { readonly quietly?: boolean }): Promise<Outcome<Actor>>;
  signOut(cookie: string): Promise<void>;
  /** The same person as he is now (after a power, role or state change); `unauthenticated` if he may not act any more. */
  refresh(actor: Actor): Promise<Outcome<Actor>>;
  /** Whether any of the installation's first steps is open; `bootstrap` while a power has fewer than two people. */
  installation(): Promise<{ readonly hasPeople: boolean; readonly bootstrap: boolean; readonly demo: boolean }>;
  /** Makes the one-time link's token (15 minutes) while no person was ever made; undefined afterwards. Replaces an earlier one. */
  makeBootstrapToken(): Promise<string | undefined>;
  /** Creates the first security administrator from that token, and answers his enrolment token. */
  bootstrap(input: {
    readonly token: string;
    readonly login: string;
    readonly displayName: string;
    readonly locale: Locale;
    readonly sourceAddress: string;
  }): Promise<Outcome<{ readonly enrolmentToken: string }>>;
  /** `enrolment-expired` whatever is wrong with the link or its second part. */
  beginEnrolment(input: {
    readonly token: string;
    /** Required where the link says that it has two parts; nothing otherwise. */
    readonly secondPart?: string;
    readonly sourceAddress: string;
  }): Promise<Outcome<EnrolmentOffer>>;
  /** Sets password and factor after one good code; answers ten recovery codes, shown once. */
  completeEnrolment(input: {
    readonly token: string;
    readonly secondPart?: string;
    readonly secret: string;
    /** Required with `needsPassword`; nothing otherwise. */
    readonly password?: string;
    readonly code: string;
    readonly sourceAddress: string;
  }): Promise<Outcome<{ readonly recoveryCodes: readonly string[] }>>;
  changePassword(
    actor: Actor,
    input: { readonly current: string; readonly next: string; readonly code: string },
  ): Promise<Outcome<void>>;
  me(actor: Actor): Promise<
    PersonView & {
      readonly keys: readonly PersonKey[];
      readonly signIns: readonly { readonly at: number; readonly source: string | null; readonly ok: boolean }[];
      /** What happened to the account that its owner should know: a reset, a cloned passkey, a new way in. Newest first. */
      readonly notices: readonly { readonly verb: AuditVerb; readonly at: number; readonly source: string | null }[];
      readonly needsSignature: boolean;
      readonly passwordExpiresAt: number | null;
      readonly mustChangePassword: boolean;
      readonly steppedUpUntil: number | null;
      readonly approvesFrom: number | null;
      /** Reviews that wait for him as sponsor. */
      readonly openReviews: number;
      readonly openProposals: number;
    }
  >;
  setLocale(actor: Actor, locale: Locale): Promise<Outcome<void>>;
  addKey(
    actor: Actor,
    input: { readonly name: string; readonly publicKey: string; readonly code: string },
  ): Promise<Outcome<PersonKey>>;
  retireKey(actor: Actor, id: PersonKeyId): Promise<Outcome<void>>;
}

export interface NewPersonInput {
  readonly login: string;
  readonly displayName: string;
  readonly locale: Locale;
  readonly power: Power | null;
  readonly roles: readonly Role[];
  /** The administrator's own unit unless told; for a vendor's person the contract's unit. */
  readonly unitId?: UnitId;
  readonly vendorId?: VendorId | null;
  /** Required with `vendorId`. */
  readonly contractId?: ContractId | null;
  readonly sponsorId?: PersonId | null;
  /** Required with `vendorId`; 6 … 32 letters and digits, kept sealed. */
  readonly identityNumber?: string | null;
  readonly email?: string | null;
}

export interface PeopleUseCases {
  list(
    actor: Actor,
    page: Page & { readonly q?: string; readonly vendorId?: VendorId; readonly contractId?: ContractId },
  ): Promise<Outcome<Listing<PersonView>>>;
  get(actor: Actor, id: PersonId): Promise<Outcome<PersonView>>;
  /**
   * Makes the person with what one administrator may give. A power, approver or confirmer is proposed (see `proposal`) and
   * held only when a second person confirms; only while the installation has too few security administrators is it given at once.
   * `enrolmentToken`: null where rights are proposed; the link of two parts comes with their confirmation.
   */
  create(
    actor: Actor,
    input: NewPersonInput,
  ): Promise<
    Outcome<{
      readonly person: PersonView;
      readonly enrolmentToken: string | null;
      readonly proposal: ProposalView | null;
    }>
  >;
  /**
   * State, names, bonds and the operator role at once; what two persons must agree on as a proposal. Exclusivity is checked
   * here and by the schema, over all he holds anywhere; each change of rights raises the epoch. Nobody changes himself. `roles` are for
   * the person's own unit; `elsewhere` names all he is to hold for other units of the actor's, unit by unit; what is not named stays.
   */
  change(
    actor: Actor,
    id: PersonId,
    input: {
      readonly state?: Person["state"];
      readonly displayName?: string;
      readonly power?: Power | null;
      readonly roles?: readonly Role[];
      readonly elsewhere?: readonly { readonly unitId: UnitId; readonly roles: readonly Role[] }[];
      readonly email?: string | null;
      readonly contractId?: ContractId;
      readonly sponsorId?: PersonId;
      readonly identityNumber?: string;
      readonly reason?: string;
    },
  ): Promise<Outcome<{ readonly person: PersonView; readonly proposal: ProposalView | null }>>;
  /**
   * Resets password and factors: ends all sessions, answers a new one-time link's token. For an approver, a confirmer or the
   * holder of a power it is a proposal; the link of two parts comes with its confirmation, and he approves nothing for 24 hours.
   */
  resetFactors(
    actor: Actor,
    id: PersonId,
    reason?: string,
  ): Promise<Outcome<{ readonly enrolmentToken: string | null; readonly proposal: ProposalView | null }>>;
}
