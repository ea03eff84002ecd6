/** The vault's part for recordings, with real ciphers and keys that live for a test. */
import { createCipheriv, createDecipheriv, generateKeyPairSync, hkdfSync, randomBytes, sign } from "node:crypto";
import type { RecordingCrypto, StreamOpener } from "../../gateway/recording/index.js";

export class TestRecordingCrypto implements RecordingCrypto {
  readonly #keys = new Map<string, Buffer>();
  readonly #signer = generateKeyPairSync("ed25519");
  readonly evidence = {
    publicKey: new Uint8Array(this.#signer.publicKey.export({ format: "der", type: "spki" }).subarray(-32)),
    sign: (message: Uint8Array): Uint8Array => sign(null, message, this.#signer.privateKey),
  };
  /** Every nonce used, by key: a second use throws. */
  readonly #nonces = new Set<string>();

  newRecordingKeys(recordingId: string): ReturnType<RecordingCrypto["newRecordingKeys"]> {
    const wrapped = { main: `main:${recordingId}`, input: `input:${recordingId}` };
    this.#keys.set(wrapped.main, randomBytes(32));
    this.#keys.set(wrapped.input, randomBytes(32));
    return {
      wrapped,
      sealer: {
        seal: (stream, nonce, additional, plain) => {
          const name = stream === 0 ? wrapped.main : wrapped.input;
          const use = `${name} ${Buffer.from(nonce).toString("hex")}`;
          if (this.#nonces.has(use)) throw new Error(`nonce used twice: ${use}`);
          this.#nonces.add(use);
          return seal(this.#key(name), nonce, additional, plain);
        },
        open: (nonce, additional, body) => open(this.#key(wrapped.main), nonce, additional, body),
      },
    };
  }

  mainOpener(recordingId: string, wrapped: string): StreamOpener {
    if (wrapped !== `main:${recordingId}`) throw new Error("another recording's key");
    return { open: (nonce, additional, body) => open(this.#key(wrapped), nonce, additional, body) };
  }

  inputOpener(recordingId: string): StreamOpener {
    return { open: (nonce, additional, body) => open(this.#key(`input:${recordingId}`), nonce, additional, body) };
  }

  derivedSealer(recordingId: string, wrappedMain: string): ReturnType<RecordingCrypto["derivedSealer"]> {
    const key = Buffer.from(hkdfSync("sha256", this.#key(wrappedMain), Buffer.alloc(0), "derived", 32));
    const additional = Buffer.from(recordingId);
    return {
      seal: (plain) => {
        const nonce = randomBytes(12);
        return Buffer.concat([nonce, seal(key, nonce, additional, plain)]);
      },
      open: (body) => open(key, body.subarray(0, 12), additional, body.subarray(12)),
    };
  }

  #key(name: string): Buffer {
    const key = this.#keys.get(name);
    if (key === undefined) throw new Error(`no key ${name}`);
    return key;
  }
}

function seal(key: Uint8Array, nonce: Uint8Array, additional: Uint8Array, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(additional);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Uint8Array, nonce: Uint8Array, additional: Uint8Array, body: Uint8Array): Uint8Array {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAAD(additional);
  decipher.setAuthTag(body.subarray(-16));
  return Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()]);
}
