/**
 * One empty folder per session that guacd shows the target as a drive. Made before the target is dialled; at the end every
 * file left is hashed and the folder is wiped, at the next start too. Links and special files are never followed.
 */
import { createHash } from "node:crypto";
import { constants, createReadStream, readdirSync } from "node:fs";
import { chmod, chown, lstat, mkdir, open, opendir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { sanitise, type SessionId } from "../../domain/index.js";
import type { DesktopDoorDeps } from "./door-deps.js";

export type DriveConfig = NonNullable<DesktopDoorDeps["drive"]>;

export interface LeftFile {
  readonly name: string;
  /** Bytes, as the folder says. */
  readonly size: number;
  /** Hex; null when it could not be read, or not in time. */
  readonly sha256: string | null;
}

export interface Left {
  readonly files: readonly LeftFile[];
  /** False: more was left than is named here. */
  readonly whole: boolean;
}

/** What sessions are named by: nothing else in the folder is ever touched. */
const SESSION_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** What a folder is called once its session has ended: guacd knows it by its first name and can put nothing more in it. */
const ENDED = ".ended";
const LISTED_MOST = 1_000;
const DEPTH_MOST = 16;
const NAME_LONGEST = 255;

export class Drive {
  /** The folder as guacd sees it. */
  readonly guacdPath: string;
  #folder: string;

  private constructor(folder: string, guacdPath: string) {
    this.#folder = folder;
    this.guacdPath = guacdPath;
  }

  /** Rejects when the folder exists already or cannot be made. */
  static async make(config: DriveConfig, session: SessionId): Promise<Drive> {
    if (!SESSION_NAME.test(session)) throw new TypeError("a session's id is not a file name");
    const folder = join(config.folder, session);
    await mkdir(folder);
    await chmod(folder, 0o770);
    // guacd runs as somebody else. Without privileges the shared folder's set-group-id bit does this.
    if (process.getuid?.() === 0) {
      const { uid, gid } = await stat(config.folder);
      await chown(folder, uid, gid);
    }
    return new Drive(folder, `${config.guacdFolder.replace(/\/+$/, "")}/${session}`);
  }

  /**
   * Takes the folder out of guacd's sight; answers the regular files left in it, hashed as far as `withinMs` reaches, at most a
   * thousand of them. Rejects when the folder is gone.
   */
  async left(withinMs: number): Promise<Left> {
    const ended = `${this.#folder}${ENDED}`;
    await rename(this.#folder, ended);
    this.#folder = ended;
    return listLeft(ended, withinMs);
  }

  async wipe(): Promise<void> {
    await remove(this.#folder);
  }
}

/**
 * Wipes what sessions of an earlier process left, each folder after `note` heard what was in it. Answers how many there were.
 * What is to go is settled when it is called: the folder of a session that opens meanwhile stays.
 */
export async function wipeLeftovers(
  config: DriveConfig,
  withinMs: number,
  note: (session: string, left: Left) => void,
): Promise<number> {
  const names = readdirSync(config.folder).filter((name) => SESSION_NAME.test(name.replace(/\.ended$/, "")));
  for (const name of names) {
    const folder = join(config.folder, name);
    note(name.replace(/\.ended$/, ""), await listLeft(folder, withinMs));
    await remove(folder);
  }
  return names.length;
}

/** What was just being written may appear once more while it is removed. */
async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 });
}

/** The small ones first: one that is huge may not keep the others from being hashed. */
async function listLeft(folder: string, withinMs: number): Promise<Left> {
  const signal = AbortSignal.timeout(withinMs);
  const found: Found[] = [];
  const whole = await list(folder, "", 0, found, signal);
  found.sort((one, other) => one.size - other.size);
  const files: LeftFile[] = [];
  for (const { path, name, size } of found) files.push({ name, size, sha256: await hash(path, signal) });
  return { files, whole };
}

interface Found {
  readonly path: string;
  readonly name: string;
  readonly size: number;
}

/** Answers whether everything was seen. */
async function list(
  folder: string,
  under: string,
  depth: number,
  found: Found[],
  signal: AbortSignal,
): Promise<boolean> {
  if (depth > DEPTH_MOST) return false;
  let whole = true;
  // Read piece by piece: how many there are is the desktop's doing.
  for await (const { name } of await opendir(folder)) {
    if (found.length >= LISTED_MOST || signal.aborted) return false;
    const path = join(folder, name);
    const shown = under === "" ? name : `${under}/${name}`;
    const about = await lstat(path);
    if (about.isDirectory()) whole = (await list(path, shown, depth + 1, found, signal)) && whole;
    else if (about.isFile()) found.push({ path, name: sanitise(shown, NAME_LONGEST), size: about.size });
  }
  return whole;
}

/** Null when it is no regular file any more, cannot be read, or time is up. */
async function hash(path: string, signal: AbortSignal): Promise<string | null> {
  let handle: FileHandle;
  if (signal.aborted) return null;
  try {
    // Without O_NONBLOCK a pipe put in its place would hold us for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    // It is written down that it was there and could not be read.
    return null;
  }
  try {
    if (!(await handle.stat()).isFile()) return null;
    const digest = createHash("sha256");
    for await (const chunk of createReadStream("", { fd: handle.fd, autoClose: false })) {
      if (signal.aborted) return null;
      digest.update(chunk as Buffer);
    }
    return digest.digest("hex");
  } finally {
    await handle.close();
  }
}
