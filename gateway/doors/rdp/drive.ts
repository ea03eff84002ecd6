/**
 * One empty folder per session that guacd shows the target as a drive. Made before the target is dialled; at the end every
 * file left is hashed and the folder is wiped, at the next start too. Links and special files are never followed.
 */
import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { chmod, chown, lstat, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { SessionId } from "../../domain/index.js";
import type { DesktopDoorDeps } from "./door-deps.js";
import { sanitise } from "./sanitise.js";

export type DriveConfig = NonNullable<DesktopDoorDeps["drive"]>;

export interface LeftFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/** What sessions are named by: nothing else in the folder is ever touched. */
const SESSION_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^session-\d+$/;
const LISTED_MOST = 1_000;
const DEPTH_MOST = 16;
const NAME_LONGEST = 255;

export class Drive {
  /** The folder as guacd sees it. */
  readonly guacdPath: string;
  readonly #folder: string;

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

  /** Regular files that are left, hashed; at most a thousand, and none after `withinMs`. */
  async left(withinMs: number): Promise<readonly LeftFile[]> {
    const found: LeftFile[] = [];
    const signal = AbortSignal.timeout(withinMs);
    await list(this.#folder, "", 0, found, signal);
    return found;
  }

  async wipe(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Wipes what sessions of an earlier process left. Answers how many there were. */
export async function wipeLeftovers(config: DriveConfig): Promise<number> {
  const names = (await readdir(config.folder)).filter((name) => SESSION_NAME.test(name));
  for (const name of names) await rm(join(config.folder, name), { recursive: true, force: true });
  return names.length;
}

async function list(
  folder: string,
  under: string,
  depth: number,
  found: LeftFile[],
  signal: AbortSignal,
): Promise<void> {
  if (depth > DEPTH_MOST) return;
  for (const name of await readdir(folder)) {
    if (found.length >= LISTED_MOST || signal.aborted) return;
    const path = join(folder, name);
    const shown = under === "" ? name : `${under}/${name}`;
    const about = await lstat(path);
    if (about.isDirectory()) await list(path, shown, depth + 1, found, signal);
    else if (about.isFile()) {
      const hashed = await hash(path, signal);
      if (hashed !== undefined) found.push({ name: sanitise(shown, NAME_LONGEST), ...hashed });
    }
  }
}

/** Undefined when it is no regular file any more, or when time is up. */
async function hash(path: string, signal: AbortSignal): Promise<Omit<LeftFile, "name"> | undefined> {
  // Without O_NONBLOCK a pipe put in its place would hold us for ever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) return undefined;
    const digest = createHash("sha256");
    let size = 0;
    for await (const chunk of createReadStream("", { fd: handle.fd, autoClose: false })) {
      if (signal.aborted) return undefined;
      digest.update(chunk as Buffer);
      size += (chunk as Buffer).length;
    }
    return { size, sha256: digest.digest("hex") };
  } finally {
    await handle.close();
  }
}
