/**
 * The master key: 32 random bytes in one file, from which every other key of the keyring is derived. The file is one line,
 * `gatehouse-master-key-v1 BASE64`. Losing it means losing every sealed secret and recording.
 */
import { randomBytes } from "node:crypto";
import { GatehouseError } from "../domain/index.js";
import { createSecretFile, readSecretFile } from "./secret-file.js";

const HEAD = "gatehouse-master-key-v1";
const LINE = new RegExp(`^${HEAD} ([A-Za-z0-9+/]{43}=)\\n?$`);

/**
 * Reads the key, or makes it when `create` allows. `create` is a question asked only when the file is missing, so that
 * a data folder that already holds sealed things never gets a second key.
 */
export function loadMasterKey(path: string, create: () => boolean): Buffer {
  const text = readSecretFile(path);
  if (text !== undefined) return parse(path, text);
  if (!create())
    throw new GatehouseError("internal", `the master key file ${path} is missing; restore it from its backup`);
  const key = randomBytes(32);
  createSecretFile(path, `${HEAD} ${key.toString("base64")}\n`);
  return key;
}

function parse(path: string, text: string): Buffer {
  const encoded = LINE.exec(text)?.[1];
  if (encoded === undefined)
    throw new GatehouseError("internal", `${path} is not a master key of a version known here`);
  return Buffer.from(encoded, "base64");
}
