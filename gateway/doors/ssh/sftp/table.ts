/**
 * What may be asked, with which right. A request that is not in the table is refused.
 *
 * Reading and writing are separate rights. *Either* is enough to look at one path that the asker already names (its resolved
 * form, its size and times), because every client needs that to upload as well as to download. Names that the asker does not
 * know (listings, the content of links, users) need the right to read. A request that would let one right do the
 * work of the other (a link made by someone who may only write, read back under a new name; a copy inside the target)
 * needs both.
 */
import { Fxf, Fxp } from "./packets.js";

export interface SftpRights {
  readonly read: boolean;
  readonly write: boolean;
}
export type Need = "read" | "write" | "either" | "both";

/**
 * A leading field of a request. `follow`: a path whose last link is followed; `parent`: one whose last part is taken as it stands;
 * `file`/`any`: a handle of an open file, or of a file or directory; `directory`: of a directory; `opaque`: a string of no account.
 */
type Field = "follow" | "parent" | "file" | "any" | "directory" | "opaque";

export interface Rule {
  readonly what: string;
  readonly needs: Need;
  readonly fields: readonly Field[];
  /** Packet types that may answer, besides STATUS. */
  readonly reply: number | undefined;
  /** Which right the paths are asked for in path rules; "none": no path rule can be held against it, so with rules it is refused. */
  readonly access: "read" | "write" | "none";
}

function rule(
  what: string,
  needs: Need,
  fields: readonly Field[],
  reply?: number,
  access: Rule["access"] = "write",
): Rule {
  return { what, needs, fields, reply, access };
}

/** OPEN is judged by its flags (`openNeeds`), the rest by their row. */
export const REQUESTS: ReadonlyMap<number, Rule> = new Map([
  [Fxp.open, rule("open", "either", ["follow"], Fxp.handle)],
  [Fxp.close, rule("close", "either", ["any"])],
  [Fxp.read, rule("read", "read", ["file"], Fxp.data)],
  [Fxp.write, rule("write", "write", ["file"])],
  [Fxp.lstat, rule("lstat", "either", ["parent"], Fxp.attrs, "read")],
  [Fxp.stat, rule("stat", "either", ["follow"], Fxp.attrs, "read")],
  [Fxp.fstat, rule("fstat", "either", ["any"], Fxp.attrs)],
  [Fxp.setstat, rule("setstat", "write", ["follow"])],
  [Fxp.fsetstat, rule("fsetstat", "write", ["any"])],
  [Fxp.opendir, rule("opendir", "read", ["follow"], Fxp.handle, "read")],
  [Fxp.readdir, rule("readdir", "read", ["directory"], Fxp.name)],
  [Fxp.remove, rule("remove", "write", ["parent"])],
  [Fxp.mkdir, rule("mkdir", "write", ["parent"])],
  [Fxp.rmdir, rule("rmdir", "write", ["parent"])],
  [Fxp.rename, rule("rename", "write", ["parent", "parent"])],
  // Only says where a path leads; what is then done there is judged by itself.
  [Fxp.realpath, rule("realpath", "either", ["opaque"], Fxp.name)],
  [Fxp.readlink, rule("readlink", "read", ["parent"], Fxp.name, "read")],
  // Servers disagree on the order of its two arguments, so no path rule can judge it.
  [Fxp.symlink, rule("symlink", "both", ["opaque", "opaque"], undefined, "none")],
]);

/** Extensions by allow-list (OpenSSH's PROTOCOL file, §4); all others are cut from the target's VERSION and refused. */
export const EXTENSIONS: ReadonlyMap<string, Rule> = new Map([
  ["limits@openssh.com", rule("limits", "either", [], Fxp.extendedReply)],
  ["fsync@openssh.com", rule("fsync", "write", ["file"])],
  ["statvfs@openssh.com", rule("statvfs", "read", ["follow"], Fxp.extendedReply, "read")],
  ["fstatvfs@openssh.com", rule("fstatvfs", "read", ["any"], Fxp.extendedReply)],
  ["lsetstat@openssh.com", rule("lsetstat", "write", ["parent"])],
  ["posix-rename@openssh.com", rule("posix-rename", "write", ["parent", "parent"])],
  // Gives a file a second name, under which another right or path rule may hold.
  ["hardlink@openssh.com", rule("hardlink", "both", ["parent", "parent"])],
  // These tell of users and their homes, which a path alone does not.
  ["users-groups-by-id@openssh.com", rule("users-groups-by-id", "read", [], Fxp.extendedReply)],
  ["expand-path@openssh.com", rule("expand-path", "read", ["opaque"], Fxp.name, "read")],
  ["home-directory", rule("home-directory", "read", ["opaque"], Fxp.name, "read")],
  // Reads one open file into another inside the target: the bytes do not pass here, so the log calls the written file incomplete.
  ["copy-data", rule("copy-data", "both", ["file"])],
]);

const KNOWN_FLAGS = Fxf.read | Fxf.write | Fxf.append | Fxf.creat | Fxf.trunc | Fxf.excl;

/**
 * What an OPEN with these flags asks for; `undefined` for flags this version does not have. Without the write flag servers open for
 * reading, whatever else is said, so that counts as reading.
 */
export function openNeeds(pflags: number): Need | undefined {
  if ((pflags & ~KNOWN_FLAGS) !== 0) return undefined;
  const { read, write } = openAccess(pflags);
  const changes = write || (pflags & (Fxf.append | Fxf.creat | Fxf.trunc | Fxf.excl)) !== 0;
  if (read && changes) return "both";
  return changes ? "write" : "read";
}

/** What a handle opened with these flags can then be used for. */
export function openAccess(pflags: number): SftpRights {
  const write = (pflags & Fxf.write) !== 0;
  return { read: !write || (pflags & Fxf.read) !== 0, write };
}

/** `undefined` when the rights suffice, else one plain clause that says what is missing. */
export function lacking(needs: Need, rights: SftpRights): string | undefined {
  switch (needs) {
    case "read":
      return rights.read ? undefined : "reading files is not granted";
    case "write":
      return rights.write ? undefined : "writing files is not granted";
    case "either":
      return rights.read || rights.write ? undefined : "file transfer is not granted";
    case "both":
      return rights.read && rights.write ? undefined : "this needs the rights to read and to write files";
  }
}
