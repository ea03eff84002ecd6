/** Replay, verification, exports and search. Every reading is authorised afresh and leaves an audit event (promise 7). */
import type { FastifyInstance } from "fastify";
import { asId, done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { download, picture, route, type RouteDeps } from "../route.js";

const shared = { tag: "recordings", access: { powers: ["audit"] } } as const;

export function registerRecordings(app: FastifyInstance, deps: RouteDeps): void {
  const { recordings } = deps.broker;

  route(app, {
    ...shared,
    method: "GET",
    url: "/recordings/:id/index",
    summary: "What a player needs to begin",
    params: contract.idParams,
    answer: contract.replayIndex,
    run: ({ actor, params }) => recordings.index(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/recordings/:id/segment",
    summary: "A stretch of a terminal or desktop: its picture, then what happened",
    params: contract.idParams,
    query: contract.segmentQuery,
    answer: contract.replaySegment,
    run: ({ actor, params, query }) => recordings.segment(actor, asId(params.id), query),
  });
  picture(app, {
    ...shared,
    method: "GET",
    url: "/recordings/:id/thumbnails",
    summary: "A desktop's newest small picture at or before a moment",
    params: contract.idParams,
    query: contract.thumbnailQuery,
    run: ({ actor, params, query }) => recordings.thumbnail(actor, asId(params.id), query),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/recordings/:id/verification",
    summary: "Verify a recording",
    params: contract.idParams,
    answer: contract.verification,
    run: ({ actor, params }) => recordings.verify(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/search",
    summary: "Find commands, files and screen text",
    query: contract.searchQuery,
    answer: contract.searchListing,
    async run({ actor, query }) {
      const hits = await recordings.search(actor, query);
      return hits.ok ? done({ items: hits.value, next: null }) : hits;
    },
  });
}

export function registerExports(app: FastifyInstance, deps: RouteDeps): void {
  const { recordings } = deps.broker;
  const file = { ...shared, method: "GET", params: contract.idParams } as const;

  download(app, deps, {
    ...file,
    url: "/recordings/:id/container",
    summary: "The sealed container, as it lies in the store",
    mediaType: "application/octet-stream",
    fileName: ({ params }) => `recording-${params.id}.ghr`,
    run: ({ actor, params }) => recordings.exportContainer(actor, asId(params.id)),
  });
  download(app, deps, {
    ...file,
    url: "/recordings/:id/asciicast",
    summary: "A terminal as asciicast",
    query: contract.channelQuery,
    mediaType: "application/x-asciicast",
    fileName: ({ params, query }) => `recording-${params.id}-${String(query.channel)}.cast`,
    run: ({ actor, params, query }) => recordings.exportAsciicast(actor, asId(params.id), query.channel),
  });
  download(app, deps, {
    ...file,
    url: "/recordings/:id/guac",
    summary: "A desktop as the instructions that drew it",
    query: contract.channelQuery,
    mediaType: "application/x-guacamole",
    fileName: ({ params, query }) => `recording-${params.id}-${String(query.channel)}.guac`,
    run: ({ actor, params, query }) => recordings.exportGuac(actor, asId(params.id), query.channel),
  });
  download(app, deps, {
    ...file,
    url: "/recordings/:id/text",
    summary: "A terminal as a person would have read it",
    query: contract.channelQuery,
    mediaType: "text/plain; charset=utf-8",
    fileName: ({ params, query }) => `recording-${params.id}-${String(query.channel)}.txt`,
    run: ({ actor, params, query }) => recordings.exportText(actor, asId(params.id), query.channel),
  });
}

export function registerInputOpenings(app: FastifyInstance, deps: RouteDeps): void {
  const { recordings } = deps.broker;
  const openings = { tag: "input-openings", access: { powers: ["audit"] } } as const;

  route(app, {
    ...openings,
    method: "POST",
    url: "/recordings/:id/input-openings",
    summary: "Ask to read kept input",
    params: contract.idParams,
    body: contract.inputOpeningBody,
    answer: contract.inputOpening,
    status: 201,
    run: ({ actor, params, body }) => recordings.requestInput(actor, asId(params.id), body.reason),
  });
  route(app, {
    ...openings,
    method: "GET",
    url: "/input-openings",
    summary: "List openings of kept input",
    query: contract.inputOpeningsQuery,
    answer: contract.inputOpeningListing,
    run: ({ actor, query }) => recordings.listInputOpenings(actor, query),
  });
  route(app, {
    ...openings,
    method: "POST",
    url: "/input-openings/:id/approval",
    summary: "Agree to another person's reading",
    params: contract.idParams,
    answer: contract.inputOpening,
    run: ({ actor, params }) => recordings.approveInput(actor, asId(params.id)),
  });
  route(app, {
    ...openings,
    method: "GET",
    url: "/input-openings/:id/input",
    summary: "Read kept input",
    params: contract.idParams,
    answer: contract.inputListing,
    async run({ actor, params }) {
      const input = await recordings.readInput(actor, asId(params.id));
      return input.ok ? done({ items: input.value, next: null }) : input;
    },
  });
}
