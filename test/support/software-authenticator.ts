/**
 * A passkey device in software, for tests without a browser: answers registration and sign-in options as a browser with an
 * authenticator would (WebAuthn level 3, ES256, attestation "none"), and lies where it is told: another origin, challenge or
 * relying party, no user verification, a counter of one's choice. `copy` is the cloned device.
 */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

/** What the device reads of registration options (`PublicKeyCredentialCreationOptionsJSON`). */
export interface RegistrationQuestion {
  readonly challenge: string;
  readonly rp: { readonly id?: string };
  readonly user: { readonly id: string };
}

/** What it reads of sign-in options (`PublicKeyCredentialRequestOptionsJSON`). */
export interface SignInQuestion {
  readonly challenge: string;
  readonly rpId?: string;
  readonly allowCredentials?: readonly { readonly id: string }[];
}

/** What it does otherwise than an honest device on an honest page. */
export interface Deviation {
  /** The page's origin, as the browser would write it down. */
  readonly origin?: string;
  readonly challenge?: string;
  readonly rpId?: string;
  /** `webauthn.get` or `webauthn.create`. */
  readonly type?: string;
  readonly userVerified?: boolean;
  readonly userPresent?: boolean;
  /** The counter to show; otherwise one more than last time. */
  readonly counter?: number;
  /** One bit of the signature is another. */
  readonly flipSignature?: boolean;
  /** Another user handle than the credential's; `null`: none. */
  readonly userHandle?: string | null;
  /** Was it an iframe of another origin? */
  readonly crossOrigin?: boolean;
}

interface Credential {
  readonly id: Buffer;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
  readonly rpId: string;
  readonly userHandle: string;
  counter: number;
}

export interface SoftwareAuthenticator {
  /** Ids of its credentials, oldest first, base64url. */
  readonly credentialIds: readonly string[];
  /** A new credential; the answer is a `RegistrationResponseJSON`. */
  register(question: RegistrationQuestion, deviation?: Deviation): RegistrationAnswer;
  /** Signs with the newest credential that is allowed; an `AuthenticationResponseJSON`. Throws when it has none. */
  signIn(question: SignInQuestion, deviation?: Deviation): SignInAnswer;
  /** The same keys and counters in another device. */
  copy(): SoftwareAuthenticator;
}

export interface RegistrationAnswer {
  readonly id: string;
  readonly rawId: string;
  readonly type: "public-key";
  readonly authenticatorAttachment: "platform";
  readonly clientExtensionResults: Record<string, never>;
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly transports: ["internal"];
  };
}

export interface SignInAnswer {
  readonly id: string;
  readonly rawId: string;
  readonly type: "public-key";
  readonly authenticatorAttachment: "platform";
  readonly clientExtensionResults: Record<string, never>;
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle?: string;
  };
}

const sha256 = (data: string | Buffer): Buffer => createHash("sha256").update(data).digest();

/** A CBOR head (RFC 8949 §3): major type and argument. */
function head(major: number, argument: number): Buffer {
  const type = major << 5;
  if (argument < 24) return Buffer.from([type | argument]);
  if (argument < 256) return Buffer.from([type | 24, argument]);
  return Buffer.from([type | 25, argument >> 8, argument & 255]);
}

type Item = number | string | Buffer | ReadonlyMap<number | string, Item>;

/** The four kinds of CBOR item that an attestation holds; lengths below 65,536. */
function cbor(item: Item): Buffer {
  if (typeof item === "number") return item < 0 ? head(1, -1 - item) : head(0, item);
  if (typeof item === "string") return Buffer.concat([head(3, Buffer.byteLength(item)), Buffer.from(item)]);
  if (Buffer.isBuffer(item)) return Buffer.concat([head(2, item.length), item]);
  return Buffer.concat([head(5, item.size), ...[...item].flatMap(([key, value]) => [cbor(key), cbor(value)])]);
}

/** RFC 9053 §7.1.1: EC2, ES256, P-256. */
function coseKey(publicKey: KeyObject): Buffer {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const entries: [number, Item][] = [
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, Buffer.from(x, "base64url")],
    [-3, Buffer.from(y, "base64url")],
  ];
  return cbor(new Map(entries));
}

/** WebAuthn §6.1: hash of the relying party, flags, counter, and on registration the credential. */
function authenticatorData(rpId: string, counter: number, deviation: Deviation, attested?: Buffer): Buffer {
  const flags =
    (deviation.userPresent === false ? 0 : 0x01) |
    (deviation.userVerified === false ? 0 : 0x04) |
    (attested === undefined ? 0 : 0x40);
  const counted = Buffer.alloc(4);
  counted.writeUInt32BE(counter);
  return Buffer.concat([sha256(rpId), Buffer.from([flags]), counted, attested ?? Buffer.alloc(0)]);
}

/** `origin` is where the device's browser stands, e.g. `http://localhost:8080`. */
export function makeSoftwareAuthenticator(origin: string, held: readonly Credential[] = []): SoftwareAuthenticator {
  const credentials = held.map((credential) => ({ ...credential }));
  const clientData = (type: string, challenge: string, deviation: Deviation): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: deviation.type ?? type,
        challenge: deviation.challenge ?? challenge,
        origin: deviation.origin ?? origin,
        crossOrigin: deviation.crossOrigin ?? false,
      }),
    );
  const envelope = (id: Buffer) =>
    ({
      id: id.toString("base64url"),
      rawId: id.toString("base64url"),
      type: "public-key",
      authenticatorAttachment: "platform",
      clientExtensionResults: {},
    }) as const;
  return {
    get credentialIds() {
      return credentials.map(({ id }) => id.toString("base64url"));
    },
    register(question, deviation = {}) {
      const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const id = randomBytes(32);
      const rpId = deviation.rpId ?? question.rp.id ?? new URL(origin).hostname;
      const counter = deviation.counter ?? 0;
      const userHandle = question.user.id;
      credentials.push({ id, key: pair.privateKey, publicKey: pair.publicKey, rpId, userHandle, counter });
      // No maker's id, the length in two bytes, the id, the key.
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, coseKey(pair.publicKey)]);
      const entries: [string, Item][] = [
        ["fmt", "none"],
        ["attStmt", new Map()],
        ["authData", authenticatorData(rpId, counter, deviation, attested)],
      ];
      return {
        ...envelope(id),
        response: {
          clientDataJSON: clientData("webauthn.create", question.challenge, deviation).toString("base64url"),
          attestationObject: cbor(new Map(entries)).toString("base64url"),
          transports: ["internal"],
        },
      };
    },
    signIn(question, deviation = {}) {
      const rpId = deviation.rpId ?? question.rpId ?? new URL(origin).hostname;
      const allowed = question.allowCredentials?.map(({ id }) => id) ?? [];
      const credential = credentials.findLast(
        ({ id }) => allowed.length === 0 || allowed.includes(id.toString("base64url")),
      );
      if (credential === undefined) throw new Error("this device holds no credential that is asked for");
      credential.counter = deviation.counter ?? credential.counter + 1;
      const data = authenticatorData(rpId, credential.counter, deviation);
      const client = clientData("webauthn.get", question.challenge, deviation);
      const signature = sign("sha256", Buffer.concat([data, sha256(client)]), credential.key);
      if (deviation.flipSignature === true) {
        const last = signature.length - 1;
        signature.writeUInt8(signature.readUInt8(last) ^ 1, last);
      }
      const userHandle = deviation.userHandle === undefined ? credential.userHandle : deviation.userHandle;
      return {
        ...envelope(credential.id),
        response: {
          clientDataJSON: client.toString("base64url"),
          authenticatorData: data.toString("base64url"),
          signature: signature.toString("base64url"),
          ...(userHandle !== null && { userHandle }),
        },
      };
    },
    copy: () => makeSoftwareAuthenticator(origin, credentials),
  };
}
