/** Vendors, contracts and people in and out as CSV, and someone's leaving. */
import type { FastifyInstance } from "fastify";
import { asId, done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { download, route, upload, type RouteDeps } from "../route.js";

export function registerPeopleFiles(app: FastifyInstance, deps: RouteDeps): void {
  const { registry } = deps.broker;
  const keepers = { powers: ["security"] } as const;

  upload(app, {
    tag: "files",
    method: "POST",
    url: "/imports/:kind",
    access: keepers,
    summary: "Import a CSV file, or try it",
    params: contract.importParams,
    query: contract.importQuery,
    mostBytes: contract.IMPORT_MOST_BYTES,
    answer: contract.importReport,
    run: ({ actor, params, query }, bytes) =>
      registry.importCsv(actor, { kind: params.kind, bytes, dryRun: query.dryRun ?? false }),
  });
  download(app, deps, {
    tag: "files",
    method: "GET",
    url: "/exports/:kind",
    access: { powers: ["system", "security", "audit"] },
    summary: "Export the units one covers as CSV",
    params: contract.importParams,
    mediaType: "text/csv; charset=utf-8",
    fileName: ({ params }) => `${params.kind}.csv`,
    async run({ actor, params }) {
      const file = await registry.exportCsv(actor, params.kind);
      return file.ok ? done(file.value.bytes) : file;
    },
  });
  route(app, {
    tag: "people",
    method: "GET",
    url: "/people/:id/ending",
    access: keepers,
    summary: "What someone's leaving would end",
    params: contract.personParams,
    answer: contract.ending,
    run: ({ actor, params }) => registry.personEnding(actor, asId(params.id)),
  });
  route(app, {
    tag: "people",
    method: "POST",
    url: "/people/:id/departure",
    access: keepers,
    summary: "Someone leaves: he is retired with everything under him",
    params: contract.personParams,
    body: contract.endingBody,
    run: ({ actor, params, body }) => registry.leave(actor, asId(params.id), body.reason),
  });
}
