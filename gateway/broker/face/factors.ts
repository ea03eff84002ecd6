/**
 * Passkeys, step-up, page sessions, browser approval of a waiting terminal, device keys. WebAuthn options and answers are the
 * JSON forms of WebAuthn Level 3 §5.1; they pass through here unread. Expected outcomes are `Outcome` values.
 */
import type {
  Actor,
  DeviceKey,
  DeviceKeyId,
  Outcome,
  Passkey,
  PasskeyId,
  PersonId,
  TerminalApprovalId,
  WebSession,
  WebSessionId,
} from "../../domain/index.js";
import type { PasswordPolicy } from "../../policy/index.js";
import type { WebSignIn } from "./identity.js";
import type { Listing, Page } from "./lists.js";

/** `PublicKeyCredentialCreationOptionsJSON`, `…RequestOptionsJSON`, `RegistrationResponseJSON`, `AuthenticationResponseJSON`. */
export type WebAuthnJson = Readonly<Record<string, unknown>>;

export interface Ceremony {
  /** Shown again with the answer; single-use, two minutes. */
  readonly handle: string;
  readonly options: WebAuthnJson;
}

export type PasskeyView = Omit<Passkey, "publicKey" | "counter">;

/** What ends with a passkey: other pages that it opened, device keys that it approved, SSH sessions that either let in. */
export interface PasskeyEnding {
  readonly pages: number;
  readonly deviceKeys: number;
  readonly sessions: number;
  /** One's other passkeys, which keep working. */
  readonly otherPasskeys: number;
}

/** A second factor shown again: a one-time code, or a passkey's answer. */
export type SecondFactor =
  | { readonly kind: "code"; readonly code: string }
  | { readonly kind: "passkey"; readonly handle: string; readonly response: WebAuthnJson };

export interface WebSessionView extends Omit<WebSession, "id" | "credentialEpoch"> {
  readonly id: WebSessionId;
  readonly current: boolean;
  readonly personLogin: string;
  readonly personName: string;
}

/** What the approving browser shows. */
export interface TerminalQuestion {
  readonly id: TerminalApprovalId;
  readonly purpose: "ssh" | "device-key";
  readonly subject: string;
  readonly sourceAddress: string;
  readonly sameAddress: boolean;
  readonly keyFingerprint: string | null;
  readonly expiresAt: number;
}

export interface TerminalWait {
  readonly id: TerminalApprovalId;
  /** What stands in the link after the last slash: 8 characters without look-alikes, in two groups. */
  readonly code: string;
  readonly url: string;
  readonly number: string;
  readonly expiresAt: number;
}

/** What the sign-in page needs to know before anybody is known. */
export interface SignInOffers {
  /** False where the page is reached by an address: a passkey belongs to a host name. */
  readonly passkeys: boolean;
  readonly password: Omit<PasswordPolicy, "dormantDays">;
}

export interface FactorUseCases {
  offers(): Promise<SignInOffers>;
  /** Asks for a step-up first. */
  beginPasskey(actor: Actor): Promise<Outcome<Ceremony>>;
  addPasskey(
    actor: Actor,
    input: { readonly handle: string; readonly name: string; readonly response: WebAuthnJson },
  ): Promise<Outcome<PasskeyView>>;
  listPasskeys(actor: Actor): Promise<Outcome<readonly PasskeyView[]>>;
  renamePasskey(actor: Actor, id: PasskeyId, name: string): Promise<Outcome<PasskeyView>>;
  /** What retiring one's own passkey will end, counted now; `not-found` for any other. */
  passkeyEnding(actor: Actor, id: PasskeyId): Promise<Outcome<PasskeyEnding>>;
  /** Ends what was obtained by it: pages but this one, device keys, SSH sessions of either. Other passkeys keep working. */
  retirePasskey(actor: Actor, id: PasskeyId): Promise<Outcome<void>>;

  /** For anybody: no login is asked, none is told. */
  beginPasskeySignIn(sourceAddress: string): Promise<Outcome<Ceremony>>;
  /** User verification is required: it counts as both factors. */
  signInByPasskey(input: {
    readonly handle: string;
    readonly response: WebAuthnJson;
    readonly sourceAddress: string;
    readonly userAgent: string;
    readonly previous?: string;
  }): Promise<Outcome<WebSignIn>>;

  beginStepUp(actor: Actor): Promise<Outcome<Ceremony>>;
  stepUp(actor: Actor, factor: SecondFactor): Promise<Outcome<void>>;

  /** One's own; with `personId` or `everybody` for a security administrator over his scope. */
  sessions(
    actor: Actor,
    page: Page & { readonly personId?: PersonId; readonly everybody?: boolean },
  ): Promise<Outcome<Listing<WebSessionView>>>;
  endSession(actor: Actor, id: WebSessionId): Promise<Outcome<void>>;
  /** Ends every page session, SSH connection and device key of a person (oneself, or anyone for security), this one too. */
  signOutEverywhere(actor: Actor, personId: PersonId): Promise<Outcome<void>>;

  /** Nobody is known yet: any login gets a link. Bounded per address. */
  askTerminal(input: {
    readonly login: string;
    readonly purpose: "ssh" | "device-key";
    readonly subject: string;
    readonly sourceAddress: string;
    readonly publicKey?: string;
  }): Promise<Outcome<TerminalWait & { readonly pollToken: string | null }>>;
  /** Resolves when a browser approved or refused, it lapsed, or `signal` aborts. Good once. */
  awaitTerminal(id: TerminalApprovalId, signal: AbortSignal): Promise<Outcome<Actor>>;
  /** In the browser: `not-found` unless it waits for exactly this person and stands. */
  terminalQuestion(actor: Actor, code: string): Promise<Outcome<TerminalQuestion & { readonly ceremony: Ceremony }>>;
  /** The number typed and the passkey's answer. Three wrong numbers end it. Refused from another address unless policy allows. */
  approveTerminal(
    actor: Actor,
    input: { readonly code: string; readonly number: string; readonly handle: string; readonly response: WebAuthnJson },
  ): Promise<Outcome<void>>;
  refuseTerminal(actor: Actor, code: string): Promise<Outcome<void>>;

  /** For `gatehouse login`: `pending`, or the key that was registered. With `signal`, waits until it is decided or the signal aborts. */
  pollDeviceKey(
    pollToken: string,
    signal?: AbortSignal,
  ): Promise<
    Outcome<{ readonly state: "pending" } | { readonly state: "done"; readonly key: DeviceKey; readonly login: string }>
  >;
  /** The client gives up waiting, or signs out: ends the link and the key that came of it. */
  endDeviceLogin(pollToken: string, sourceAddress: string): Promise<Outcome<void>>;
  listDeviceKeys(actor: Actor): Promise<Outcome<readonly DeviceKey[]>>;
  retireDeviceKey(actor: Actor, id: DeviceKeyId): Promise<Outcome<void>>;
  /** The door verified a signature by this key: whether it alone lets `login` in. Same work for an unknown key. */
  signInByDeviceKey(input: {
    readonly login: string;
    readonly fingerprint: string;
    readonly sourceAddress: string;
  }): Promise<Outcome<Actor>>;
}
