/** Bytes in Guacamole blobs: base64, and cut so that each instruction keeps within guacd's 8,192 characters. */
import type Guacamole from "guacamole-common-js";

/** 6,048 bytes are 8,064 characters of base64, which leaves room for opcode and index. */
export const BLOB_BYTES = 6_048;

export function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
/** Throws DOMException (InvalidCharacterError) when it is no base64. */
export function bytesFrom64(data: string): Uint8Array<ArrayBuffer> {
  const binary = atob(data);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/** Sends bytes as blobs, at once. */
export function sendBytes(stream: Pick<Guacamole.OutputStream, "sendBlob">, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += BLOB_BYTES) stream.sendBlob(base64Of(bytes.subarray(at, at + BLOB_BYTES)));
}
