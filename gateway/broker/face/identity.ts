/** Who you are: signing in, enrolling, one's own account, and the people an administrator keeps. Expected outcomes are `Outcome` values. */
import type {
  Actor,
  Locale,
  Outcome,
  Person,
  PersonId,
  PersonKey,
  PersonKeyId,
  Power,
  Role,
  Unit,
} from "../../domain/index.js";
import type { Page, Listing } from "./lists.js";

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
  readonly vendorChain: readonly string[];
  readonly contractEndsAt: number | null;
  readonly enrolled: boolean;
  readonly createdAt: number;
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
  beginEnrolment(input: { readonly token: string; readonly sourceAddress: string }): Promise<Outcome<EnrolmentOffer>>;
  /** Sets password and factor after one good code; answers ten recovery codes, shown once. */
  completeEnrolment(input: {
    readonly token: string;
    readonly secret: string;
    readonly password: string;
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
    }
  >;
  setLocale(actor: Actor, locale: Locale): Promise<Outcome<void>>;
  addKey(
    actor: Actor,
    input: { readonly name: string; readonly publicKey: string; readonly code: string },
  ): Promise<Outcome<PersonKey>>;
  retireKey(actor: Actor, id: PersonKeyId): Promise<Outcome<void>>;
}

export interface PeopleUseCases {
  list(actor: Actor, page: Page): Promise<Outcome<Listing<PersonView>>>;
  create(
    actor: Actor,
    input: {
      readonly login: string;
      readonly displayName: string;
      readonly locale: Locale;
      readonly power: Power | null;
      readonly roles: readonly Role[];
    },
  ): Promise<Outcome<{ readonly person: PersonView; readonly enrolmentToken: string }>>;
  /** State, power, roles. Exclusivity is checked here and by the schema; each change raises the epoch. Nobody changes himself. */
  change(
    actor: Actor,
    id: PersonId,
    input: {
      readonly state?: Person["state"];
      readonly displayName?: string;
      readonly power?: Power | null;
      readonly roles?: readonly Role[];
    },
  ): Promise<Outcome<PersonView>>;
  /** Resets password and factor: ends all sessions, answers a new enrolment token. */
  resetFactors(actor: Actor, id: PersonId): Promise<Outcome<{ readonly enrolmentToken: string }>>;
  units(actor: Actor): Promise<Outcome<readonly Unit[]>>;
}
