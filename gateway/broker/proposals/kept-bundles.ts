/**
 * The texts of bundles that were proposed, each under its digest, so that whoever confirms one reads the bytes he confirms and not
 * what lies in the folder by then. They are kept for good: they are what two persons agreed on.
 */
import type { Stores } from "../../domain/index.js";
import { digestOf, readKept, writeKept, type BundleFiles } from "../../policy/index.js";

const PREFIX = "policy-bundle:";

/** Once for each digest. */
export async function keepBundle(tx: Pick<Stores, "settings">, files: BundleFiles): Promise<void> {
  const id = PREFIX + digestOf(files);
  if ((await tx.settings.get(id)) === undefined) await tx.settings.insert({ id, value: writeKept(files) });
}

/** `undefined` when none of that digest was kept; throws `internal` when what was kept is not what its digest says. */
export async function keptBundle(stores: Pick<Stores, "settings">, digest: string): Promise<BundleFiles | undefined> {
  const setting = await stores.settings.get(PREFIX + digest);
  return setting === undefined ? undefined : readKept(setting, digest);
}

/** Names of files that come, go, or differ. */
export function changedFiles(before: BundleFiles, after: BundleFiles): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name) !== after.get(name))
    .sort();
}
