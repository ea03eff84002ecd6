/** Binds each use case of this room to what it stands on. Only names and arguments; no rule lives here. */
import type {
  AccessUseCases,
  AssetUseCases,
  AuditUseCases,
  DesktopUseCases,
  IdentityUseCases,
  RecordingUseCases,
  SessionUseCases,
} from "./broker.js";
import { acknowledgeAlert, closeAlert, listAlerts, resolveAlert } from "./alerts.js";
import { exportAudit, listAuditEvents, listCheckpoints } from "./audit-events.js";
import { changeAsset, confirmChange, retireAsset } from "./change-asset.js";
import { createAsset, getAsset, listAssets } from "./create-asset.js";
import { createAccount, listAccounts, retireAccount, setCredential } from "./credentials.js";
import { decideRequest } from "./decide-request.js";
import type { BrokerDeps } from "./deps.js";
import { dialTarget, hostKeyChanged } from "./dial-target.js";
import { createEntitlement, endEntitlement, listEntitlements } from "./entitlements.js";
import { exportAsciicast, exportContainer, exportGuac, exportText, verifyRecording } from "./export-recording.js";
import { confirmHostKey, scanHostKey } from "./host-keys.js";
import { issueReturnTicket } from "./issue-return-ticket.js";
import { issueTicket } from "./issue-ticket.js";
import { inTurn } from "./forward-rules.js";
import { listOwners } from "./list-owners.js";
import { getRequest, listGrants, listRequests, waitForDecision } from "./list-requests.js";
import { getSession, listLive, listSessions } from "./list-sessions.js";
import type { LiveSessions } from "./live-sessions.js";
import type { NoticeHub } from "./notices.js";
import { approveInput, listInputOpenings, readInput, requestInput } from "./open-input.js";
import { openSession } from "./open-session.js";
import { reachable } from "./reachable.js";
import { redeemTicket } from "./redeem-ticket.js";
import { replayIndex, replaySegment, thumbnail, Viewings } from "./replay.js";
import { requestAccess, withdrawRequest } from "./request-access.js";
import { revokeGrant } from "./revoke-grant.js";
import { searchRecordings } from "./search-recordings.js";
import { drainSessions, stopSession } from "./stop-session.js";
import { watchSession } from "./watch-session.js";

export function bindAssets(deps: BrokerDeps): AssetUseCases {
  return {
    list: (actor, page) => listAssets(deps, actor, page),
    get: (actor, id) => getAsset(deps, actor, id),
    owners: (actor, page) => listOwners(deps, actor, page),
    create: (actor, input) => createAsset(deps, actor, input),
    scanHostKey: (actor, id) => scanHostKey(deps, actor, id),
    confirmHostKey: (actor, id, publicKey) => confirmHostKey(deps, actor, id, publicKey),
    change: (actor, id, input) => changeAsset(deps, actor, id, input),
    confirmChange: (actor, id, accept) => confirmChange(deps, actor, id, accept),
    retire: (actor, id) => retireAsset(deps, actor, id),
    listAccounts: (actor, page) => listAccounts(deps, actor, page),
    createAccount: (actor, input) => createAccount(deps, actor, input),
    setCredential: (actor, id, input) => setCredential(deps, actor, id, input),
    retireAccount: (actor, id) => retireAccount(deps, actor, id),
    listEntitlements: (actor, page) => listEntitlements(deps, actor, page),
    createEntitlement: (actor, input) => createEntitlement(deps, actor, input),
    endEntitlement: (actor, id) => endEntitlement(deps, actor, id),
  };
}

export function bindAccess(deps: BrokerDeps & { readonly hub: NoticeHub }): AccessUseCases {
  const asking = { ...deps, resolve: inTurn(deps.resolve) };
  return {
    reachable: (actor) => reachable(deps, actor),
    request: (actor, input) => requestAccess(asking, actor, input),
    withdraw: (actor, id) => withdrawRequest(deps, actor, id),
    decide: (actor, id, input) => decideRequest(deps, actor, id, input),
    get: (actor, id) => getRequest(deps, actor, id),
    list: (actor, page) => listRequests(deps, actor, page),
    listGrants: (actor, page) => listGrants(deps, actor, page),
    revoke: (actor, id, reason) => revokeGrant(deps, actor, id, reason),
    waitForDecision: (actor, id, signal) => waitForDecision(deps, actor, id, signal),
  };
}

export function bindDesktops(deps: BrokerDeps & { readonly live: LiveSessions }): DesktopUseCases {
  return {
    issueTicket: (actor, input) => issueTicket(deps, actor, input),
    issueReturnTicket: (actor, input) => issueReturnTicket(deps, actor, input),
    redeemTicket: (actor, ticket) => redeemTicket(deps, actor, ticket),
  };
}

type SessionDeps = BrokerDeps & {
  readonly live: LiveSessions;
  readonly identity: Pick<IdentityUseCases, "installation">;
};

export function bindSessions(deps: SessionDeps): SessionUseCases {
  let draining = false;
  const opening = { ...deps, isDraining: () => draining };
  return {
    open: (input) => openSession(opening, input),
    dial: (admission, use) => dialTarget(deps, admission, use),
    hostKeyChanged: (admission, shown) => hostKeyChanged(deps, admission, shown),
    stillAdmitted: (admission) => deps.live.admitted(admission) !== undefined,
    listLive: (actor) => listLive(deps, actor),
    list: (actor, page) => listSessions(deps, actor, page),
    get: (actor, id) => getSession(deps, actor, id),
    stop: (actor, id, reason) => stopSession(deps, actor, id, reason),
    watch: (actor, id, listener) => watchSession(deps, actor, id, listener),
    drain(graceMs) {
      draining = true;
      return drainSessions(deps, graceMs);
    },
  };
}

export function bindRecordings(input: BrokerDeps & { readonly live: LiveSessions }): RecordingUseCases {
  const deps = { ...input, viewings: new Viewings() };
  return {
    index: (actor, id) => replayIndex(deps, actor, id),
    segment: (actor, id, range) => replaySegment(deps, actor, id, range),
    thumbnail: (actor, id, at) => thumbnail(deps, actor, id, at),
    search: (actor, query) => searchRecordings(deps, actor, query),
    verify: (actor, id) => verifyRecording(deps, actor, id),
    exportContainer: (actor, id) => exportContainer(deps, actor, id),
    exportAsciicast: (actor, id, channel) => exportAsciicast(deps, actor, id, channel),
    exportText: (actor, id, channel) => exportText(deps, actor, id, channel),
    exportGuac: (actor, id, channel) => exportGuac(deps, actor, id, channel),
    requestInput: (actor, id, reason) => requestInput(deps, actor, id, reason),
    approveInput: (actor, id) => approveInput(deps, actor, id),
    readInput: (actor, id) => readInput(deps, actor, id),
    listInputOpenings: (actor, page) => listInputOpenings(deps, actor, page),
  };
}

export function bindAudit(deps: BrokerDeps): AuditUseCases {
  return {
    list: (actor, page) => listAuditEvents(deps, actor, page),
    checkpoints: (actor) => listCheckpoints(deps, actor),
    export: (actor, range) => exportAudit(deps, actor, range),
    alerts: (actor, page) => listAlerts(deps, actor, page),
    acknowledgeAlert: (actor, id) => acknowledgeAlert(deps, actor, id),
    resolveAlert: (actor, id, resolution) => resolveAlert(deps, actor, id, resolution),
    closeAlert: (actor, id) => closeAlert(deps, actor, id),
  };
}
