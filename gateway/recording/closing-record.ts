/** The closing record (FORMAT.md §2.2) of a container: its facts, signed. */
import {
  RecordKind,
  Stream,
  closingMessage,
  encodeClosingBody,
  encodeHead,
  toHex,
} from "../../recordings/codec/index.js";
import type { ClosingBody } from "../../recordings/codec/index.js";
import type { ContainerFile } from "./container-file.js";
import type { RecordingCrypto } from "./contract.js";

const SIGNATURE_BYTES = 64;

/** Chains the closing record; the container's `drained` tells when it is written. Answers its hash in hex and what it says. */
export function closeContainer(
  container: ContainerFile,
  evidence: RecordingCrypto["evidence"],
  facts: Pick<ClosingBody, "because" | "endedAt" | "durationUs" | "events">,
): { readonly closing: ClosingBody; readonly closingHash: string } {
  const { frames, bytes } = container;
  const closing: ClosingBody = { ...facts, frames, bytes, index: container.index() };
  const json = encodeClosingBody(closing);
  const head40 = encodeHead({
    kind: RecordKind.closing,
    stream: Stream.main,
    flags: 0,
    firstEvent: 0,
    eventCount: 0,
    timeUs: facts.durationUs,
    plainLen: json.length,
    bodyLen: json.length + SIGNATURE_BYTES,
    nonce: new Uint8Array(12),
  });
  const signature = evidence.sign(closingMessage(container.head, head40, json));
  container.closing(head40, Buffer.concat([json, signature]));
  return { closing, closingHash: toHex(container.head) };
}
