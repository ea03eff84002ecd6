/**
 * Accounts on assets and what opens them. A secret is tried against the host under its pinned key, then sealed and bound
 * to the asset's pin; nobody reads it back. When the pin changes, the sealed text no longer opens.
 */
import {
  asId,
  done,
  isAccountLogin,
  refused,
  type Account,
  type AccountId,
  type Actor,
  type Asset,
  type Grant,
  type Outcome,
  type Stores,
  type Where,
} from "../domain/index.js";
import { raiseAlertNow } from "./alerts.js";
import { accountView } from "./asset-views.js";
import type { AccountView, AssetUseCases, DialPlan, Listing, Page } from "./broker.js";
import { administrated, endGrants } from "./change-asset.js";
import { insertOrConflict } from "./create-asset.js";
import type { BrokerDeps } from "./deps.js";
import { grantNotice } from "./notices.js";
import { mapListing, pageOfEither } from "./pages.js";
import { resolveTarget } from "./resolve-target.js";
import { covers, scopeOf, withinUnits } from "./scope.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "config" | "vault" | "resolve" | "probe" | "notify">;
type CredentialInput = Parameters<AssetUseCases["setCredential"]>[2];

const PASSWORD_LONGEST = 1024;
const KEY_LONGEST = 16_384;
/** Of so many assets that a name fits, the accounts are found. */
const ASSETS_MOST = 1000;

/** What a credential's sealed text is bound to. */
export function credentialBound(accountId: AccountId, pin: string): string {
  return `account:${accountId}:${pin}`;
}

/** The credential in a lent secret. */
export function readCredential(secret: string): DialPlan["credential"] {
  return JSON.parse(secret) as DialPlan["credential"];
}

/** For the three powers, of the units they cover. `q` is looked for in login and asset; with an `@`, in the one before it and the other behind. */
export async function listAccounts(
  deps: Pick<Deps, "database">,
  actor: Actor,
  page: Page & { readonly q?: string },
): Promise<Outcome<Listing<AccountView>>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined || reader.power === null) return refused("forbidden");
  const scope = withinUnits(await scopeOf(read, reader, [reader.power]));
  const listing = await pageOfEither(read.accounts, await accountsNamed(read, scope, page.q?.trim() ?? ""), page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done(
    await mapListing(listing, async (account) =>
      accountView(account, (await read.assets.get(account.assetId)) ?? { name: "", pin: "", protocol: "ssh" }),
    ),
  );
}

async function accountsNamed(
  stores: Pick<Stores, "assets">,
  scope: Where<Asset & Account>,
  q: string,
): Promise<readonly Where<Account>[]> {
  if (q === "") return [scope];
  const at = q.lastIndexOf("@");
  const name = q.slice(at + 1);
  const assets = await stores.assets.find({ ...scope, name: { contains: name } }, { limit: ASSETS_MOST });
  const there = { ...scope, assetId: { in: assets.map((asset) => asset.id) } };
  if (at < 0) return [{ ...scope, login: { contains: q } }, there];
  return [{ ...(name === "" ? scope : there), login: { contains: q.slice(0, at) } }];
}

/** A login on an active asset, without a credential yet. */
export async function createAccount(
  deps: Deps,
  actor: Actor,
  input: Parameters<AssetUseCases["createAccount"]>[1],
): Promise<Outcome<AccountView>> {
  const admin = await standing(deps.database.read, actor);
  if (admin?.power !== "system") return refused("forbidden");
  if (!isAccountLogin(input.login)) return refused("invalid-input", { field: "login" });
  const asset = await administrated(deps.database.read, admin, input.assetId);
  if (asset === undefined) return refused("not-found");
  const account: Account = {
    id: asId<AccountId>(deps.ids.next()),
    assetId: asset.id,
    unitId: asset.unitId,
    login: input.login,
    credentialKind: "none",
    credentialSealed: null,
    credentialPin: null,
    credentialTestedAt: null,
    state: "active",
    createdAt: deps.clock.now(),
    createdBy: admin.personId,
  };
  let stands = false;
  const taken = await insertOrConflict(() =>
    deps.database.write(async (tx) => {
      stands = await mayAdd(tx, actor, asset.id);
      if (!stands) return;
      await tx.accounts.insert(account);
      await tx.audit.append({
        verb: "account.created",
        actorId: admin.personId,
        object: { kind: "account", id: account.id },
        sourceAddress: actor.sourceAddress,
        detail: { login: account.login, assetId: asset.id },
      });
    }),
  );
  if (taken) return refused("conflict", { field: "login" });
  return stands ? done(accountView(account, asset)) : refused("stale");
}

/** That the administrator still is one and the asset was not retired meanwhile. */
async function mayAdd(tx: Stores, actor: Actor, assetId: Asset["id"]): Promise<boolean> {
  const admin = await standing(tx, actor);
  return admin?.power === "system" && (await administrated(tx, admin, assetId)) !== undefined;
}

/**
 * Seals a password or private key. Unless `untested`, it must open the account now: `target-unreachable`,
 * `target-credential-refused`, `target-key-changed` (which opens an alert), and nothing is kept. A desktop opens by a password
 * alone, and nothing but a real logon could try it: it is kept as untested.
 */
export async function setCredential(
  deps: Deps,
  actor: Actor,
  id: AccountId,
  input: CredentialInput,
): Promise<Outcome<AccountView>> {
  const admin = await standing(deps.database.read, actor);
  if (admin?.power !== "system") return refused("forbidden");
  const longest = input.kind === "password" ? PASSWORD_LONGEST : KEY_LONGEST;
  if (input.secret.length === 0 || input.secret.length > longest) return refused("invalid-input", { field: "secret" });
  const account = await deps.database.read.accounts.get(id);
  const asset = account === undefined ? undefined : await administrated(deps.database.read, admin, account.assetId);
  if (account?.state !== "active" || asset === undefined) return refused("not-found");
  if (asset.hostKey === null) return refused("target-key-unknown");
  const credential = credentialOf(input);
  if (asset.protocol === "rdp" && credential.kind !== "password") return refused("invalid-input", { field: "kind" });
  const tested = input.untested !== true && asset.protocol !== "rdp";
  if (tested) {
    const fault = await tryCredential(deps, admin, account, asset, credential);
    if (fault !== undefined) return fault;
  }
  return keepCredential(deps, admin, account, asset, credential, tested);
}

function credentialOf(input: CredentialInput): DialPlan["credential"] {
  if (input.kind === "password") return { kind: "password", password: input.secret };
  const key = { kind: "key", privateKey: input.secret } as const;
  return input.passphrase === undefined || input.passphrase === "" ? key : { ...key, passphrase: input.passphrase };
}

async function tryCredential(
  deps: Deps,
  admin: Actor,
  account: Account,
  asset: Asset,
  credential: DialPlan["credential"],
): Promise<ReturnType<typeof refused> | undefined> {
  const address = await resolveTarget(deps, asset);
  if (!address.ok) return address;
  const result = await deps.probe.testCredential({
    address: address.value,
    port: asset.port,
    username: account.login,
    hostKey: asset.hostKey ?? "",
    legacy: asset.legacyAlgorithms,
    credential,
  });
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "account.credential-tested",
      actorId: admin.personId,
      object: { kind: "account", id: account.id },
      sourceAddress: admin.sourceAddress,
      detail: { result, kind: credential.kind },
    }),
  );
  if (result === "ok") return undefined;
  if (result === "unreachable") return refused("target-unreachable");
  if (result === "too-old") return refused("target-too-old");
  if (result === "refused") return refused("target-credential-refused", { field: "secret" });
  const detail = { asset: asset.name, where: "credential-test" };
  await raiseAlertNow(deps, { unitId: asset.unitId, kind: "host-key-changed", subject: `asset:${asset.id}`, detail });
  return refused("target-key-changed");
}

async function keepCredential(
  deps: Deps,
  admin: Actor,
  account: Account,
  asset: Asset,
  credential: DialPlan["credential"],
  tested: boolean,
): Promise<Outcome<AccountView>> {
  const patch = {
    credentialKind: credential.kind,
    credentialSealed: deps.vault.seal("credential", credentialBound(account.id, asset.pin), JSON.stringify(credential)),
    credentialPin: asset.pin,
    credentialTestedAt: tested ? deps.clock.now() : null,
  };
  return deps.database.write(async (tx): Promise<Outcome<AccountView>> => {
    // The host may have taken its time to answer; whoever waited must still be an administrator.
    if ((await standing(tx, admin))?.power !== "system") return refused("forbidden");
    const now = await administrated(tx, admin, asset.id);
    if (now?.pin !== asset.pin) return refused("stale");
    if (!(await tx.accounts.update(account.id, patch, { state: "active" }))) return refused("not-found");
    await tx.audit.append({
      verb: "account.credential-set",
      actorId: admin.personId,
      object: { kind: "account", id: account.id },
      sourceAddress: admin.sourceAddress,
      detail: { kind: credential.kind, tested },
    });
    return done(accountView({ ...account, ...patch }, asset));
  });
}

/** Retires an account; grants on it are revoked and their sessions end. */
export async function retireAccount(deps: Deps, actor: Actor, id: AccountId): Promise<Outcome<void>> {
  let ended: readonly Grant[] = [];
  const outcome = await deps.database.write(async (tx): Promise<Outcome<void>> => {
    const admin = await standing(tx, actor);
    if (admin?.power !== "system") return refused("forbidden");
    const account = await tx.accounts.get(id);
    if (account === undefined || !covers(await scopeOf(tx, admin, ["system"]), account.unitId))
      return refused("not-found");
    if (!(await tx.accounts.update(id, { state: "retired" }, { state: "active" }))) return refused("not-found");
    await tx.audit.append({
      verb: "account.retired",
      actorId: admin.personId,
      object: { kind: "account", id },
      sourceAddress: actor.sourceAddress,
    });
    ended = await endGrants(deps, tx, admin, { accountId: id }, "revoked", "account-retired");
    return done(undefined);
  });
  for (const grant of ended) deps.notify(grantNotice(grant.id, grant.personId));
  return outcome;
}
