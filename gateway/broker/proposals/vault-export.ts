/**
 * Credentials leave the vault: proposed for named accounts, confirmed, and then fetched once by the proposer within an hour,
 * sealed to a passphrase that only he knows. Nothing of it is ever kept here.
 */
import {
  asId,
  done,
  refused,
  type Account,
  type AccountId,
  type Actor,
  type Asset,
  type Outcome,
  type ProposalId,
  type Stores,
} from "../../domain/index.js";
import { isPassphrase, type ExportedAccount } from "../../vault/index.js";
import type { ProposalView } from "../broker.js";
import { credentialBound } from "../credentials.js";
import type { BrokerDeps } from "../deps.js";
import { commonUnit } from "../registry/unit-tree.js";
import { covers, scopeOf, withinUnits } from "../scope.js";
import { standing } from "../standing.js";
import { requireStepUp } from "../step-up.js";
import { keepSecret, secretWaits, takeSecret } from "./kept-secrets.js";
import type { ProposalActs } from "./kind.js";
import { proposeAndView } from "./propose-and-view.js";
import type { Proposed } from "./propose.js";

/** Accounts in one export. */
const MOST = 1000;

/** A type and not an interface, so that it is `Canonical`. */
type Content = { readonly accountIds: readonly AccountId[] };

/** By a system administrator: of the accounts named, or of all he covers where none is. `not-found` for one outside his units. */
export function proposeVaultExport(
  deps: BrokerDeps,
  actor: Actor,
  input: { readonly accountIds: readonly AccountId[]; readonly reason: string },
): Promise<Outcome<ProposalView>> {
  return proposeAndView(deps, actor, async (tx): Promise<Outcome<Proposed>> => {
    const now = await standing(tx, actor);
    if (now?.power !== "system") return refused("forbidden");
    const accounts = await wanted(tx, now, input.accountIds);
    if (!accounts.ok) return accounts;
    const content: Content = { accountIds: accounts.value.map((account) => account.id).sort() };
    const unitId = await commonUnit(
      tx,
      accounts.value.map((account) => account.unitId),
    );
    return done({ kind: "vault.export", subject: `vault:${now.personId}`, unitId, content, reason: input.reason });
  });
}

/** Accounts with a credential, each within the actor's scope. */
async function wanted(stores: Stores, actor: Actor, ids: readonly AccountId[]): Promise<Outcome<readonly Account[]>> {
  const field = "accountIds";
  const scope = await scopeOf(stores, actor, ["system"]);
  const named = [...new Set(ids)];
  if (named.length > MOST) return refused("invalid-input", { field });
  const where = named.length > 0 ? { id: { in: named } } : { state: "active" as const, ...withinUnits(scope) };
  const rows = await stores.accounts.find(where, { limit: 1000 });
  const known = rows.filter((account) => covers(scope, account.unitId) && account.state === "active");
  if (named.length > 0 && known.length < named.length) return refused("not-found", { field });
  const sealed = known.filter((account) => account.credentialSealed !== null);
  if (sealed.length === 0 || sealed.length < named.length) return refused("invalid-input", { field });
  return done(sealed);
}

export const vaultExport: ProposalActs = {
  async lines(stores, text) {
    const { accountIds } = JSON.parse(text) as Content;
    const accounts = await stores.accounts.find({ id: { in: accountIds } }, { limit: MOST });
    const assetIds = [...new Set(accounts.map((account) => account.assetId))];
    const assets = await stores.assets.find({ id: { in: assetIds } }, { limit: MOST });
    const nameOf = new Map(assets.map((asset) => [asset.id, asset.name]));
    // Every one: what the second person is not shown he does not confirm.
    const names = accounts.map((account) => `${account.login}@${nameOf.get(account.assetId) ?? "?"}`);
    return [{ label: "accounts", before: null, after: names.sort().join(" ") }];
  },

  /** Only the right to fetch it comes about here. */
  async execute(deps, tx, proposal) {
    await keepSecret(deps, tx, proposal.id, "export");
    return done({});
  },
};

/**
 * Once, by the proposer who still holds the power over each account, within an hour. `invalid-input` for a passphrase that is
 * too short, `not-found` afterwards and to anyone else, `stale` when a credential is no longer the one of its asset's pin.
 */
export async function collectVaultExport(
  deps: BrokerDeps,
  actor: Actor,
  id: ProposalId,
  passphrase: string,
): Promise<Outcome<string>> {
  if (!isPassphrase(passphrase)) return refused("invalid-input", { field: "passphrase" });
  const allowed = await mayCollect(deps, deps.database.read, actor, id);
  if (!allowed.ok) return allowed;
  const text = await deps.vault.sealExport(allowed.value, { passphrase, nowMs: deps.clock.now() });
  return deps.database.write(async (tx): Promise<Outcome<string>> => {
    const still = await mayCollect(deps, tx, actor, id);
    if (!still.ok) return still;
    if (still.value.map((one) => one.sealed).join() !== allowed.value.map((one) => one.sealed).join())
      return refused("stale");
    if ((await takeSecret(deps, tx, id)) === undefined) return refused("not-found");
    await tx.audit.append({
      verb: "vault.exported",
      actorId: actor.personId,
      object: { kind: "proposal", id },
      sourceAddress: actor.sourceAddress,
      detail: {
        accounts: still.value.map((one) => `${one.account}@${one.asset}`),
        confirmedBy: (await tx.proposals.get(id))?.decidedBy ?? null,
      },
    });
    return done(text);
  });
}

async function mayCollect(
  deps: BrokerDeps,
  stores: Stores,
  actor: Actor,
  id: ProposalId,
): Promise<Outcome<readonly ExportedAccount[]>> {
  const now = await standing(stores, actor);
  const proposal = await stores.proposals.get(id);
  if (now?.power !== "system" || proposal?.kind !== "vault.export" || proposal.proposedBy !== now.personId)
    return refused("not-found");
  if (proposal.state !== "confirmed" || !(await secretWaits(stores, id, deps.clock.now()))) return refused("not-found");
  const fresh = await requireStepUp(stores, deps.clock, deps.policy, actor);
  if (!fresh.ok) return fresh;
  const { accountIds } = JSON.parse(proposal.content) as Content;
  const accounts = await wanted(
    stores,
    now,
    accountIds.map((one) => asId<AccountId>(one)),
  );
  if (!accounts.ok) return refused("stale");
  const exported: ExportedAccount[] = [];
  for (const account of accounts.value) {
    const asset = await stores.assets.get(account.assetId);
    if (asset === undefined || account.credentialPin !== asset.pin) return refused("stale");
    exported.push(shownOf(account, asset));
  }
  return done(exported);
}

function shownOf(account: Account, asset: Asset): ExportedAccount {
  return {
    asset: asset.name,
    host: asset.host,
    port: asset.port,
    protocol: asset.protocol,
    account: account.login,
    bound: credentialBound(account.id, asset.pin),
    sealed: account.credentialSealed ?? "",
  };
}
