/**
 * The gate's own two ed25519 keys, each sealed in a file of its own: the evidence key that signs recordings and
 * checkpoints, and the host key of the SSH door. A missing one is made only while the installation is new (`create`).
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { GatehouseError } from "../domain/index.js";
import type { Purpose, Vault } from "./contract.js";
import type { Keyring } from "./keyring.js";
import { openSshFingerprint, openSshPrivateKey, openSshPublicKey } from "./openssh-key.js";
import { createSecretFile, readSecretFile } from "./secret-file.js";

interface OwnKey {
  readonly path: string;
  readonly purpose: Purpose;
}

/** Opens the sealed key, or makes it when `create`. Throws `internal` when it is missing or does not open. */
export function loadOwnKey(keyring: Keyring, { path, purpose }: OwnKey, create: boolean): KeyObject {
  const sealed = readSecretFile(path);
  if (sealed !== undefined) {
    const der = openedBy(keyring, { path, purpose }, sealed.trim());
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  }
  if (!create) throw new GatehouseError("internal", `${path} is missing; restore it from its backup`);
  const { privateKey } = generateKeyPairSync("ed25519");
  const der = privateKey.export({ format: "der", type: "pkcs8" });
  createSecretFile(path, `${keyring.seal(purpose, "installation", der)}\n`);
  return privateKey;
}

/** After a restore the two files may be of different installations: what to look at is named. */
function openedBy(keyring: Keyring, { path, purpose }: OwnKey, sealed: string): Buffer {
  try {
    return keyring.open(purpose, "installation", sealed);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatehouseError(
      "internal",
      `${path} does not open under this master key (${why}): restore the one it was made with`,
      cause,
    );
  }
}

export function createEvidence(key: KeyObject): Vault["evidence"] {
  return {
    publicKey: rawParts(key).publicKey,
    sign: (message) => sign(null, message, key),
  };
}

export function createSshHostKey(key: KeyObject): Vault["sshHostKey"] {
  return async () => {
    const { seed, publicKey } = rawParts(key);
    return {
      privateKey: openSshPrivateKey(seed, publicKey),
      publicKey: openSshPublicKey(publicKey),
      fingerprint: openSshFingerprint(publicKey),
    };
  };
}

function rawParts(key: KeyObject): { readonly seed: Buffer; readonly publicKey: Buffer } {
  const { x } = createPublicKey(key).export({ format: "jwk" });
  const { d } = key.export({ format: "jwk" });
  if (x === undefined || d === undefined) throw new GatehouseError("internal", "an own key is not of the kind ed25519");
  return { seed: Buffer.from(d, "base64url"), publicKey: Buffer.from(x, "base64url") };
}
