/**
 * Keys of recordings: two random 32-byte keys each, the main one and the input one, wrapped under separate keys of the
 * keyring and bound to the recording. Between frames a sealer holds nothing but the two keys.
 */
import { createSecretKey, randomBytes } from "node:crypto";
import { GatehouseError } from "../domain/index.js";
import type { InputProof, RecordingKeys, RecordingOpener, Vault } from "./contract.js";
import { decrypt, deriveKey, encrypt, openBytes, sealBytes, type Keyring } from "./keyring.js";

const MAIN = "recording-main";
const INPUT = "recording-input";

type RecordingPart = Pick<Vault, "newRecordingKeys" | "mainOpener" | "inputOpener" | "derivedSealer">;

export function createRecordingKeys(keyring: Keyring): RecordingPart {
  return {
    newRecordingKeys: (recordingId) => makeKeys(keyring, recordingId),
    mainOpener: (recordingId, wrapped) => opener(keyring.open(MAIN, recordingId, wrapped)),
    inputOpener: (proof, wrapped) => {
      refuseLoneReader(proof);
      return opener(keyring.open(INPUT, proof.recordingId, wrapped));
    },
    derivedSealer: (recordingId, wrappedMain) => {
      const key = createSecretKey(deriveKey(keyring.open(MAIN, recordingId, wrappedMain), "derived"));
      const additional = Buffer.from(`derived\0${recordingId}`, "utf8");
      return {
        seal: (plain) => sealBytes(key, additional, plain),
        open: (body) => openBytes(key, additional, body),
      };
    },
  };
}

function makeKeys(keyring: Keyring, recordingId: string): RecordingKeys {
  const main = randomBytes(32);
  const input = randomBytes(32);
  const wrapped = { main: keyring.seal(MAIN, recordingId, main), input: keyring.seal(INPUT, recordingId, input) };
  const keys = [createSecretKey(main), createSecretKey(input)] as const;
  main.fill(0);
  input.fill(0);
  return {
    wrapped,
    sealer: {
      seal: (stream, nonce, additional, plain) => encrypt(keys[stream], nonce, additional, plain),
      open: (nonce, additional, body) => decrypt(keys[0], nonce, additional, body),
    },
  };
}

function opener(raw: Buffer): RecordingOpener {
  const key = createSecretKey(raw);
  raw.fill(0);
  return { open: (nonce, additional, body) => decrypt(key, nonce, additional, body) };
}

/** Two different, named persons; the wrapped key itself is bound to the recording. */
function refuseLoneReader(proof: InputProof): void {
  if (proof.recordingId === "" || proof.requestedBy === "" || proof.approvedBy === "") {
    throw new GatehouseError("internal", "kept input opens only with two named persons");
  }
  if (proof.requestedBy === proof.approvedBy) {
    throw new GatehouseError("needs-second-person", "kept input opens only with two different persons");
  }
}
