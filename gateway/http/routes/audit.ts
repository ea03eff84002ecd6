/** Audit events, checkpoints, their export, and alerts. */
import type { FastifyInstance } from "fastify";
import { asId, done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { download, route, type RouteDeps } from "../route.js";

export function registerAudit(app: FastifyInstance, deps: RouteDeps): void {
  const { audit } = deps.broker;
  const shared = { tag: "audit", access: { powers: ["audit"] } } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/audit/events",
    summary: "List audit events",
    query: contract.auditQuery,
    answer: contract.auditListing,
    run: ({ actor, query }) => audit.list(actor, query),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/audit/checkpoints",
    summary: "Signed checkpoints of the audit log",
    answer: contract.checkpointListing,
    async run({ actor }) {
      const checkpoints = await audit.checkpoints(actor);
      return checkpoints.ok ? done({ items: checkpoints.value, next: null }) : checkpoints;
    },
  });
  download(app, deps, {
    ...shared,
    method: "GET",
    url: "/audit/export",
    summary: "Audit events as JSON lines, verifiable offline",
    query: contract.auditExportQuery,
    mediaType: "application/jsonl; charset=utf-8",
    fileName: ({ query }) => `audit-${String(query.from ?? "start")}-${String(query.to ?? "now")}.jsonl`,
    run: ({ actor, query }) => audit.export(actor, query),
  });
}

export function registerAlerts(app: FastifyInstance, deps: RouteDeps): void {
  const { audit } = deps.broker;
  const shared = { tag: "alerts", access: { powers: ["system", "security", "audit"] } } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/alerts",
    summary: "List alerts",
    query: contract.alertsQuery,
    answer: contract.alertListing,
    run: ({ actor, query }) => audit.alerts(actor, query),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/alerts/:id/acknowledgement",
    summary: "Say that someone looks after an alert",
    params: contract.idParams,
    answer: contract.alert,
    run: ({ actor, params }) => audit.acknowledgeAlert(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/alerts/:id/resolution",
    summary: "Say what was done about an alert",
    params: contract.idParams,
    body: contract.resolutionBody,
    answer: contract.alert,
    run: ({ actor, params, body }) => audit.resolveAlert(actor, asId(params.id), body.resolution),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/alerts/:id/closing",
    summary: "Agree, as another person than who resolved it, that an alert is over",
    params: contract.idParams,
    answer: contract.alert,
    run: ({ actor, params }) => audit.closeAlert(actor, asId(params.id)),
  });
}
