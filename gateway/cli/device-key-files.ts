/**
 * Where `gatehouse login` keeps what it got: under `~/.ssh`, named after the gateway, readable by its owner alone. A key is made in
 * memory and written only once it is good; each file appears whole or not at all.
 */
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { openSshPrivateKey, openSshPublicKey } from "../vault/openssh-key.js";
import { writeWhole } from "./write-whole.js";

export interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
  /** What ends the key again. */
  readonly login: string;
}

export interface KeptLogin {
  readonly url: string;
  readonly token: string;
  readonly expiresAt: number;
}

export interface KeyPair {
  /** `openssh-key-v1` text, without passphrase: it lives for the day. */
  readonly privateKey: string;
  readonly publicKey: string;
}

export function newKeyPair(): KeyPair {
  const { d = "", x = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const [seed, point] = [Buffer.from(d, "base64url"), Buffer.from(x, "base64url")];
  return { privateKey: openSshPrivateKey(seed, point), publicKey: openSshPublicKey(point) };
}

/** `home`/.ssh/gatehouse-HOST, with the port where the address names one. */
export function keyFiles(home: string, url: string): KeyFiles {
  const name = new URL(url).host.replace(/[^A-Za-z0-9.]+/g, "-").replace(/^-+|-+$/g, "");
  const privateKey = join(home, ".ssh", `gatehouse-${name}`);
  return { privateKey, publicKey: `${privateKey}.pub`, login: `${privateKey}.json` };
}

/** Writes what there is to keep; with `inAgent` no private key lies in a file, also not an older one. */
export function keepKey(files: KeyFiles, pair: KeyPair, kept: KeptLogin, inAgent: boolean): void {
  mkdirSync(dirname(files.privateKey), { recursive: true, mode: 0o700 });
  writeWhole(files.login, `${JSON.stringify(kept)}\n`);
  writeWhole(files.publicKey, `${pair.publicKey} gatehouse\n`);
  if (inAgent) rmSync(files.privateKey, { force: true });
  else writeWhole(files.privateKey, pair.privateKey);
}

/** What was kept last; undefined when nothing is, or it cannot be read. */
export function keptLogin(files: KeyFiles): KeptLogin | undefined {
  try {
    const { url, token, expiresAt } = JSON.parse(readFileSync(files.login, "utf8")) as Partial<KeptLogin>;
    const whole = typeof url === "string" && typeof token === "string" && typeof expiresAt === "number";
    return whole ? { url, token, expiresAt } : undefined;
  } catch {
    return undefined;
  }
}

export function forgetKey(files: KeyFiles): void {
  for (const file of [files.privateKey, files.publicKey, files.login]) rmSync(file, { force: true });
}
