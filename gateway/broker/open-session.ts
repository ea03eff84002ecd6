/**
 * Opening a session, and the only place that mints an `Admission` (promise 1). Between reading the grant and the next await
 * the session is registered under it, so that a revocation at any later moment finds and ends it.
 */
import {
  asId,
  grantStateAt,
  isAssetName,
  isSensitive,
  type Account,
  type Asset,
  type ConnectionId,
  type ErrorCode,
  type Grant,
  type Person,
  type RecordingId,
  type Session,
  type SessionId,
  type Stores,
  type WebSessionId,
} from "../domain/index.js";
import { Admission } from "./admission.js";
import { raiseAlertNow } from "./alerts.js";
import { certificateOf } from "./asset-views.js";
import type { IdentityUseCases, OpenedSession, OpenSession, Reachable } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import type { LiveEntry } from "./live-entry.js";
import { createLiveSession } from "./live-session.js";
import type { LiveSessions } from "./live-sessions.js";
import { sessionNotice } from "./notices.js";
import { usableActions } from "./obligations.js";
import { judgeOperating } from "./operating.js";
import { overdueFault } from "./overdue.js";
import { reachable } from "./reachable.js";
import { unsigned } from "./registry/declarations.js";
import { vendorNames } from "./registry/vendor-chain.js";
import { policyActor, standing, type Standing } from "./standing.js";
import { STANDS } from "./ways-in.js";
import { endOfPage } from "./web-session.js";

export type OpenDeps = Pick<
  BrokerDeps,
  "database" | "clock" | "ids" | "policy" | "config" | "recorder" | "library" | "nodeId" | "notify" | "log" | "resolve"
> & {
  readonly live: LiveSessions;
  readonly identity: Pick<IdentityUseCases, "installation">;
  readonly isDraining: () => boolean;
};

interface Chosen {
  readonly person: Standing;
  readonly account: Account;
  readonly asset: Asset;
  readonly grant: Grant;
}

/** The page session that a desktop is opened from. */
interface Page {
  readonly id: WebSessionId | null;
  readonly endsAt: number;
}

/** See `SessionUseCases.open`. Every refusal of a signed-in person is an audit event. */
export async function openSession(deps: OpenDeps, input: OpenSession): Promise<OpenedSession> {
  if (deps.isDraining()) return refuse(deps, input, "draining");
  const person = await standing(deps.database.read, input.actor);
  if (person === undefined) return refuse(deps, input, "unauthenticated");
  const overdue = await overdueFault(deps, person);
  if (overdue !== undefined) return refuse(deps, input, overdue);
  const unread = person.roles.includes("operator")
    ? await unsigned(deps.database.read, deps.policy, person.personId)
    : [];
  if (unread.length > 0) return refuse(deps, input, "needs-signature");
  if (input.protocol === "rdp" && person.webSessionId === undefined) return refuse(deps, input, "forbidden");
  const pageId = input.protocol === "rdp" ? (person.webSessionId ?? null) : null;
  const page = { id: pageId, endsAt: await endOfPage(deps.database.read, pageId) };
  const choice = await choose(deps, person, input);
  if ("kind" in choice) return choice.kind === "refused" ? refuse(deps, input, choice.code) : choice;
  const entry = register(deps, choice, page, input);
  try {
    const fault = (await admissionFault(deps, choice, entry)) ?? (await begin(deps, choice, entry, input));
    if (fault === undefined) return { kind: "open", session: createLiveSession(deps, entry) };
    await deps.live.end(entry, entry.ended ?? "target-closed", false);
    return await refuse(deps, input, fault);
  } catch (error) {
    // Not awaited: closing tries again for as long as the database is away.
    void deps.live.end(entry, "node-lost", false);
    throw error;
  }
}

/** The account meant and its active grant; else what to answer. Nothing outside the person's own reach is looked at. */
async function choose(
  deps: OpenDeps,
  person: Standing,
  input: OpenSession,
): Promise<Chosen | Exclude<OpenedSession, { kind: "open" }>> {
  const notFound = { kind: "refused", code: "not-found" } as const;
  if (!isAssetName(input.assetName)) return notFound;
  const there = (await reachable(deps, person)).filter(
    (one) => one.assetName === input.assetName && one.protocol === input.protocol,
  );
  const named = input.accountLogin === null ? there : there.filter((one) => one.accountLogin === input.accountLogin);
  const one = only(named.filter((each) => each.grant !== null)) ?? only(named);
  if (one === undefined) return notFound;
  const { read } = deps.database;
  const account = await read.accounts.get(one.accountId);
  const asset = await read.assets.get(one.assetId);
  if (account === undefined || asset === undefined) return notFound;
  if (one.grant === null) return { kind: "ask", reachable: one };
  const grant = await read.grants.get(one.grant.id);
  if (grant === undefined || grantStateAt(grant, deps.clock.now()) !== "active")
    return { kind: "ask", reachable: { ...one, grant: null } };
  return { person, account, asset, grant };
}

function only(all: readonly Reachable[]): Reachable | undefined {
  return all.length === 1 ? all[0] : undefined;
}

function register(deps: OpenDeps, { person, grant, asset }: Chosen, page: Page, input: OpenSession): LiveEntry {
  const id = asId<SessionId>(deps.ids.next());
  const now = deps.clock.now();
  const nowUs = deps.clock.monotonicUs();
  const entry: LiveEntry = {
    id,
    unitId: asset.unitId,
    personId: person.personId,
    sourceAddress: person.sourceAddress,
    admission: Admission.mint(id, grant.id),
    recordingId: asId<RecordingId>(deps.ids.next()),
    connectionId: asId<ConnectionId>(deps.ids.next()),
    webSessionId: page.id,
    deviceKeyId: person.deviceKeyId ?? null,
    passkeyId: person.passkeyId ?? null,
    epoch: person.credentialEpoch,
    startedAt: now,
    endsAt: Math.min(grant.to, now + deps.config.maxSessionMs, page.endsAt),
    endsAtUs: nowUs + (grant.to - now) * 1000,
    tooOldAtUs: nowUs + deps.config.maxSessionMs * 1000,
    pageEndsAtUs: nowUs + (page.endsAt - now) * 1000,
    onEnd: input.onEnd,
    onFreeze: input.onFreeze,
    onDrain: input.onDrain,
    grant,
    // Until the rows are read, moments from now and before anything is dialled.
    person: {
      state: "active",
      credentialEpoch: person.credentialEpoch,
      isOperator: person.roles.includes("operator"),
      bondsHold: true,
      contract: null,
    },
    pageStands: true,
    wayIn: STANDS,
    wayInEndsAtUs: Infinity,
    snapshot: null,
    open: null,
    frozen: false,
    activeAtUs: nowUs,
    ended: null,
    closed: null,
    stored: false,
    channels: new Set(),
    watchers: new Set(),
    refusals: 0,
  };
  deps.live.register(entry);
  return entry;
}

/** Everything that must hold besides the grant itself, cheapest first. */
async function admissionFault(deps: OpenDeps, chosen: Chosen, entry: LiveEntry): Promise<ErrorCode | undefined> {
  const { person, account, asset, grant } = chosen;
  const living = deps.live.living();
  const own = living.filter((one) => one.personId === person.personId).length;
  if (living.length > deps.config.maxSessions || own > deps.config.maxSessionsPerPerson) return "too-many-sessions";
  if (asset.hostKey === null) return "target-key-unknown";
  if (grant.assetPin !== asset.pin) return "grant-suspended";
  if (account.credentialKind === "none" || account.credentialPin !== asset.pin) return "target-credential-refused";
  if (person.deviceKeyId !== undefined && isSensitive(asset)) return "device-key-refused";
  if (!mayUse(deps, chosen)) return "not-granted";
  const unbound = await operatingFault(deps, chosen);
  if (unbound !== undefined) return unbound;
  const { bootstrap, demo } = await deps.identity.installation();
  const sandbox = demo && deps.config.allowTargets.includes(`${asset.host}:${String(asset.port)}`);
  if (bootstrap && !sandbox) return "bootstrap";
  const health = await deps.recorder.health();
  if (!health.ok) {
    const detail = { nodeId: deps.nodeId, freeBytes: health.freeBytes };
    await raiseAlertNow(deps, { unitId: asset.unitId, kind: "storage-full", subject: `node:${deps.nodeId}`, detail });
    return "storage-unavailable";
  }
  return endedCode(entry);
}

/** What he hangs on, asked again of the rows: a contract that no longer covers what was granted opens nothing. */
async function operatingFault(
  deps: OpenDeps,
  { person, account, asset, grant }: Chosen,
): Promise<ErrorCode | undefined> {
  const { read } = deps.database;
  const row = await read.people.get(person.personId);
  if (row === undefined) return "unauthenticated";
  if (row.contractId !== grant.contractId) return "not-under-contract";
  const asked = { unitId: asset.unitId, assetId: asset.id, accountId: account.id, actions: grant.actions };
  const { fault } = await judgeOperating(read, row, [asked], deps.clock.now());
  return fault === "outside-entitlement" ? "not-granted" : fault;
}

/** Whether anything may be done in the session; a desktop has only the one thing to begin with. */
function mayUse(deps: OpenDeps, { person, account, asset, grant }: Chosen): boolean {
  const { id, unitId, assetId } = account;
  const query = {
    act: "use",
    person: policyActor(person),
    account: { id, unitId, assetId },
    granted: true,
    grantLive: true,
  } as const;
  const first = usableActions(grant).filter((action) => asset.protocol !== "rdp" || action === "rdp.connect");
  return first.some((action) => deps.policy.decide({ ...query, action }).allowed);
}

function endedCode(entry: LiveEntry): ErrorCode | undefined {
  if (entry.ended === "device-key-refused") return "device-key-refused";
  if (entry.ended === "sign-in-ended") return "unauthenticated";
  return entry.ended === null ? undefined : "grant-ended";
}

/** Writes the rows, opens the recording, and asks once more whether the grant still stands. */
async function begin(
  deps: OpenDeps,
  chosen: Chosen,
  entry: LiveEntry,
  input: OpenSession,
): Promise<ErrorCode | undefined> {
  const snapshot = await takeSnapshot(deps.database.read, chosen);
  entry.snapshot = snapshot;
  const row = sessionRow(deps, chosen, entry, snapshot, input.protocol);
  await deps.database.write((tx) => writeOpening(tx, row, entry, input.client));
  entry.stored = true;
  if (!(await openRecording(deps, entry, row))) return "recorder-failed";
  if (!(await deps.live.recheck(entry))) return endedCode(entry) ?? "grant-ended";
  await deps.database.write((tx) => tx.sessions.update(entry.id, { state: "live" }, { state: "opening" }));
  deps.notify(sessionNotice(entry.id, entry.personId));
  return endedCode(entry);
}

async function openRecording(deps: OpenDeps, entry: LiveEntry, row: Session): Promise<boolean> {
  try {
    const meta = { ...row.snapshot, sessionId: row.id, protocol: row.protocol, sourceAddress: row.sourceAddress };
    const open = await deps.recorder.open({ recordingId: entry.recordingId, sessionId: entry.id, meta });
    entry.open = open;
    open.tap.onFailure((because) => void deps.live.end(entry, because));
    return true;
  } catch (error) {
    deps.log("error", "a recording could not be opened", { sessionId: entry.id, error: String(error) });
    void deps.live.end(entry, "recorder-failed", false);
    return false;
  }
}

function sessionRow(
  deps: OpenDeps,
  { person, account, asset, grant }: Chosen,
  entry: LiveEntry,
  snapshot: Session["snapshot"],
  protocol: Session["protocol"],
): Session {
  return {
    id: entry.id,
    unitId: asset.unitId,
    grantId: grant.id,
    personId: person.personId,
    accountId: account.id,
    assetId: asset.id,
    nodeId: deps.nodeId,
    protocol,
    state: "opening",
    because: null,
    snapshot,
    recordingId: entry.recordingId,
    sourceAddress: person.sourceAddress,
    startedAt: entry.startedAt,
    endedAt: null,
    leaseUntil: entry.endsAt,
    passkeyId: entry.passkeyId,
  };
}

async function writeOpening(tx: Stores, row: Session, entry: LiveEntry, client: string): Promise<void> {
  const { id: sessionId, sourceAddress, startedAt } = row;
  await tx.sessions.insert(row);
  await tx.connections.insert({
    id: entry.connectionId,
    sessionId,
    sourceAddress,
    client,
    openedAt: startedAt,
    closedAt: null,
  });
  await tx.recordings.insert({
    id: row.recordingId,
    sessionId,
    unitId: row.unitId,
    nodeId: row.nodeId,
    state: "open",
    startedAt,
    endedAt: null,
    durationUs: 0,
    bytes: 0,
    frames: 0,
    headHash: null,
    closingHash: null,
    derivedAt: null,
  });
  await tx.audit.append({
    verb: "session.opened",
    actorId: row.personId,
    object: { kind: "session", id: sessionId },
    sourceAddress,
    decidedBy: row.grantId,
    detail: {
      accountId: row.accountId,
      assetId: row.assetId,
      recordingId: row.recordingId,
      protocol: row.protocol,
      client,
      vendorChain: row.snapshot.vendorChain,
      contract: row.snapshot.contract,
    },
  });
}

async function takeSnapshot(stores: Stores, { person, account, asset, grant }: Chosen): Promise<Session["snapshot"]> {
  const request = await stores.requests.get(grant.requestId);
  const contract = grant.contractId === null ? undefined : await stores.contracts.get(grant.contractId);
  const approvals = await stores.approvals.find({ requestId: grant.requestId, verdict: "approved" });
  const approvers: Person[] = [];
  for (const approval of approvals) {
    const approver = await stores.people.get(approval.approverId);
    if (approver !== undefined) approvers.push(approver);
  }
  return {
    login: person.login,
    displayName: person.displayName,
    vendorChain: await vendorNames(stores, person.vendorId),
    contract: contract?.number ?? null,
    accountLogin: account.login,
    assetName: asset.name,
    assetHost: asset.host,
    assetPort: asset.port,
    reason: request?.reason ?? "",
    workOrder: request?.workOrder ?? "",
    approvers: approvers.map((one) => one.login),
    grantFrom: grant.from,
    grantTo: grant.to,
    actions: grant.actions,
    legacyAlgorithms: asset.legacyAlgorithms,
    certificate: certificateOf(asset),
    obligations: grant.obligations,
  };
}

async function refuse(deps: OpenDeps, input: OpenSession, code: ErrorCode): Promise<OpenedSession> {
  const { actor } = input;
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "session.refused",
      actorId: actor.personId,
      object: { kind: "asset", id: input.assetName.slice(0, 128) },
      sourceAddress: actor.sourceAddress,
      decidedBy: code,
      detail: { account: (input.accountLogin ?? "").slice(0, 128), client: input.client.slice(0, 128) },
    }),
  );
  return { kind: "refused", code };
}
