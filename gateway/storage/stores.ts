/** All stores of domain's `Stores` over one scope. */
import type { Stores } from "../domain/index.js";
import { createAuditLog } from "./audit-log.js";
import type { AuditStamp } from "./audit-log.js";
import * as tables from "./entities/index.js";
import type { Scope } from "./scope.js";
import { createSearchStore } from "./search-store.js";
import { createExpiringStore, createRemovableStore, createStore } from "./store.js";

export function bindStores(scope: Scope, stamp: AuditStamp): Stores {
  return {
    settings: createStore(scope, tables.settings),
    units: createStore(scope, tables.units),
    people: createStore(scope, tables.people),
    recoveryCodes: createStore(scope, tables.recoveryCodes),
    personKeys: createStore(scope, tables.personKeys),
    powers: createRemovableStore(scope, tables.powers),
    roles: createRemovableStore(scope, tables.roles),
    webSessions: createStore(scope, tables.webSessions),
    vendors: createStore(scope, tables.vendors),
    contracts: createStore(scope, tables.contracts),
    signatures: createStore(scope, tables.signatures),
    reviewItems: createStore(scope, tables.reviewItems),
    proposals: createStore(scope, tables.proposals),
    breakGlassSeals: createStore(scope, tables.breakGlassSeals),
    legalHolds: createStore(scope, tables.legalHolds),
    passkeys: createStore(scope, tables.passkeys),
    challenges: createExpiringStore(scope, tables.challenges),
    terminalApprovals: createExpiringStore(scope, tables.terminalApprovals),
    deviceKeys: createStore(scope, tables.deviceKeys),
    passwordHistory: createStore(scope, tables.passwordHistory),
    externalIdentities: createStore(scope, tables.externalIdentities),
    scimTokens: createStore(scope, tables.scimTokens),
    scimGroups: createRemovableStore(scope, tables.scimGroups),
    tickets: createExpiringStore(scope, tables.tickets),
    assets: createStore(scope, tables.assets),
    accounts: createStore(scope, tables.accounts),
    entitlements: createStore(scope, tables.entitlements),
    requests: createStore(scope, tables.requests),
    requestItems: createStore(scope, tables.requestItems),
    approvals: createStore(scope, tables.approvals),
    grants: createStore(scope, tables.grants),
    sessions: createStore(scope, tables.sessions),
    connections: createStore(scope, tables.connections),
    channels: createStore(scope, tables.channels),
    recordings: createStore(scope, tables.recordings),
    transfers: createStore(scope, tables.transfers),
    inputOpenings: createStore(scope, tables.inputOpenings),
    alerts: createStore(scope, tables.alerts),
    nodes: createStore(scope, tables.nodes),
    search: createSearchStore(scope),
    audit: createAuditLog(scope, stamp),
  };
}
