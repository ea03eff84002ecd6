/**
 * Credentials that leave the vault, sealed to a passphrase. The file is JSON text:
 *
 *     { "format": "gatehouse-vault-export", "v": 1,
 *       "kdf": { "name": "argon2id", "version": 19, "memoryKiB": 65536, "passes": 3, "lanes": 1, "salt": BASE64 of 16 bytes },
 *       "cipher": "aes-256-gcm", "nonce": BASE64 of 12 bytes, "body": BASE64 of ciphertext ‖ 16-byte tag }
 *
 * The key is 32 bytes of argon2id (RFC 9106) over the passphrase's NFC form in UTF-8. The additional data is the UTF-8 of the
 * JSON text of the same object without `body`, its members in the order above. The plaintext is JSON: `{ "exportedAt": epoch milliseconds, "accounts":
 * [{ "asset", "host", "port", "protocol", "account", "credential": { "kind": "password", "password" } | { "kind": "key", "privateKey",
 * "passphrase"? } }] }`. Whoever has file and passphrase has the credentials: nothing of this installation is needed.
 */
import argon2 from "argon2";
import { createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import { GatehouseError } from "../domain/index.js";
import type { ExportedAccount } from "./contract.js";
import { decrypt, encrypt, type Keyring } from "./keyring.js";

const SHORTEST_PASSPHRASE = 20;
const LONGEST_PASSPHRASE = 1024;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const KDF = { name: "argon2id", version: 19, memoryKiB: 65_536, passes: 3, lanes: 1 } as const;

interface Header {
  readonly format: "gatehouse-vault-export";
  readonly v: 1;
  readonly kdf: typeof KDF & { readonly salt: string };
  readonly cipher: "aes-256-gcm";
  readonly nonce: string;
}

/** Whether a passphrase is one that may seal an export: 20 … 1,024 characters, not one character over and over. */
export function isPassphrase(text: string): boolean {
  const { length } = text;
  return length >= SHORTEST_PASSPHRASE && length <= LONGEST_PASSPHRASE && new Set(text).size >= 8;
}

/** The file's text. Rejects with `internal` when a credential does not open under its bound. */
export async function sealExport(
  keyring: Keyring,
  accounts: readonly ExportedAccount[],
  input: { readonly passphrase: string; readonly nowMs: number },
): Promise<string> {
  if (!isPassphrase(input.passphrase)) throw new GatehouseError("invalid-input", "the passphrase is too short");
  const header: Header = {
    format: "gatehouse-vault-export",
    v: 1,
    kdf: { ...KDF, salt: randomBytes(SALT_BYTES).toString("base64") },
    cipher: "aes-256-gcm",
    nonce: randomBytes(NONCE_BYTES).toString("base64"),
  };
  const opened = accounts.map(({ bound, sealed, ...shown }) => ({
    ...shown,
    credential: JSON.parse(keyring.open("credential", bound, sealed).toString("utf8")) as unknown,
  }));
  const plain = Buffer.from(JSON.stringify({ exportedAt: input.nowMs, accounts: opened }), "utf8");
  const key = await keyOf(input.passphrase, Buffer.from(header.kdf.salt, "base64"));
  const body = encrypt(key, Buffer.from(header.nonce, "base64"), Buffer.from(JSON.stringify(header), "utf8"), plain);
  plain.fill(0);
  return JSON.stringify({ ...header, body: body.toString("base64") });
}

/** The plaintext of `sealExport`. Rejects with `invalid-input` for what is no such file, `internal` for another passphrase or an altered one. */
export async function openExport(text: string, passphrase: string): Promise<string> {
  const read = readFile(text);
  if (read === undefined)
    throw new GatehouseError("invalid-input", "this is not a vault export of a version known here");
  const { header, body } = read;
  const key = await keyOf(passphrase, Buffer.from(header.kdf.salt, "base64"));
  const additional = Buffer.from(JSON.stringify(header), "utf8");
  return decrypt(key, Buffer.from(header.nonce, "base64"), additional, body).toString("utf8");
}

/** Only what this version itself writes: a file cannot choose how much memory its opening takes. */
function readFile(text: string): { readonly header: Header; readonly body: Buffer } | undefined {
  const given = parse(text);
  const salt = given?.kdf?.salt;
  if (given === undefined || !isBase64(salt, SALT_BYTES) || !isBase64(given.nonce, NONCE_BYTES)) return undefined;
  const { nonce, body } = given;
  if (typeof body !== "string") return undefined;
  const header: Header = {
    format: "gatehouse-vault-export",
    v: 1,
    kdf: { ...KDF, salt },
    cipher: "aes-256-gcm",
    nonce,
  };
  return JSON.stringify({ ...header, body }) === JSON.stringify(given)
    ? { header, body: Buffer.from(body, "base64") }
    : undefined;
}

type Given = Partial<Omit<Header, "kdf">> & {
  readonly kdf?: Partial<Header["kdf"]> | null;
  readonly body?: unknown;
};

function parse(text: string): Given | undefined {
  try {
    const given: unknown = JSON.parse(text);
    return typeof given === "object" && given !== null ? given : undefined;
  } catch {
    return undefined;
  }
}

function isBase64(text: unknown, bytes: number): text is string {
  return typeof text === "string" && Buffer.from(text, "base64").length === bytes;
}

async function keyOf(passphrase: string, salt: Buffer): Promise<KeyObject> {
  const raw = await argon2.hash(Buffer.from(passphrase.normalize("NFC"), "utf8"), {
    type: argon2.argon2id,
    memoryCost: KDF.memoryKiB,
    timeCost: KDF.passes,
    parallelism: KDF.lanes,
    hashLength: 32,
    salt,
    raw: true,
  });
  return createSecretKey(raw);
}
