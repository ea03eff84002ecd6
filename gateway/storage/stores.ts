/** All stores of domain's `Stores` over one scope. */
import type { Stores } from "../domain/index.js";
import { createAuditLog } from "./audit-log.js";
import type { AuditStamp } from "./audit-log.js";
import * as tables from "./entities/index.js";
import type { Scope } from "./scope.js";
import { createSearchStore } from "./search-store.js";
import { createRemovableStore, createStore, createTicketStore } from "./store.js";

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
    tickets: createTicketStore(scope, tables.tickets),
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
