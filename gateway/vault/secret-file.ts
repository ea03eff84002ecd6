/**
 * Files that hold keys: regular, ours, mode 0600, never reached through a symbolic link. Creation is exclusive and
 * synced, so that a key is on disk before anything is sealed under it.
 */
import {
  constants,
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { GatehouseError } from "../domain/index.js";

const MAX_BYTES = 16_384;

/** The file's text, or undefined when it does not exist. Throws `internal` when it is not safe to use. */
export function readSecretFile(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") throw new GatehouseError("internal", `${path} is a symbolic link; name the key file itself`);
    throw new GatehouseError("internal", `${path} cannot be read (${code ?? "unknown"})`, cause);
  }
  try {
    refuseUnsafe(path, fd);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

function refuseUnsafe(path: string, fd: number): void {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new GatehouseError("internal", `${path} is not a regular file`);
  if (stat.size > MAX_BYTES) throw new GatehouseError("internal", `${path} is too large for a key file`);
  if ((stat.mode & 0o077) !== 0) {
    throw new GatehouseError("internal", `${path} can be read by others; set its mode to 0600`);
  }
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== uid) {
    throw new GatehouseError("internal", `${path} belongs to another user of the system`);
  }
}

/** Writes a new file with mode 0600 and syncs it. Throws `conflict` when the name exists. */
export function createSecretFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let fd: number;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "EEXIST") throw new GatehouseError("conflict", `${path} exists already`, cause);
    throw new GatehouseError("internal", `${path} cannot be created (${code ?? "unknown"})`, cause);
  }
  try {
    fchmodSync(fd, 0o600);
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
