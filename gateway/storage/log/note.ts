/**
 * Checkpoints as C2SP signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint): origin, tree size and root, an empty
 * line, and one or more Ed25519 signatures. Pure but for the signer that comes in.
 */
import { createHash, createPublicKey, verify } from "node:crypto";

export interface NoteSigner {
  /** The origin and key name: no blank, no `+`. */
  readonly name: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface NoteVerifier {
  readonly name: string;
  readonly publicKey: Uint8Array;
}

export interface ParsedNote {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** What was signed: everything before the empty line, with its last newline. */
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly keyId: Buffer; readonly signature: Buffer }[];
}

const ED25519 = 0x01;
const DASH = "\u2014";

/** SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), its first four bytes. */
export function keyId(verifier: NoteVerifier): Buffer {
  const hash = createHash("sha256")
    .update(verifier.name)
    .update(Uint8Array.of(0x0a, ED25519))
    .update(verifier.publicKey);
  return hash.digest().subarray(0, 4);
}

/** The signed note over a tree. */
export async function signNote(signer: NoteSigner, size: number, root: Uint8Array): Promise<string> {
  if (!isKeyName(signer.name)) throw new RangeError("a note's key name holds no blank and no plus sign");
  const text = `${signer.name}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
  const signature = await signer.sign(Buffer.from(text, "utf8"));
  const signed = Buffer.concat([keyId(signer), signature]).toString("base64");
  return `${text}\n${DASH} ${signer.name} ${signed}\n`;
}

/** Undefined when the text is no checkpoint note. Says nothing of its signatures' truth. */
export function parseNote(note: string): ParsedNote | undefined {
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) return undefined;
  const text = note.slice(0, split + 1);
  const [origin, sizeText, rootText] = text.split("\n");
  const signatures = note
    .slice(split + 2, -1)
    .split("\n")
    .map(parseSignature);
  if (origin === undefined || origin === "" || sizeText === undefined || rootText === undefined) return undefined;
  const size = /^(0|[1-9][0-9]{0,15})$/.test(sizeText) ? Number(sizeText) : NaN;
  const root = strictBase64(rootText);
  if (!Number.isSafeInteger(size) || root?.length !== 32) return undefined;
  const known = signatures.filter((one) => one !== undefined);
  return known.length < signatures.length ? undefined : { origin, size, root, text, signatures: known };
}

/** Whether the note is for this verifier's origin and one of its signatures is by this key. */
export function verifyNote(note: ParsedNote, verifier: NoteVerifier): boolean {
  if (note.origin !== verifier.name || verifier.publicKey.length !== 32) return false;
  const id = keyId(verifier);
  const x = Buffer.from(verifier.publicKey).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return note.signatures.some(
    (one) =>
      one.name === verifier.name &&
      one.keyId.equals(id) &&
      one.signature.length === 64 &&
      verify(null, Buffer.from(note.text, "utf8"), key, one.signature),
  );
}

function parseSignature(line: string): ParsedNote["signatures"][number] | undefined {
  const [dash, name, encoded, ...more] = line.split(" ");
  if (dash !== DASH || name === undefined || !isKeyName(name) || encoded === undefined || more.length > 0)
    return undefined;
  const bytes = strictBase64(encoded);
  if (bytes === undefined || bytes.length < 5) return undefined;
  return { name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

function isKeyName(name: string): boolean {
  return name !== "" && !/[\s+]/u.test(name);
}

/** One spelling a value: what decodes must encode to the same text. */
function strictBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

/** A verifier's key in the notes' own text form: `name+keyid+base64(0x01 ‖ public key)`. */
export function formatVerifierKey(verifier: NoteVerifier): string {
  const key = Buffer.concat([Uint8Array.of(ED25519), verifier.publicKey]).toString("base64");
  return `${verifier.name}+${keyId(verifier).toString("hex")}+${key}`;
}

/** The reverse; undefined when the text is not of that form or its key id does not fit. */
export function parseVerifierKey(text: string): NoteVerifier | undefined {
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim()) ?? [];
  const bytes = Buffer.from(encoded ?? "", "base64");
  if (name === undefined || bytes.length !== 33 || bytes[0] !== ED25519) return undefined;
  const verifier = { name, publicKey: new Uint8Array(bytes.subarray(1)) };
  return keyId(verifier).toString("hex") === id ? verifier : undefined;
}
