/** What differs between two bundles in words of their settings. A help to the reader: what is confirmed is the text, and only the text is whole. */
import { parseDocument } from "yaml";
import type { BundleFiles } from "./load-policy.js";

const FILES = ["approvals.yaml", "sign-in.yaml"] as const;
/** Longer files are told by their text alone: reading YAML takes its time. */
const LONGEST = 16_384;

export interface ChangedSetting {
  readonly file: string;
  /** As `deviceKeys.longestHours` or `rules[0].levels`. */
  readonly name: string;
  /** Null where it is not set. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Of bundles that load. Files over 16,384 characters are left out. */
export function changedSettings(before: BundleFiles, after: BundleFiles): readonly ChangedSetting[] {
  return FILES.flatMap((file) => {
    const [old, next] = [before.get(file) ?? "", after.get(file) ?? ""];
    if (old === next || old.length > LONGEST || next.length > LONGEST) return [];
    const [was, is] = [valuesOf(old), valuesOf(next)];
    return [...new Set([...was.keys(), ...is.keys()])]
      .filter((name) => was.get(name) !== is.get(name))
      .map((name) => ({ file, name, before: was.get(name) ?? null, after: is.get(name) ?? null }));
  });
}

function valuesOf(source: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  collect(values, "", parseDocument(source).toJS({ maxAliasCount: 0 }));
  return values;
}

function collect(values: Map<string, string>, name: string, value: unknown): void {
  if (value === null || typeof value !== "object") values.set(name, String(value));
  else if (Object.keys(value).length === 0) values.set(name, Array.isArray(value) ? "[]" : "{}");
  else if (Array.isArray(value)) value.forEach((one, at) => collect(values, `${name}[${String(at)}]`, one));
  else for (const [key, one] of Object.entries(value)) collect(values, name === "" ? key : `${name}.${key}`, one);
}
