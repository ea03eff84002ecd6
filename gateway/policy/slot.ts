/**
 * The bundle in force. It is kept in the database and not read from the folder again: another one that lies there waits for two
 * persons. The first start adopts what it finds. What is handed out is a slot: it stays the same object while the policy behind it is replaced
 * in one step, so that live sessions go on and every later question is answered by the new one.
 */
import type { Database, Setting } from "../domain/index.js";
import type { Policy } from "./contract.js";
import { digestOf, loadBundle, readBundle, type BundleFiles } from "./load-policy.js";
import { wrong } from "./shape.js";

/** The setting that keeps the bundle in force, as `writeKept` writes it. */
export const POLICY_SETTING = "policy-bundle";

/** The folder beside the policy in force. */
export interface Bundles {
  /** What lies in the folder now; rejects when it is not a bundle's files. */
  readFolder(): Promise<{ readonly files: BundleFiles; readonly digest: string }>;
  /** The policy the files make; rejects with `internal` and what is wrong with them. */
  load(files: BundleFiles): Promise<Policy>;
  /** From now on every question is answered by this one. After it was written to the setting. */
  replace(next: Policy): void;
}

export interface OpenPolicy {
  readonly policy: Policy;
  readonly bundles: Bundles;
}

type Log = (level: "info" | "warn" | "error", message: string, detail?: Readonly<Record<string, unknown>>) => void;

/** Rejects with `internal` when the bundle in force (or the folder's, on the first start) does not load. */
export async function openPolicy(
  database: Pick<Database, "read" | "write">,
  folder: string,
  log: Log,
): Promise<OpenPolicy> {
  const kept = await database.read.settings.get(POLICY_SETTING);
  const files = kept === undefined ? await readBundle(folder) : readKept(kept);
  const first = await loadBundle(files);
  await database.write(async (tx) => {
    if (kept === undefined) await tx.settings.insert({ id: POLICY_SETTING, value: writeKept(files) });
    await tx.audit.append({
      verb: "policy.loaded",
      actorId: null,
      object: { kind: "policy", id: first.digest },
      sourceAddress: null,
      unitId: null,
      detail: { digest: first.digest, adopted: kept === undefined },
    });
  });
  log("info", kept === undefined ? "adopted the policy of the folder" : "loaded the policy in force", {
    digest: first.digest,
  });
  return slotOf(first, folder);
}

/** A slot with `first` in it. */
export function slotOf(first: Policy, folder: string): OpenPolicy {
  let current = first;
  const policy: Policy = {
    get digest() {
      return current.digest;
    },
    get declarations() {
      return current.declarations;
    },
    signIn: (installation) => current.signIn(installation),
    decide: (query) => current.decide(query),
    approvalRule: (query) => current.approvalRule(query),
    classifyExec: (command, options) => current.classifyExec(command, options),
  };
  return {
    policy,
    bundles: {
      async readFolder() {
        const files = await readBundle(folder);
        return { files, digest: digestOf(files) };
      },
      load: loadBundle,
      replace(next) {
        current = next;
      },
    },
  };
}

/** What the setting keeps: the files and their digest. */
export function writeKept(files: BundleFiles): string {
  return JSON.stringify({ digest: digestOf(files), files: [...files] });
}

/** The files that were kept; throws `internal` when they are not what their digest says, or what `expected` says. */
export function readKept(setting: Setting, expected?: string): BundleFiles {
  const { digest, files } = JSON.parse(setting.value) as {
    readonly digest: string;
    readonly files: readonly (readonly [string, string])[];
  };
  const map = new Map(files);
  if (digestOf(map) !== (expected ?? digest)) throw wrong(setting.id, "the kept files are not what their digest says");
  return map;
}
