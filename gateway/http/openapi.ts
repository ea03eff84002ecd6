/** The API's description, OpenAPI 3.1, made from the very schemas that check the input. */
import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { SessionCookie } from "./session-cookie.js";

/** zod marks read-only arrays `readOnly`, which in OpenAPI means something else. */
const zodToJsonConfig = {
  override(context: { readonly jsonSchema: Record<string, unknown> }): void {
    delete context.jsonSchema["readOnly"];
  },
};

const describeRoute = createJsonSchemaTransform({ zodToJsonConfig });
const describeComponents = createJsonSchemaTransformObject({ zodToJsonConfig });

/** @param version of this product. */
export function openapiOptions(cookie: SessionCookie, version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Gatehouse",
        version,
        description:
          "Privileged-access bastion and session recorder. Errors are RFC 9457 problem documents with a stable `code`; " +
          "lists page by `cursor`. Changing requests carry the header `x-gatehouse: 1`.",
      },
      components: { securitySchemes: { session: { type: "apiKey", in: "cookie", name: cookie.name } } },
      security: [{ session: [] }],
    },
    transform(document) {
      const described = describeRoute(document);
      // A file is the body itself: there is no schema of it to describe, only its media type.
      if (described.schema.consumes === undefined) return described;
      return { ...described, schema: { ...described.schema, body: { description: "The file" } } };
    },
    transformObject(document) {
      const described = describeComponents(document);
      // Only answers refer to a named schema; the same schema as an input is not used.
      if ("components" in described) delete described.components?.schemas?.["ProblemInput"];
      return described;
    },
  };
}
