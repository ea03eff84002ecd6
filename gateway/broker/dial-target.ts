/**
 * What a door needs to reach the target of an admitted session, lent for one callback. The name is resolved once, every
 * address is checked, and only the checked literal is handed out; the admission is asked for again after every await.
 */
import {
  done,
  GatehouseError,
  refused,
  type Account,
  type Asset,
  type ErrorCode,
  type Outcome,
} from "../domain/index.js";
import { Admission } from "./admission.js";
import { raiseAlert } from "./alerts.js";
import type { DialPlan } from "./broker.js";
import { credentialBound, readCredential } from "./credentials.js";
import type { BrokerDeps } from "./deps.js";
import { fingerprint, normaliseCertificate, normaliseHostKey } from "./hashing.js";
import type { LiveEntry } from "./live-entry.js";
import type { LiveSessions } from "./live-sessions.js";
import { alertNotice } from "./notices.js";
import { resolveTarget } from "./resolve-target.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "config" | "vault" | "resolve" | "notify"> & {
  readonly live: LiveSessions;
};

/**
 * Calls `use` with the plan. `no-grant` for a proof that is not genuine, `grant-ended` when the session ended meanwhile,
 * `address-refused`, `target-unreachable`, `target-key-unknown`, `target-credential-refused`, `grant-suspended`. A
 * `GatehouseError` of `use` becomes its code; anything else it rejects with passes through.
 */
export async function dialTarget<T>(
  deps: Deps,
  admission: Admission,
  use: (plan: DialPlan) => Promise<T>,
): Promise<Outcome<T>> {
  const entry = Admission.isGenuine(admission) ? deps.live.admitted(admission) : undefined;
  if (entry === undefined) return refused("no-grant");
  const outcome = await dialAdmitted(deps, entry, use);
  if (!outcome.ok) await logRefusal(deps, entry, outcome.code);
  return outcome;
}

async function dialAdmitted<T>(deps: Deps, entry: LiveEntry, use: (plan: DialPlan) => Promise<T>): Promise<Outcome<T>> {
  if (!(await deps.live.recheck(entry))) return refused("grant-ended");
  const { read } = deps.database;
  const asset = await read.assets.get(entry.grant.assetId);
  const account = await read.accounts.get(entry.grant.accountId);
  if (asset?.state !== "active" || account?.state !== "active") return refused("grant-ended");
  const fault = bindingFault(entry, asset, account);
  if (fault !== undefined) return refused(fault);
  const address = await resolveTarget(deps, asset);
  if (!address.ok) return address;
  if (deps.live.admitted(entry.admission) === undefined) return refused("grant-ended");
  return lendAndUse(deps, entry, asset, account, address.value, use);
}

function bindingFault(entry: LiveEntry, asset: Asset, account: Account): ErrorCode | undefined {
  if (asset.hostKey === null) return "target-key-unknown";
  if (asset.pin !== entry.grant.assetPin) return "grant-suspended";
  return account.credentialSealed === null || account.credentialPin !== asset.pin
    ? "target-credential-refused"
    : undefined;
}

async function lendAndUse<T>(
  deps: Deps,
  entry: LiveEntry,
  asset: Asset,
  account: Account,
  address: string,
  use: (plan: DialPlan) => Promise<T>,
): Promise<Outcome<T>> {
  try {
    const bound = credentialBound(account.id, asset.pin);
    return await deps.vault.lend(
      "credential",
      bound,
      account.credentialSealed ?? "",
      async (secret): Promise<Outcome<T>> => {
        if (deps.live.admitted(entry.admission) === undefined) return refused("grant-ended");
        const value = await use({
          assetName: asset.name,
          address,
          port: asset.port,
          username: account.login,
          hostKey: asset.hostKey ?? "",
          legacyAlgorithms: asset.legacyAlgorithms,
          desktop: asset.desktop,
          credential: readCredential(secret),
        });
        return deps.live.admitted(entry.admission) === undefined ? refused("grant-ended") : done(value);
      },
    );
  } catch (error) {
    if (error instanceof GatehouseError) return refused(error.code);
    throw error;
  }
}

async function logRefusal(deps: Deps, entry: LiveEntry, code: ErrorCode): Promise<void> {
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "session.refused",
      actorId: entry.personId,
      object: { kind: "session", id: entry.id },
      sourceAddress: entry.sourceAddress,
      decidedBy: code,
      detail: { assetId: entry.grant.assetId, accountId: entry.grant.accountId },
    }),
  );
}

const SHOWN_LONGEST = 200;

/** The target showed another key, or a desktop another certificate, than the pinned one: alert, event, end of the session. */
export async function hostKeyChanged(deps: Deps, admission: Admission, shown: string): Promise<void> {
  const entry = deps.live.get(admission.sessionId);
  if (!Admission.isGenuine(admission) || entry === undefined) return;
  const key = normaliseHostKey(shown) ?? normaliseCertificate(shown);
  const seen = key === undefined ? shown.slice(0, SHOWN_LONGEST) : fingerprint(key);
  void deps.live.end(entry, "target-unreachable");
  const { assetId } = entry.grant;
  const detail = { asset: entry.snapshot?.assetName ?? "", sessionId: entry.id, shown: seen };
  const id = await deps.database.write(async (tx) => {
    await tx.audit.append({
      verb: "session.refused",
      actorId: entry.personId,
      object: { kind: "session", id: entry.id },
      sourceAddress: entry.sourceAddress,
      decidedBy: "target-key-changed",
      detail: { assetId, shown: seen },
    });
    return raiseAlert(deps, tx, {
      unitId: entry.unitId,
      kind: "host-key-changed",
      subject: `asset:${assetId}`,
      detail,
    });
  });
  deps.notify(alertNotice(id));
}
