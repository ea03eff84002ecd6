/** Signing in by a directory, checking people against it, and SCIM 2.0 (RFC 7643, 7644). Expected outcomes are `Outcome` values. */
import type {
  Actor,
  ExternalIdentityId,
  Outcome,
  Person,
  PersonId,
  ScimToken,
  ScimTokenId,
  UnitId,
} from "../../domain/index.js";
import type { SecondFactor } from "./factors.js";
import type { WebSignIn } from "./identity.js";
import type { ProposalView } from "./proposals.js";

export interface DirectoryLink {
  readonly id: ExternalIdentityId;
  readonly kind: "oidc" | "ldap" | "scim";
  readonly source: string;
  readonly subject: string;
  readonly email: string | null;
  readonly checkedAt: number;
  readonly failingSince: number | null;
}

/** Signed in at the provider; here a second factor is still owed. */
export interface HalfSignedIn {
  /** Shown again with the factor; single-use, five minutes. */
  readonly handle: string;
  readonly displayName: string;
}

export interface ScimUser {
  readonly id: PersonId;
  readonly externalId: string | null;
  readonly userName: string;
  readonly displayName: string;
  readonly active: boolean;
  readonly email: string | null;
  readonly groups: readonly { readonly value: string; readonly display: string }[];
  readonly createdAt: number;
}
export interface ScimGroupView {
  readonly id: string;
  readonly externalId: string | null;
  readonly displayName: string;
  readonly members: readonly { readonly value: PersonId; readonly display: string }[];
}
/** One comparison a SCIM filter comes down to here; anything wider is refused as `invalidFilter`. */
export interface ScimFilter {
  readonly attribute: "userName" | "externalId" | "id" | "displayName" | "active";
  readonly value: string;
}

export interface ScimUseCases {
  /** The token a bearer text names, if it stands. */
  enter(bearer: string, sourceAddress: string): Promise<Outcome<ScimToken>>;
  listUsers(
    token: ScimToken,
    query: { readonly filter?: ScimFilter; readonly startIndex: number; readonly count: number },
  ): Promise<{ readonly total: number; readonly items: readonly ScimUser[] }>;
  getUser(token: ScimToken, id: PersonId): Promise<Outcome<ScimUser>>;
  /** `conflict` when the login is anybody's already. Never a power, never a role but operator by mapped groups. */
  createUser(
    token: ScimToken,
    input: {
      readonly userName: string;
      readonly displayName: string;
      readonly externalId: string | null;
      readonly email: string | null;
      readonly active: boolean;
      /** What was sent of roles and entitlements: logged as `scim.refused`, and nothing comes of it. */
      readonly ignored?: readonly string[];
    },
  ): Promise<Outcome<ScimUser>>;
  changeUser(
    token: ScimToken,
    id: PersonId,
    input: {
      readonly displayName?: string;
      readonly email?: string | null;
      readonly externalId?: string | null;
      readonly active?: boolean;
      /** What was sent of roles and entitlements: logged as `scim.refused`, and nothing comes of it. */
      readonly ignored?: readonly string[];
    },
  ): Promise<Outcome<ScimUser>>;
  /** Retires the person with everything under him. */
  removeUser(token: ScimToken, id: PersonId): Promise<Outcome<void>>;
  listGroups(
    token: ScimToken,
    query: { readonly filter?: ScimFilter; readonly startIndex: number; readonly count: number },
  ): Promise<{ readonly total: number; readonly items: readonly ScimGroupView[] }>;
  getGroup(token: ScimToken, id: string): Promise<Outcome<ScimGroupView>>;
  createGroup(
    token: ScimToken,
    input: {
      readonly displayName: string;
      readonly externalId: string | null;
      readonly memberIds: readonly PersonId[];
    },
  ): Promise<Outcome<ScimGroupView>>;
  changeGroup(
    token: ScimToken,
    id: string,
    input: {
      readonly displayName?: string;
      readonly externalId?: string | null;
      readonly addMembers?: readonly PersonId[];
      readonly removeMembers?: readonly PersonId[];
      readonly setMembers?: readonly PersonId[];
    },
  ): Promise<Outcome<ScimGroupView>>;
  removeGroup(token: ScimToken, id: string): Promise<Outcome<void>>;
}

export interface DirectoryUseCases {
  /** What the sign-in page offers. */
  offers(): {
    readonly oidc: { readonly name: string } | null;
    readonly ldap: boolean;
    /** Whether a first sign-in makes the person. */
    readonly firstTime: boolean;
  };
  /**
   * A first sign-in with the LDAP directory's password, where that makes people: answers the token of an enrolment that asks for
   * no password. `sign-in-refused` whatever was wrong, also for who is enrolled already.
   */
  enrolByLdap(input: {
    readonly login: string;
    readonly password: string;
    readonly sourceAddress: string;
  }): Promise<Outcome<{ readonly enrolmentToken: string }>>;
  /** Where to send the browser; `handle` goes into a cookie that comes back with it. With an actor: to link his account (step-up first). */
  beginOidc(input: {
    readonly sourceAddress: string;
    readonly actor?: Actor;
  }): Promise<Outcome<{ readonly url: string; readonly handle: string }>>;
  /** `directory-refused` whatever was wrong; the log says what. */
  completeOidc(input: {
    readonly handle: string;
    readonly callbackUrl: string;
    readonly sourceAddress: string;
    readonly userAgent: string;
    readonly previous?: string;
  }): Promise<
    Outcome<
      | { readonly kind: "signed-in"; readonly signIn: WebSignIn }
      | { readonly kind: "half"; readonly half: HalfSignedIn }
      /** He has no second factor here yet, and the provider proved none: the token of his enrolment, which asks for no password. */
      | { readonly kind: "enrol"; readonly enrolmentToken: string }
      | { readonly kind: "linked" }
    >
  >;
  finishOidc(input: {
    readonly handle: string;
    readonly factor: SecondFactor;
    readonly sourceAddress: string;
    readonly userAgent: string;
    readonly previous?: string;
  }): Promise<Outcome<WebSignIn>>;
  links(actor: Actor, personId: PersonId): Promise<Outcome<readonly DirectoryLink[]>>;
  /** By a security administrator: names the entry upstream that is this person's (OIDC `sub`, LDAP login, SCIM token id and externalId). */
  link(
    actor: Actor,
    personId: PersonId,
    input: { readonly kind: "oidc" | "ldap" | "scim"; readonly source?: string; readonly subject: string },
  ): Promise<Outcome<DirectoryLink>>;
  unlink(actor: Actor, id: ExternalIdentityId): Promise<Outcome<void>>;
  proposeScimToken(
    actor: Actor,
    input: { readonly name: string; readonly unitId: UnitId; readonly reason: string },
  ): Promise<Outcome<ProposalView>>;
  scimTokens(actor: Actor): Promise<Outcome<readonly Omit<ScimToken, "hash">[]>>;
  retireScimToken(actor: Actor, id: ScimTokenId): Promise<Outcome<void>>;
  readonly scim: ScimUseCases;
}

export type { Person };
