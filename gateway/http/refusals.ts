/**
 * The one place where an exception becomes an answer. Expected refusals arrive as `Refusal`; everything else is an error
 * of the request (fastify's own) or a bug, which is logged once with its stack and answered as `internal`.
 */
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { GatehouseError } from "../domain/index.js";
import type { ProblemCode } from "./contract/index.js";
import { PROBLEM_MEDIA_TYPE, problemOf, statusOf } from "./problems.js";

export type Log = (
  level: "info" | "warn" | "error",
  message: string,
  detail?: Readonly<Record<string, unknown>>,
) => void;

/** Thrown by hooks to end a request with a code; not an error worth a log line. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ProblemCode;
  readonly retryAfterMs: number | undefined;
  constructor(code: ProblemCode, retryAfterMs?: number) {
    super(code);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Answers with the problem document of `code`. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  code: ProblemCode,
  more: { readonly field?: string; readonly retryAfterMs?: number } = {},
): FastifyReply {
  if (more.retryAfterMs !== undefined) void reply.header("retry-after", Math.ceil(more.retryAfterMs / 1000));
  // Serialised here: fastify would otherwise look for a response schema that fits the status.
  return reply
    .code(statusOf(code))
    .header("cache-control", "no-store")
    .type(PROBLEM_MEDIA_TYPE)
    .serializer((document: unknown) => JSON.stringify(document))
    .send(problemOf(code, request.id, more));
}

/** `/items/0/actions` → `items.0.actions`; never the name of a key the sender made up. */
function fieldOf(instancePath: string): string {
  return instancePath.split("/").filter(Boolean).join(".");
}

function codeOfFrameworkError(error: FastifyError): ProblemCode | undefined {
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") return "body-too-large";
  if (error.code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return "media-type";
  const status = error.statusCode ?? 500;
  if (status === 404) return "not-found";
  if (status >= 400 && status < 500) return "invalid-input";
  return undefined;
}

/** fastify's error handler. */
export function createErrorHandler(log: Log) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (error instanceof Refusal) {
      return sendProblem(
        request,
        reply,
        error.code,
        error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs },
      );
    }
    if (hasZodFastifySchemaValidationErrors(error)) {
      const field = fieldOf(error.validation[0]?.instancePath ?? "");
      return sendProblem(request, reply, "invalid-input", field === "" ? {} : { field });
    }
    if (error instanceof GatehouseError) {
      if (statusOf(error.code) >= 500) logFailure(log, request, error);
      return sendProblem(request, reply, error.code);
    }
    const code = codeOfFrameworkError(error as FastifyError);
    if (code !== undefined) return sendProblem(request, reply, code);
    logFailure(log, request, error);
    return sendProblem(request, reply, "internal");
  };
}

function logFailure(log: Log, request: FastifyRequest, error: unknown): void {
  log("error", "a request failed", {
    request: request.id,
    route: request.routeOptions.url ?? "unknown",
    error: error instanceof Error ? (error.stack ?? error.message) : "not an error",
    ...(error instanceof Error && error.cause instanceof Error ? { cause: error.cause.message } : {}),
  });
}
