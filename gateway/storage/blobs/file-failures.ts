/** What the system's refusals of files mean for blobs. */
import { GatehouseError } from "../../domain/index.js";

export async function absentAsUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

export async function wrapped<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failure(error);
  }
}

/** Paths stay out of what is thrown; the system's code is cause enough. */
export function failure(error: unknown): unknown {
  if (error instanceof GatehouseError) return error;
  const code = codeOf(error);
  if (code === undefined) return error;
  const cause = new Error(code);
  if (code === "EEXIST") return new GatehouseError("conflict", "a blob of this name exists", cause);
  if (code === "ENOENT") return new GatehouseError("not-found", "there is no such blob", cause);
  if (code === "ELOOP" || code === "ENOTDIR" || code === "EISDIR" || code === "ENAMETOOLONG") {
    return new GatehouseError("invalid-input", "this is no name of a blob", cause);
  }
  return new GatehouseError("storage-unavailable", "the storage of recordings does not take this", cause);
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}
