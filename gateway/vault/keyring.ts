/**
 * Sealing under the master key: one AES-256-GCM key per purpose, derived by HKDF-SHA-256 (RFC 5869). A sealed text is
 * `v1.KEYID.BASE64(nonce ‖ ciphertext ‖ tag)` with a random 96-bit nonce; purpose and owner are its additional data, so
 * that no text opens in another's place. The key id leaves room for rotation: a text of another master key is named so.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, type KeyObject } from "node:crypto";
import { GatehouseError } from "../domain/index.js";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^v1\.([0-9a-f]{16})\.([A-Za-z0-9+/]+={0,2})$/;

/** 32 bytes from `secret` for one use; distinct infos give independent keys. */
export function deriveKey(secret: Uint8Array | KeyObject, info: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), `gatehouse v1 ${info}`, 32));
}

/** Ciphertext ‖ tag under a 96-bit nonce. */
export function encrypt(key: KeyObject, nonce: Uint8Array, additional: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additional);
  const text = cipher.update(plain);
  cipher.final();
  return Buffer.concat([text, cipher.getAuthTag()], text.length + TAG_BYTES);
}

/** The plaintext of `encrypt`. Throws `internal` when the tag does not match. */
export function decrypt(key: KeyObject, nonce: Uint8Array, additional: Uint8Array, body: Uint8Array): Buffer {
  if (nonce.length !== NONCE_BYTES || body.length < TAG_BYTES)
    throw new GatehouseError("internal", "a sealed body is cut short");
  const cipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additional);
  cipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
  const plain = cipher.update(body.subarray(0, body.length - TAG_BYTES));
  try {
    cipher.final();
  } catch (cause) {
    throw new GatehouseError("internal", "a sealed body does not open: wrong key, wrong owner or altered", cause);
  }
  return plain;
}

/** Nonce ‖ ciphertext ‖ tag, with a fresh random nonce. */
export function sealBytes(key: KeyObject, additional: Uint8Array, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  return Buffer.concat([nonce, encrypt(key, nonce, additional, plain)]);
}

export function openBytes(key: KeyObject, additional: Uint8Array, body: Uint8Array): Buffer {
  return decrypt(key, body.subarray(0, NONCE_BYTES), additional, body.subarray(NONCE_BYTES));
}

export interface Keyring {
  /** Names the master key without telling anything of it. */
  readonly keyId: string;
  seal(purpose: string, bound: string, plain: Uint8Array): string;
  /** Throws `internal` when purpose, owner or key differ, or the text was altered. */
  open(purpose: string, bound: string, sealed: string): Buffer;
  /** A derived key for what is not sealing (blind tokens). */
  derive(info: string): Buffer;
}

export function createKeyring(master: Uint8Array): Keyring {
  const keyId = deriveKey(master, "key id").subarray(0, 8).toString("hex");
  const keys = new Map<string, KeyObject>();
  const keyFor = (purpose: string): KeyObject => {
    let key = keys.get(purpose);
    if (key === undefined) {
      key = createSecretKey(deriveKey(master, `seal ${purpose}`));
      keys.set(purpose, key);
    }
    return key;
  };
  return {
    keyId,
    seal: (purpose, bound, plain) =>
      `v1.${keyId}.${sealBytes(keyFor(purpose), additionalData(purpose, bound), plain).toString("base64")}`,
    open: (purpose, bound, sealed) => {
      const match = SEALED.exec(sealed);
      if (match === null) throw new GatehouseError("internal", "this is not a sealed text of a version known here");
      if (match[1] !== keyId) throw new GatehouseError("internal", "a sealed text belongs to another master key");
      return openBytes(keyFor(purpose), additionalData(purpose, bound), Buffer.from(match[2] as string, "base64"));
    },
    derive: (info) => deriveKey(master, info),
  };
}

/** Purposes hold no NUL, so purpose and owner cannot run into each other. */
function additionalData(purpose: string, bound: string): Buffer {
  return Buffer.from(`${purpose}\0${bound}`, "utf8");
}
