/** SCIM's own error answers (RFC 7644 §3.12). Nothing of what came in is repeated. */
import type { FastifyReply } from "fastify";
import type { ErrorCode, Outcome } from "../../domain/index.js";
import { SCIM_MEDIA_TYPE } from "../contract/index.js";
import { statusOf } from "../problems.js";

export type ScimType =
  "invalidFilter" | "invalidPath" | "invalidValue" | "invalidSyntax" | "mutability" | "uniqueness" | "tooMany";

/** Ends a SCIM request with an answer of its form. */
export class ScimFault extends Error {
  override readonly name = "ScimFault";
  readonly status: number;
  readonly scimType: ScimType | undefined;
  readonly retryAfterMs: number | undefined;
  constructor(
    status: number,
    detail: string,
    more: { readonly scimType?: ScimType; readonly retryAfterMs?: number } = {},
  ) {
    super(detail);
    this.status = status;
    this.scimType = more.scimType;
    this.retryAfterMs = more.retryAfterMs;
  }
}

const SAID: Partial<
  Record<ErrorCode, { readonly status: number; readonly detail: string; readonly scimType?: ScimType }>
> = {
  unauthenticated: { status: 401, detail: "the token does not stand" },
  "not-found": { status: 404, detail: "there is no such resource" },
  "invalid-input": { status: 400, detail: "a value is not acceptable", scimType: "invalidValue" },
  conflict: { status: 409, detail: "it collides with something that exists", scimType: "uniqueness" },
  "last-of-power": { status: 409, detail: "nobody else could do this person's part" },
  "needs-second-person": { status: 403, detail: "two persons must do this here" },
  forbidden: { status: 403, detail: "people here decided otherwise" },
};

/** The value of an outcome; a refusal becomes a fault. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  const said = SAID[outcome.code] ?? { status: statusOf(outcome.code), detail: outcome.code };
  const field = outcome.field === undefined ? "" : ` (${outcome.field})`;
  throw new ScimFault(said.status, `${said.detail}${field}`, {
    ...(said.scimType === undefined ? {} : { scimType: said.scimType }),
    ...(outcome.retryAfterMs === undefined ? {} : { retryAfterMs: outcome.retryAfterMs }),
  });
}

export function sendFault(
  reply: FastifyReply,
  fault: Pick<ScimFault, "status" | "message" | "scimType" | "retryAfterMs">,
) {
  if (fault.status === 401) void reply.header("www-authenticate", 'Bearer realm="scim"');
  if (fault.retryAfterMs !== undefined) void reply.header("retry-after", Math.ceil(fault.retryAfterMs / 1000));
  return reply
    .code(fault.status)
    .header("cache-control", "no-store")
    .type(SCIM_MEDIA_TYPE)
    .serializer((document: unknown) => JSON.stringify(document))
    .send({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
      status: String(fault.status),
      ...(fault.scimType === undefined ? {} : { scimType: fault.scimType }),
      detail: fault.message,
    });
}
