/**
 * What the vault gives to others. The only room that sees plaintext secrets: everything leaves it sealed, lent inside a
 * callback, or as a signature. The keyring's master key comes from a file with mode 0600.
 */

/** What a sealed text is for; part of the additional data, so that no sealed text can be used in another's place. */
export type Purpose =
  | "totp"
  | "credential"
  | "search"
  | "host-key"
  | "evidence-key"
  /** A person's identity number. */
  | "identity"
  /** What a sign-in at a provider must come back with. */
  | "oidc"
  /** What the proposer of a critical act may collect once. */
  | "proposal";

/** Where passkeys belong: the page's origin and its host name (WebAuthn Level 3 §5.1.2 `rp.id`). */
export interface PasskeySite {
  readonly origin: string;
  readonly rpId: string;
}

type WebAuthnJson = Readonly<Record<string, unknown>>;
interface KnownPasskey {
  readonly id: string;
  readonly transports: readonly string[];
}

/** `why` may quote what the browser sent: foreign text, for the audit log alone. */
export interface PasskeyRefusal {
  readonly kind: "refused";
  readonly why: string;
}

export interface PasskeyVault {
  /** `PublicKeyCredentialCreationOptionsJSON`. `challenge` in base64url; `exclude`: the person's own. */
  registrationOptions(input: {
    readonly site: PasskeySite;
    readonly challenge: string;
    readonly person: { readonly id: string; readonly login: string; readonly displayName: string };
    readonly exclude: readonly KnownPasskey[];
  }): Promise<WebAuthnJson>;
  /** `PublicKeyCredentialRequestOptionsJSON`; with `allow` empty whoever holds a passkey of this site may answer. */
  assertionOptions(input: {
    readonly site: PasskeySite;
    readonly challenge: string;
    readonly allow: readonly KnownPasskey[];
  }): Promise<WebAuthnJson>;
  /** WebAuthn Level 3 §7.1. Never rejects for what is in `response`. */
  verifyRegistration(input: {
    readonly site: PasskeySite;
    readonly challenge: string;
    readonly response: WebAuthnJson;
  }): Promise<
    | {
        readonly kind: "good";
        readonly id: string;
        readonly publicKey: string;
        readonly counter: number;
        readonly transports: readonly string[];
        readonly backedUp: boolean;
      }
    | PasskeyRefusal
  >;
  /**
   * WebAuthn Level 3 §7.2. `cloned`: everything verifies, but the counter does not rise. With `passkey` undefined the same
   * work is done against a key that nobody has. Never rejects for what is in `response`.
   */
  verifyAssertion(input: {
    readonly site: PasskeySite;
    readonly challenge: string;
    readonly response: WebAuthnJson;
    readonly passkey: { readonly id: string; readonly publicKey: string; readonly counter: number } | undefined;
    readonly personId: string;
  }): Promise<
    | { readonly kind: "good"; readonly counter: number; readonly backedUp: boolean }
    | { readonly kind: "cloned"; readonly counter: number }
    | PasskeyRefusal
  >;
}

export interface RecordingKeys {
  /** Opaque texts for the container's header. */
  readonly wrapped: { readonly main: string; readonly input: string };
  readonly sealer: RecordingSealer;
}

/** AES-256-GCM under a recording's keys (FORMAT.md §2.1). Body is ciphertext ‖ tag. */
export interface RecordingSealer {
  seal(stream: 0 | 1, nonce: Uint8Array, additional: Uint8Array, plain: Uint8Array): Uint8Array;
  /** Main stream only. */
  open(nonce: Uint8Array, additional: Uint8Array, body: Uint8Array): Uint8Array;
}

/** Opens one stream of one recording. */
export interface RecordingOpener {
  /** Throws `GatehouseError("internal")` when the tag does not match. */
  open(nonce: Uint8Array, additional: Uint8Array, body: Uint8Array): Uint8Array;
}

/** Proof that two persons agreed to read kept input; minted by `open-input.ts` of the broker alone. */
export interface InputProof {
  readonly recordingId: string;
  readonly requestedBy: string;
  readonly approvedBy: string;
}

/** An account as an export names it, with its credential as it lies sealed. */
export interface ExportedAccount {
  readonly asset: string;
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly account: string;
  readonly bound: string;
  readonly sealed: string;
}

export interface Vault {
  /** `bound`: what the text belongs to, e.g. `person:ID` or `account:ID:PIN`; opening with another bound fails. */
  seal(purpose: Purpose, bound: string, plain: string): string;
  /** Lends the plaintext to `use`; the value must not outlive it. Rejects with `internal` when it does not open. */
  lend<T>(purpose: Purpose, bound: string, sealed: string, use: (secret: string) => Promise<T> | T): Promise<T>;

  /** JSON text of the accounts' credentials, sealed to a passphrase (`isPassphrase`); its form stands in `sealed-export.ts`. */
  sealExport(
    accounts: readonly ExportedAccount[],
    input: { readonly passphrase: string; readonly nowMs: number },
  ): Promise<string>;

  newRecordingKeys(recordingId: string): RecordingKeys;
  /** For reading: replay, keyframes, search, export. */
  mainOpener(recordingId: string, wrapped: string): RecordingOpener;
  /** For kept input. `proof` must name two different persons and this recording. */
  inputOpener(proof: InputProof, wrapped: string): RecordingOpener;
  /** Derived data of a recording (keyframes, search text) sealed under a key derived from its main key. */
  derivedSealer(
    recordingId: string,
    wrappedMain: string,
  ): { seal(plain: Uint8Array): Uint8Array; open(body: Uint8Array): Uint8Array };

  /** Blind index tokens, 8 bytes in hex, HMAC-SHA-256 under the search key. */
  blind(words: readonly string[]): string[];

  /** Ed25519 over recordings and checkpoints. */
  readonly evidence: { readonly publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array };
  /** The SSH door's own ed25519 host key, OpenSSH private key text, lent once at start. */
  sshHostKey(): Promise<{ readonly privateKey: string; readonly publicKey: string; readonly fingerprint: string }>;

  /** A fresh one-time-code secret (160 bits, RFC 6238): `secret` in base32 and its `otpauth` text are shown once, `sealed` is kept. */
  newTotp(bound: string, label: string): { readonly secret: string; readonly otpauth: string; readonly sealed: string };
  /** The same texts again for a secret that is still being enrolled. */
  showTotp(bound: string, label: string, sealed: string): { readonly secret: string; readonly otpauth: string };
  /**
   * The RFC 6238 time step of a right code, one step of skew allowed either way, only if later than `afterStep`;
   * undefined for any other text. With `sealed` null the same work is done against a secret nobody has. The caller
   * must store the step by compare-and-set before it counts as used.
   */
  checkTotp(input: {
    readonly bound: string;
    readonly sealed: string | null;
    readonly code: string;
    readonly afterStep: number;
    readonly nowMs: number;
  }): Promise<number | undefined>;

  /** argon2id, OWASP parameters; passwords of at most 1,024 bytes of UTF-8, longer ones never match. `needsRehash` when the stored parameters are lower than today's. */
  hashPassword(password: string): Promise<string>;
  verifyPassword(
    hash: string | null,
    password: string,
  ): Promise<{ readonly ok: boolean; readonly needsRehash: boolean }>;
  /** Whether a password is one of those that are tried first, or little more than one; from lists inside the package. */
  isCommonPassword(password: string): Promise<boolean>;

  readonly passkeys: PasskeyVault;
}
