/**
 * Directories from outside: how a person here is known there, and the ports to OpenID Connect and LDAP. What comes from a
 * directory can give the operator role and nothing else.
 */
import type { ExternalIdentityId, PersonId, ScimTokenId, UnitId } from "./ids.js";

/** Under the public address: where an OpenID provider sends the browser back to. */
export const OIDC_RETURN_PATH = "/sign-in/oidc";

export type DirectoryKind = "oidc" | "ldap" | "scim";

/** The link between a person and an entry upstream. The subject names the entry for ever; e-mail and login are only what it says now. */
export interface ExternalIdentity {
  readonly id: ExternalIdentityId;
  readonly personId: PersonId;
  readonly kind: DirectoryKind;
  /** OIDC issuer, LDAP URL with base, or the SCIM token's id. */
  readonly source: string;
  /** OIDC `sub`, LDAP `entryUUID`, SCIM `externalId` or our own id. Unique per kind and source among those not retired. */
  readonly subject: string;
  readonly email: string | null;
  /** What keeps the check upstream possible (an OIDC refresh token, an LDAP DN), sealed by the vault; null where nothing is needed. */
  readonly sealed: string | null;
  readonly checkedAt: number;
  /** The first failed check in a row; null when the last one was good. */
  readonly failingSince: number | null;
  readonly createdAt: number;
  readonly retiredAt: number | null;
}

export interface ScimToken {
  readonly id: ScimTokenId;
  readonly name: string;
  readonly unitId: UnitId;
  /** SHA-256 hex; the token itself is shown once. */
  readonly hash: string;
  readonly createdBy: PersonId;
  readonly confirmedBy: PersonId;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly retiredAt: number | null;
}

export interface ScimGroup {
  readonly id: string;
  readonly tokenId: ScimTokenId;
  readonly externalId: string | null;
  readonly displayName: string;
  readonly memberIds: readonly PersonId[];
  readonly createdAt: number;
}

/** Who an entry upstream says it is. */
export interface DirectoryPerson {
  readonly subject: string;
  readonly login: string | null;
  readonly displayName: string | null;
  readonly email: string | null;
  readonly groups: readonly string[];
  /** The provider proved a second factor itself (`amr`, `acr` as configured). */
  readonly provedSecondFactor: boolean;
  /** When he last proved himself to the provider (`auth_time`), in ms: a session there may be older than this sign-in. Null where it does not say. */
  readonly provedAt: number | null;
}

export type DirectoryCheck =
  | { readonly state: "stands"; readonly person: DirectoryPerson; readonly sealed?: string }
  | { readonly state: "gone"; readonly why: string }
  /** `sealed` replaces what was kept, also when what came after it failed. */
  | { readonly state: "unreachable"; readonly why: string; readonly sealed?: string };

/** OpenID Connect, authorization code with PKCE. Implementations: the directory room over `openid-client`. */
export interface OidcPort {
  /** What the button on the sign-in page says. */
  readonly name: string;
  readonly issuer: string;
  /** Where to send the browser, and what must be kept (secret) until it comes back. Rejects with `directory-unavailable`. */
  begin(input: { readonly redirectUri: string }): Promise<{ readonly url: string; readonly kept: string }>;
  /** Checks state, nonce, issuer, audience, signature and code. `undefined`: any of them wrong, with `why` for the log. */
  complete(input: {
    readonly callbackUrl: string;
    readonly kept: string;
  }): Promise<
    | { readonly ok: true; readonly person: DirectoryPerson; readonly refreshToken: string | null }
    | { readonly ok: false; readonly why: string }
  >;
  check(refreshToken: string): Promise<DirectoryCheck>;
}

/** LDAP, search then bind. An empty password never reaches it. */
export interface LdapPort {
  readonly source: string;
  /** `refused` covers no entry, several entries and a wrong password alike. */
  authenticate(
    login: string,
    password: string,
  ): Promise<
    | { readonly state: "ok"; readonly person: DirectoryPerson }
    | { readonly state: "refused" }
    | { readonly state: "unreachable"; readonly why: string }
  >;
  check(subject: string): Promise<DirectoryCheck>;
  /** The one entry that has this login now. No password is asked: for administrators who link people. */
  find(
    login: string,
  ): Promise<
    | { readonly state: "found"; readonly person: DirectoryPerson }
    | { readonly state: "none" }
    | { readonly state: "unreachable"; readonly why: string }
  >;
}
