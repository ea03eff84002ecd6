/**
 * People and what they may be. A person is the human; `login` is only how he types himself. Powers are keyed by person
 * alone (one power each, by the schema); operator, approver and confirmer are roles, not powers. Powers and roles are held
 * for a unit's subtree. An auditor holds no role; a confirmer holds no power and no other role; a vendor's person is at most an operator.
 */
import type {
  ContractId,
  DeviceKeyId,
  PasskeyId,
  PersonId,
  PersonKeyId,
  UnitId,
  VendorId,
  WebSessionId,
} from "./ids.js";

/** system: assets, accounts, nodes. security: people, roles, policies. audit: sessions, recordings, audit events. */
export type Power = "system" | "security" | "audit";
/** confirmer: the second person of critical acts where a power has too few, for instance of the superior unit. */
export type Role = "operator" | "approver" | "confirmer";
/** The roles that only two persons give and take. Operator is given by one; what he opens is approved grant by grant. */
export const TWO_PERSON_ROLES: readonly Role[] = ["approver", "confirmer"];
export type Locale = "zh-CN" | "en";
export type PersonState = "active" | "disabled" | "retired";

export interface Person {
  readonly id: PersonId;
  readonly unitId: UnitId;
  /** ASCII, `[a-z][a-z0-9._-]{0,31}`; never holds `@`, `+` or `%`. Unique, also among the retired. */
  readonly login: string;
  readonly displayName: string;
  readonly locale: Locale;
  readonly state: PersonState;
  readonly vendorId: VendorId | null;
  /** Required with `vendorId`. The contract's vendor is in the person's vendor chain. */
  readonly contractId: ContractId | null;
  /** Who answers for him: an active person of a unit, never a vendor's. Required with `vendorId`. */
  readonly sponsorId: PersonId | null;
  /** Blind index of the identity number, unique among all; with the number sealed by the vault and its last four characters. Null until told. */
  readonly identityKey: string | null;
  readonly identitySealed: string | null;
  readonly identityTail: string | null;
  readonly email: string | null;
  /** Where his first factor is checked: here by a password, or by the directory he is linked to; for `oidc` he has no password here. */
  readonly passwordAt: "here" | "ldap" | "oidc";
  /** Approvals count only from then: set by a reset of his factors. */
  readonly approvesFrom: number | null;
  /** When a sponsor last confirmed him (see `ReviewItem`); his making counts. */
  readonly reviewedAt: number;
  readonly lastSignInAt: number | null;
  /** argon2id PHC text, or null before enrolment. */
  readonly passwordHash: string | null;
  readonly passwordChangedAt: number | null;
  /** Sealed by the vault; null before enrolment. */
  readonly totpSealed: string | null;
  /** The last RFC 6238 time step that was accepted; a code is good only for a later one. */
  readonly totpLastStep: number;
  readonly totpEnrolledAt: number | null;
  /** SHA-256 hex of the one-time enrolment link's token, with its end; null when none is open. */
  readonly enrolmentHash: string | null;
  readonly enrolmentExpiresAt: number | null;
  /** Failed second factors and passwords since the last success; drives the slowing, never a lock that outsiders can hold shut. */
  readonly failures: number;
  readonly lastFailureAt: number | null;
  readonly createdAt: number;
  readonly createdBy: PersonId | null;
  /** Rises with every change of password, factor, role, power or state; a web session or SSH connection made under an older one is dead. */
  readonly credentialEpoch: number;
}

export interface RecoveryCode {
  /** SHA-256 hex of the normalised code salted with the person's id. */
  readonly id: string;
  readonly personId: PersonId;
  readonly usedAt: number | null;
}

export interface PersonKey {
  readonly id: PersonKeyId;
  readonly personId: PersonId;
  readonly name: string;
  /** OpenSSH one-line form: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
  /** `SHA256:…` as OpenSSH prints it. Unique among keys that are not retired. */
  readonly fingerprint: string;
  readonly createdAt: number;
  readonly retiredAt: number | null;
}

/** The row's key is the person: the schema itself makes a second power impossible. */
export interface PowerHolding {
  readonly id: PersonId;
  readonly power: Power;
  /** Held for this unit's subtree. */
  readonly unitId: UnitId;
  readonly grantedBy: PersonId | null;
  /** The second person; null only for what was given while the installation had too few people (bootstrap). */
  readonly confirmedBy: PersonId | null;
  readonly createdAt: number;
}

export interface RoleHolding {
  /** `${personId}:${role}:${unitId}` */
  readonly id: string;
  readonly personId: PersonId;
  readonly role: Role;
  readonly unitId: UnitId;
  readonly grantedBy: PersonId | null;
  /** The second person of approver and confirmer; null for operator, and in bootstrap. */
  readonly confirmedBy: PersonId | null;
  readonly createdAt: number;
}

export interface WebSession {
  readonly id: WebSessionId;
  readonly personId: PersonId;
  readonly credentialEpoch: number;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly endedAt: number | null;
  readonly sourceAddress: string;
  readonly userAgent: string;
  /** When a second factor was last shown in it; signing in counts. Approving, revealing and exporting ask for a recent one. */
  readonly steppedUpAt: number;
  /** How it was opened. */
  readonly via: "password" | "passkey" | "oidc";
  /** The passkey that opened it, and ends it; null where a code did, or a provider's word alone. */
  readonly passkeyId: PasskeyId | null;
}

/**
 * Who is acting, with what he held when that was last looked up. Made afresh from rows at each web request and at each
 * authorisation on SSH; never cached across requests.
 */
export interface Actor {
  readonly personId: PersonId;
  readonly login: string;
  readonly displayName: string;
  readonly locale: Locale;
  readonly unitId: UnitId;
  readonly vendorId: VendorId | null;
  readonly power: Power | null;
  readonly roles: readonly Role[];
  readonly sourceAddress: string;
  /** The person's epoch when he was authenticated; `refresh` refuses an actor whose epoch is no longer the row's. */
  readonly credentialEpoch: number;
  /** The page session he acts through; absent on SSH. `refresh` refuses the actor once it has ended. */
  readonly webSessionId?: WebSessionId;
  /** The device key that let him in on SSH; sensitive assets refuse it, and `refresh` refuses the actor once it is retired. */
  readonly deviceKeyId?: DeviceKeyId;
  /** The passkey that approved his terminal or that device key on SSH; `refresh` refuses the actor once it is retired. */
  readonly passkeyId?: PasskeyId;
  /** His password is too old: nothing is open to him but changing it. */
  readonly mustChangePassword?: boolean;
}
