/**
 * What lets a person in beside password and one-time code: passkeys, approvals of a waiting terminal by a signed-in browser,
 * and device keys that live for the working day.
 */
import type { ChallengeId, DeviceKeyId, PasskeyId, PersonId, TerminalApprovalId, WebSessionId } from "./ids.js";

export interface Passkey {
  /** The WebAuthn credential id, base64url. */
  readonly id: PasskeyId;
  readonly personId: PersonId;
  readonly name: string;
  /** COSE public key, base64url. */
  readonly publicKey: string;
  /** The authenticator's signature counter as last seen; one that does not rise (unless both are 0) is a clone: refused, the passkey retired. */
  readonly counter: number;
  readonly transports: readonly string[];
  /** Whether the authenticator syncs it to other devices. */
  readonly backedUp: boolean;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly retiredAt: number | null;
}

export type ChallengePurpose = "passkey-registration" | "passkey-sign-in" | "step-up" | "terminal" | "oidc";

/** A single-use challenge that the gate gave out. Removed when it is over. */
export interface Challenge {
  /** SHA-256 hex of the handle that the browser shows again. */
  readonly id: ChallengeId;
  readonly purpose: ChallengePurpose;
  /** Null where it is not known yet who will answer. */
  readonly personId: PersonId | null;
  readonly webSessionId: WebSessionId | null;
  /** What must come back: a WebAuthn challenge, or the sealed state of an OIDC sign-in. */
  readonly value: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedAt: number | null;
}

export type TerminalApprovalState = "pending" | "approved" | "refused" | "used";

/** A terminal (or `gatehouse login`) that waits for a signed-in browser's passkey. */
export interface TerminalApproval {
  readonly id: TerminalApprovalId;
  /** SHA-256 hex of the short code in the link. */
  readonly codeHash: string;
  /** The two digits the terminal shows. */
  readonly number: string;
  /** As typed on the terminal; whether it is anybody's is not told there. */
  readonly login: string;
  readonly personId: PersonId | null;
  readonly sourceAddress: string;
  readonly purpose: "ssh" | "device-key";
  /** What the terminal wants: `account@asset`, the menu, or the device's name. Shown as text. */
  readonly subject: string;
  /** The key that `gatehouse login` asks to register; null for ssh. OpenSSH one line. */
  readonly publicKey: string | null;
  /** SHA-256 hex of what the waiting client polls with; null for ssh, where the door itself waits. */
  readonly pollHash: string | null;
  readonly tries: number;
  readonly state: TerminalApprovalState;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly decidedBy: PersonId | null;
  readonly decidedAt: number | null;
  /** The passkey that approved it; null until then. What it let in ends with it. */
  readonly passkeyId: PasskeyId | null;
}

export interface DeviceKey {
  readonly id: DeviceKeyId;
  readonly personId: PersonId;
  readonly name: string;
  /** OpenSSH one line. */
  readonly publicKey: string;
  /** `SHA256:…`; unique. */
  readonly fingerprint: string;
  /** Where it was registered from; it opens from there only, unless policy says otherwise. */
  readonly sourceAddress: string;
  /** The person's epoch then: `sign out everywhere` and every change of rights end it. */
  readonly credentialEpoch: number;
  /** The passkey that approved it, and ends it. */
  readonly passkeyId: PasskeyId;
  readonly createdAt: number;
  /** The end of the working day at most. */
  readonly expiresAt: number;
  readonly lastUsedAt: number | null;
  readonly retiredAt: number | null;
}

export interface PasswordHistoryEntry {
  readonly id: string;
  readonly personId: PersonId;
  /** argon2id PHC text of a password that was. */
  readonly hash: string;
  readonly at: number;
}
