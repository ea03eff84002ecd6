/** One operator's request, read as far as it has to be judged, and written again with other paths. */
import { BODY_AT, FieldReader, Fxf, Fxp, SftpViolation, build, decode, idOf, stringField, typeOf } from "./packets.js";
import { EXTENSIONS, REQUESTS, openAccess, openNeeds } from "./table.js";
import type { Need, Rule, SftpRights } from "./table.js";
import type { ResolveMode } from "./resolve.js";

/** What is known of the file that an OPEN or OPENDIR asks for. */
export interface Opening {
  readonly kind: "file" | "directory";
  readonly access: SftpRights;
  readonly creates: boolean;
}

export interface Request {
  readonly packet: Uint8Array;
  readonly type: number;
  readonly id: number;
  /** `undefined`: not in the table. */
  readonly rule: Rule | undefined;
  /** `undefined`: it asks for something this version does not have. */
  readonly needs: Need | undefined;
  /** For messages and logs: the table's word, the extension's name, or the type's number. */
  readonly what: string;
  /** The extension's name, as it came. */
  readonly extension: Uint8Array | undefined;
  /** The leading string fields that the rule names. */
  readonly strings: readonly Uint8Array[];
  /** What follows them. */
  readonly rest: Uint8Array;
  readonly opening: Opening | undefined;
}

const FROM_TARGET_ALONE: ReadonlySet<number> = new Set([
  Fxp.init,
  Fxp.version,
  Fxp.status,
  Fxp.handle,
  Fxp.data,
  Fxp.name,
  Fxp.attrs,
  Fxp.extendedReply,
]);

/** Reads a request. Throws SftpViolation when it is cut short or of a type that only a target sends. */
export function parseRequest(packet: Uint8Array): Request {
  const type = typeOf(packet);
  if (FROM_TARGET_ALONE.has(type)) throw new SftpViolation("operator", "packet of a type that operators do not send");
  const id = idOf("operator", packet);
  const reader = new FieldReader("operator", packet, BODY_AT);
  const extension = type === Fxp.extended ? reader.string() : undefined;
  const rule = extension === undefined ? REQUESTS.get(type) : EXTENSIONS.get(decode(extension));
  const strings = (rule?.fields ?? []).map(() => reader.string());
  const rest = reader.rest();
  const flags = type === Fxp.open ? reader.u32() : 0;
  const what = rule?.what ?? (extension === undefined ? `request ${String(type)}` : decode(extension.subarray(0, 64)));
  const needs = type === Fxp.open ? openNeeds(flags) : rule?.needs;
  return { packet, type, id, rule, needs, what, extension, strings, rest, opening: openingOf(type, flags) };
}

/** How each path of the request is to be resolved, in the order of `strings`; only for rules whose fields are all paths. */
export function resolveModes(request: Request): ResolveMode[] {
  const flags = request.type === Fxp.open ? new FieldReader("operator", request.rest, 0).u32() : 0;
  if ((flags & Fxf.excl) !== 0) return ["parent"];
  if ((flags & Fxf.creat) !== 0) return ["create"];
  return (request.rule?.fields ?? []).map((field) => (field === "parent" ? "parent" : "follow"));
}

/** True when every leading field is a path that can be resolved. */
export function hasPaths(request: Request): boolean {
  const fields = request.rule?.fields ?? [];
  return fields.length > 0 && fields.every((field) => field === "follow" || field === "parent");
}

/** The same request with other paths. */
export function withPaths(request: Request, paths: readonly Uint8Array[]): Uint8Array {
  const name = request.extension === undefined ? [] : [stringField(request.extension)];
  return build(request.type, request.id, [...name, ...paths.map(stringField), request.rest]);
}

function openingOf(type: number, flags: number): Opening | undefined {
  if (type === Fxp.opendir) return { kind: "directory", access: { read: true, write: false }, creates: false };
  if (type !== Fxp.open) return undefined;
  return { kind: "file", access: openAccess(flags), creates: (flags & (Fxf.creat | Fxf.trunc)) !== 0 };
}
