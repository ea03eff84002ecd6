/** The bundle that lies in the policy folder takes effect. What is confirmed is its digest; the folder is read again, and must still hold exactly that. */
import {
  done,
  GatehouseError,
  refused,
  type Actor,
  type Outcome,
  type Stores,
  type UnitId,
} from "../../domain/index.js";
import { digestOf, POLICY_SETTING, readKept, writeKept, type BundleFiles, type Policy } from "../../policy/index.js";
import type { ProposalUseCases, ProposalView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { topUnit } from "../registry/unit-tree.js";
import { scopeOf } from "../scope.js";
import { standing } from "../standing.js";
import { changedFiles, keepBundle } from "./kept-bundles.js";
import type { Execute, ProposalActs } from "./kind.js";
import { proposeAndView } from "./propose-and-view.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "policy" | "bundles" | "notify" | "log">;

/** A type and not an interface, so that it is `Canonical`. */
type Content = { readonly from: string; readonly to: string; readonly files: readonly string[] };

type Candidate =
  | { readonly files: BundleFiles; readonly digest: string; readonly policy: Policy; readonly fault: null }
  | { readonly digest: string | null; readonly fault: string };

/** What lies in the folder, loaded whole or with its fault. */
async function candidate(deps: Pick<BrokerDeps, "bundles">): Promise<Candidate> {
  let digest: string | null = null;
  try {
    const read = await deps.bundles.readFolder();
    digest = read.digest;
    return { ...read, policy: await deps.bundles.load(read.files), fault: null };
  } catch (error) {
    return { digest, fault: faultOf(error) };
  }
}

/** A bundle's own fault names its file; what a disk says is not repeated. */
function faultOf(error: unknown): string {
  return error instanceof GatehouseError ? error.message : "the policy folder cannot be read";
}

async function keptFiles(stores: Pick<Stores, "settings">): Promise<BundleFiles> {
  const setting = await stores.settings.get(POLICY_SETTING);
  return setting === undefined ? new Map() : readKept(setting);
}

/** The policy belongs to the whole installation: those act on it whose scope is the top unit. Answers that unit. */
async function topOf(stores: Stores, actor: Actor): Promise<Outcome<UnitId>> {
  const now = await standing(stores, actor);
  if (now?.power !== "security" && now?.power !== "audit") return refused("forbidden");
  const top = await topUnit(stores);
  const scope = await scopeOf(stores, now, ["security", "audit"]);
  return top === undefined || !scope.all ? refused("forbidden") : done(top.id);
}

/** For security and audit of the top unit. */
export async function policyState(deps: Deps, actor: Actor): ReturnType<ProposalUseCases["policy"]> {
  const may = await topOf(deps.database.read, actor);
  if (!may.ok) return may;
  const found = await candidate(deps);
  const files = found.fault === null ? changedFiles(await keptFiles(deps.database.read), found.files) : [];
  return done({ inForce: deps.policy.digest, inFolder: found.digest, fault: found.fault, changedFiles: files });
}

/**
 * `stale` when something else lies in the folder, or when another node put another one in force; `invalid-input` when it does not load,
 * `conflict` when it is in force already. Both texts are kept with it, for who confirms.
 */
export async function proposePolicy(
  deps: Deps,
  actor: Actor,
  input: { readonly digest: string; readonly reason: string },
): Promise<Outcome<ProposalView>> {
  const may = await topOf(deps.database.read, actor);
  if (!may.ok) return may;
  const found = await candidate(deps);
  if (found.digest !== input.digest) return refused("stale", { field: "digest" });
  if (found.fault !== null) return refused("invalid-input", { field: "digest" });
  if (found.digest === deps.policy.digest) return refused("conflict", { field: "digest" });
  const before = await keptFiles(deps.database.read);
  if (digestOf(before) !== deps.policy.digest) return refused("stale", { field: "digest" });
  const content: Content = { from: deps.policy.digest, to: found.digest, files: changedFiles(before, found.files) };
  const { reason } = input;
  const proposed = { kind: "policy.change", subject: "policy:bundle", unitId: may.value, content, reason } as const;
  const keepBoth = async (tx: Stores): Promise<void> => {
    await keepBundle(tx, before);
    await keepBundle(tx, found.files);
  };
  return proposeAndView(deps, actor, () => Promise.resolve(done(proposed)), keepBoth);
}

export const policyChange: ProposalActs = {
  hasText: true,

  lines(_stores, text) {
    const content = JSON.parse(text) as Content;
    return Promise.resolve([
      { label: "digest", before: content.from, after: content.to },
      { label: "files", before: null, after: content.files.join(" ") },
    ]);
  },

  async prepare(deps, proposal): Promise<Outcome<Execute>> {
    const content = JSON.parse(proposal.content) as Content;
    const found = await candidate(deps);
    if (found.fault !== null || found.digest !== content.to) return refused("stale", { field: "digest" });
    return done((_deps, tx, _proposal, both) => takeEffect(deps, tx, { content, found, both }));
  },
};

async function takeEffect(
  deps: Deps,
  tx: Stores,
  input: {
    readonly content: Content;
    readonly found: Extract<Candidate, { readonly fault: null }>;
    readonly both: Parameters<Execute>[3];
  },
): ReturnType<Execute> {
  const { content, found, both } = input;
  const setting = await tx.settings.get(POLICY_SETTING);
  const value = writeKept(found.files);
  if (setting !== undefined && digestIn(setting.value) !== content.from) return refused("stale", { field: "digest" });
  if (setting === undefined) await tx.settings.insert({ id: POLICY_SETTING, value });
  else if (!(await tx.settings.update(POLICY_SETTING, { value }, { value: setting.value }))) return refused("stale");
  await tx.audit.append({
    verb: "policy.changed",
    actorId: both.proposer.id,
    object: { kind: "policy", id: content.to },
    sourceAddress: both.sourceAddress,
    unitId: null,
    detail: { ...content, proposedBy: both.proposer.id, confirmedBy: both.confirmer.id },
  });
  return done({
    afterwards: () => {
      deps.bundles.replace(found.policy);
    },
  });
}

function digestIn(value: string): string {
  return (JSON.parse(value) as { readonly digest: string }).digest;
}
