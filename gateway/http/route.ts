/**
 * How a route is written: what it is called, who may use it, the schemas of what goes in and out, and one use case. The
 * outcome becomes the answer here, so that no route decides on a status of its own.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Broker } from "../broker/index.js";
import type { Actor, Clock, Outcome } from "../domain/index.js";
import type { Access } from "./access.js";
import type { Addresses } from "./addresses.js";
import { problem } from "./contract/index.js";
import { streamDownload } from "./download.js";
import { sendProblem, type Log } from "./refusals.js";
import type { SessionCookie } from "./session-cookie.js";
import type { Tethers } from "./tethers.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Set by the entry hook on every route that is not public. */
    actor: Actor | null;
  }
}

export interface RouteDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: Addresses;
  readonly cookie: SessionCookie;
  readonly sshPublic: { readonly host: string; readonly port: number };
  readonly tethers: Tethers;
}

type Shape = z.ZodType | undefined;
type Parsed<S extends Shape> = S extends z.ZodType ? z.output<S> : undefined;
type Sent<S extends Shape> = S extends z.ZodType ? z.input<S> : void;

export interface Call<P extends Shape, Q extends Shape, B extends Shape> {
  readonly params: Parsed<P>;
  readonly query: Parsed<Q>;
  readonly body: Parsed<B>;
  readonly actor: Actor;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

interface Spec<P extends Shape, Q extends Shape, B extends Shape> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly access: Access;
  readonly tag: string;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Open also to who must change his password first; nothing else is. */
  readonly openWhenOverdue?: true;
  /** A tighter bound than the general one, for routes that check secrets. */
  readonly triesPerMinute?: number;
}

export interface RouteSpec<P extends Shape, Q extends Shape, B extends Shape, A extends Shape> extends Spec<P, Q, B> {
  /** Absent: 204. */
  readonly answer?: A;
  readonly status?: 200 | 201;
  run(call: Call<P, Q, B>): Promise<Outcome<Sent<A>>>;
}

export interface DownloadSpec<P extends Shape, Q extends Shape> extends Spec<P, Q, undefined> {
  readonly mediaType: string;
  fileName(call: Call<P, Q, undefined>): string;
  run(call: Call<P, Q, undefined>): Promise<Outcome<AsyncIterable<Uint8Array | string>>>;
}

/** A file sent as the body itself, and bounded on its own. */
export interface UploadSpec<P extends Shape, Q extends Shape, A extends z.ZodType> extends Spec<P, Q, undefined> {
  readonly mostBytes: number;
  readonly answer: A;
  run(call: Call<P, Q, undefined>, bytes: Uint8Array): Promise<Outcome<Sent<A>>>;
}

/** A picture shown in place, as PNG. */
export interface PictureSpec<P extends Shape, Q extends Shape> extends Spec<P, Q, undefined> {
  run(call: Call<P, Q, undefined>): Promise<Outcome<Uint8Array>>;
}

/** A small picture has at most 240 × 240 pixels or so; raw, that is less. */
const PICTURE_MOST_BYTES = 512 * 1024;
const FILE_MEDIA_TYPE = "application/octet-stream";

function options<P extends Shape, Q extends Shape, B extends Shape>(
  spec: Spec<P, Q, B>,
  response: Record<string, unknown>,
) {
  return {
    method: spec.method,
    url: spec.url,
    config: {
      access: spec.access,
      ...(spec.openWhenOverdue === undefined ? {} : { openWhenOverdue: spec.openWhenOverdue }),
      ...(spec.triesPerMinute === undefined ? {} : { rateLimit: { max: spec.triesPerMinute, timeWindow: 60_000 } }),
    },
    schema: {
      tags: [spec.tag],
      summary: spec.summary,
      ...(spec.access === "public" ? { security: [] } : {}),
      ...(spec.params === undefined ? {} : { params: spec.params }),
      ...(spec.query === undefined ? {} : { querystring: spec.query }),
      ...(spec.body === undefined ? {} : { body: spec.body }),
      response: {
        ...response,
        default: { description: "A problem", content: { "application/problem+json": { schema: problem } } },
      },
    },
  };
}

function callOf<P extends Shape, Q extends Shape, B extends Shape>(
  request: FastifyRequest,
  reply: FastifyReply,
): Call<P, Q, B> {
  return {
    params: request.params as Parsed<P>,
    query: request.query as Parsed<Q>,
    body: request.body as Parsed<B>,
    get actor(): Actor {
      if (request.actor === null) throw new Error("a public route has no actor");
      return request.actor;
    },
    request,
    reply,
  };
}

/** Registers a route that answers JSON, or nothing. */
export function route<
  P extends Shape = undefined,
  Q extends Shape = undefined,
  B extends Shape = undefined,
  A extends Shape = undefined,
>(app: FastifyInstance, spec: RouteSpec<P, Q, B, A>): void {
  const status = spec.answer === undefined ? 204 : (spec.status ?? 200);
  app.route({
    ...options(spec, { [status]: spec.answer ?? z.null().meta({ description: "Done" }) }),
    async handler(request, reply) {
      const outcome = await spec.run(callOf<P, Q, B>(request, reply));
      if (!outcome.ok) return sendProblem(request, reply, outcome.code, outcome);
      return spec.answer === undefined ? reply.code(204).send() : reply.code(status).send(outcome.value);
    },
  });
}

/** Registers a route that takes a file (`application/octet-stream`) and nothing else; past its bound the body is not read on. */
export function upload<A extends z.ZodType, P extends Shape = undefined, Q extends Shape = undefined>(
  app: FastifyInstance,
  spec: UploadSpec<P, Q, A>,
): void {
  const described = options(spec, { 200: spec.answer });
  void app.register((within, _options, registered) => {
    within.removeAllContentTypeParsers();
    within.addContentTypeParser(
      FILE_MEDIA_TYPE,
      { parseAs: "buffer", bodyLimit: spec.mostBytes },
      (_request, body, parsed) => {
        parsed(null, body);
      },
    );
    within.route({
      ...described,
      schema: { ...described.schema, consumes: [FILE_MEDIA_TYPE] },
      bodyLimit: spec.mostBytes,
      async handler(request, reply) {
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const outcome = await spec.run(callOf<P, Q, undefined>(request, reply), bytes);
        if (!outcome.ok) return sendProblem(request, reply, outcome.code, outcome);
        return reply.code(200).send(outcome.value);
      },
    });
    registered();
  });
}

/** Registers a route that answers one small PNG; a larger one is a bug and is not sent. */
export function picture<P extends Shape = undefined, Q extends Shape = undefined>(
  app: FastifyInstance,
  spec: PictureSpec<P, Q>,
): void {
  const png = { description: "The picture", content: { "image/png": { schema: z.string() } } };
  app.route({
    ...options(spec, { 200: png }),
    async handler(request, reply) {
      const outcome = await spec.run(callOf<P, Q, undefined>(request, reply));
      if (!outcome.ok) return sendProblem(request, reply, outcome.code, outcome);
      const { value } = outcome;
      if (value.byteLength > PICTURE_MOST_BYTES) throw new Error("a picture is larger than any may be");
      return reply.type("image/png").header("x-content-type-options", "nosniff").send(value);
    },
  });
}

/** Registers a route that streams a file to keep. It ends within two seconds of the reader's right. */
export function download<P extends Shape = undefined, Q extends Shape = undefined>(
  app: FastifyInstance,
  deps: Pick<RouteDeps, "broker" | "cookie" | "addresses" | "log" | "tethers">,
  spec: DownloadSpec<P, Q>,
): void {
  const file = {
    description: "The file",
    content: { [spec.mediaType.split(";", 1)[0] ?? ""]: { schema: z.string() } },
  };
  app.route({
    ...options(spec, { 200: file }),
    async handler(request, reply) {
      const call = callOf<P, Q, undefined>(request, reply);
      const outcome = await spec.run(call);
      if (!outcome.ok) return sendProblem(request, reply, outcome.code, outcome);
      return streamDownload(deps, call, spec, outcome.value);
    },
  });
}
