/**
 * Turns the paths of one request into the target's own REALPATH of them, one question at a time. Pure: it says what to ask next
 * and takes the answers.
 *
 * Known limits: between the answer and the request that uses it, someone on the target can swap a directory for a link. The
 * request goes on with the resolved path, so what is opened is what was judged unless a part of that very path was swapped. And where a
 * server cannot resolve a link that leads nowhere, a file created through it is judged by the link's own path.
 */
import { encode } from "./packets.js";

/** `follow`: through a last link. `create`: the same, or, when nothing is there, parent and last part. `parent`: parent and last part. */
export type ResolveMode = "follow" | "create" | "parent";

const SLASH = 0x2f;

export class PathResolution {
  readonly #paths: readonly { readonly path: Uint8Array; readonly mode: ResolveMode }[];
  readonly #resolved: Uint8Array[] = [];
  /** The part to append to the answer that is awaited. */
  #base: Uint8Array | undefined;

  constructor(paths: readonly { readonly path: Uint8Array; readonly mode: ResolveMode }[]) {
    this.#paths = paths;
    this.#base = this.#firstBase();
  }

  /** The path to ask REALPATH for now; `undefined` when all are resolved. */
  get question(): Uint8Array | undefined {
    const current = this.#paths[this.#resolved.length];
    if (current === undefined) return undefined;
    return this.#base === undefined ? current.path : splitPath(current.path)?.parent;
  }

  /** All resolved paths, in order. */
  get resolved(): readonly Uint8Array[] {
    return this.#resolved;
  }

  /** Takes the target's answer to `question`. */
  answered(path: Uint8Array): void {
    this.#resolved.push(this.#base === undefined ? Uint8Array.from(path) : join(path, this.#base));
    this.#base = this.#firstBase();
  }

  /** The target could not resolve `question`. True when another question is left to try, false when the request fails with it. */
  failed(): boolean {
    const current = this.#paths[this.#resolved.length];
    if (current?.mode !== "create" || this.#base !== undefined) return false;
    this.#base = splitPath(current.path)?.base;
    return this.#base !== undefined;
  }

  #firstBase(): Uint8Array | undefined {
    const current = this.#paths[this.#resolved.length];
    return current?.mode === "parent" ? splitPath(current.path)?.base : undefined;
  }
}

/** Parent and last part of a path; `undefined` when the last part is no name of its own ("", ".", "..", "/"). */
export function splitPath(path: Uint8Array): { readonly parent: Uint8Array; readonly base: Uint8Array } | undefined {
  let end = path.length;
  while (end > 1 && path[end - 1] === SLASH) end--;
  const slash = path.lastIndexOf(SLASH, end - 1);
  const base = path.subarray(slash + 1, end);
  const dots = base.every((byte) => byte === 0x2e) && base.length <= 2;
  if (dots) return undefined;
  return { parent: slash < 0 ? encode(".") : path.subarray(0, Math.max(slash, 1)), base };
}

function join(parent: Uint8Array, base: Uint8Array): Uint8Array {
  const slash = parent[parent.length - 1] === SLASH ? 0 : 1;
  const path = new Uint8Array(parent.length + slash + base.length);
  path.set(parent);
  if (slash === 1) path[parent.length] = SLASH;
  path.set(base, parent.length + slash);
  return path;
}
