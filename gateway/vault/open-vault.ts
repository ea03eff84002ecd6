/**
 * Opens the vault from its key file and data folder and binds its parts. Everything it keeps on disk besides the master
 * key lies in `DATA/keys/`, sealed, mode 0600.
 */
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createCommonPasswords } from "./common-passwords.js";
import type { Vault } from "./contract.js";
import { createKeyring, type Keyring } from "./keyring.js";
import { loadMasterKey } from "./master-key.js";
import { createEvidence, createSshHostKey, loadOwnKey } from "./own-keys.js";
import { createPasskeys } from "./passkeys.js";
import { createPasswords } from "./passwords.js";
import { createRecordingKeys } from "./recording-keys.js";
import { sealExport } from "./sealed-export.js";
import { createTotp } from "./totp.js";

export interface VaultOptions {
  readonly keyFile: string;
  readonly dataFolder: string;
  /** Allows making the keys; only in a folder where none of them exists yet. */
  readonly create: boolean;
}

/** Rejects with `internal` and a plain message when a key file is missing, unsafe, or not the one things were sealed under. */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const evidenceFile = join(options.dataFolder, "keys", "evidence.key");
  const hostFile = join(options.dataFolder, "keys", "ssh-host.key");
  const fresh = options.create && !existsSync(options.keyFile) && !existsSync(evidenceFile) && !existsSync(hostFile);
  const keyring = createKeyring(loadMasterKey(options.keyFile, () => fresh));
  const evidence = loadOwnKey(keyring, { path: evidenceFile, purpose: "evidence-key" }, options.create);
  const hostKey = loadOwnKey(keyring, { path: hostFile, purpose: "host-key" }, options.create);
  return {
    seal: (purpose, bound, plain) => keyring.seal(purpose, bound, Buffer.from(plain, "utf8")),
    lend: async (purpose, bound, sealed, use) => use(keyring.open(purpose, bound, sealed).toString("utf8")),
    sealExport: (accounts, input) => sealExport(keyring, accounts, input),
    ...createRecordingKeys(keyring),
    blind: createBlind(keyring),
    evidence: createEvidence(evidence),
    sshHostKey: createSshHostKey(hostKey),
    ...createTotp(keyring),
    ...(await createPasswords()),
    isCommonPassword: createCommonPasswords(),
    passkeys: createPasskeys(),
  };
}

/** Equal words, whatever their case or width, give equal tokens; without the key a token tells nothing. */
function createBlind(keyring: Keyring): Vault["blind"] {
  const key = keyring.derive("blind search");
  return (words) =>
    words.map((word) => {
      const folded = word.normalize("NFKC").toLowerCase();
      return createHmac("sha256", key).update(folded, "utf8").digest().subarray(0, 8).toString("hex");
    });
}
