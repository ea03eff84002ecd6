/** The API's description is whole: OpenAPI 3.1 in structure, and exactly the routes there are. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFakeBroker } from "../support/fake-broker-http.js";
import { openDoor, type TestDoor } from "../support/http-door.js";

type Schema = Readonly<Record<string, unknown>>;
interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }
    >
  >;
  readonly security?: readonly unknown[];
}
interface Description {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>>; readonly securitySchemes: Schema };
}

const asDescribed = (method: string, url: string): string => `${method} ${url.replace(/:(\w+)/g, "{$1}")}`;

let test: TestDoor;
let description: Description;
let operations: { readonly name: string; readonly path: string; readonly operation: Operation }[];

beforeAll(async () => {
  test = await openDoor(createFakeBroker().broker);
  description = (await test.door.app.inject({ url: "/api/v1/openapi.json" })).json<Description>();
  operations = Object.entries(description.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, path, operation })),
  );
});
afterAll(() => test.door.close());

describe("the description of the API", () => {
  it("lists exactly the registered routes of the API", () => {
    const registered = test.door.routes
      .filter(({ url }) => url.startsWith("/api/v1/") && url !== "/api/v1/openapi.json")
      .map(({ method, url }) => asDescribed(method, url));
    expect(operations.map(({ name }) => name).sort()).toEqual(registered.sort());
    expect(operations.length).toBeGreaterThan(140);
  });

  it("is OpenAPI 3.1 whose every schema is valid JSON Schema 2020-12", () => {
    expect(description.openapi).toBe("3.1.0");
    expect(description.info.title).toBe("Gatehouse");
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: "root", components: description.components });
    let compiled = 0;
    const check = (schema: Schema | undefined): void => {
      if (schema === undefined) return;
      const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"root#/components')) as Schema;
      expect(() => ajv.compile(local)).not.toThrow();
      compiled += 1;
    };
    for (const { operation } of operations) {
      for (const { schema } of operation.parameters ?? []) check(schema);
      for (const { schema } of Object.values(operation.requestBody?.content ?? {})) check(schema);
      for (const response of Object.values(operation.responses)) {
        for (const { schema } of Object.values(response.content ?? {})) check(schema);
      }
    }
    expect(compiled).toBeGreaterThan(150);
  });

  it("names each operation, its parameters, its answer and its problems", () => {
    for (const { name, path, operation } of operations) {
      expect(operation.summary, name).toMatch(/^[A-Z]/);
      expect(operation.tags, name).toHaveLength(1);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const described = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect(
        described.map((parameter) => parameter.name),
        name,
      ).toEqual(inPath);
      expect(
        described.every((parameter) => parameter.required),
        name,
      ).toBe(true);
      const statuses = Object.keys(operation.responses);
      expect(
        statuses.filter((status) => /^20[014]$/.test(status)),
        name,
      ).toHaveLength(1);
      expect(operation.responses["default"]?.content, name).toEqual({
        "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
      });
      if (statuses.includes("204")) expect(operation.responses["204"]?.content, name).toBeUndefined();
    }
    expect(description.components.schemas["Problem"]).toMatchObject({
      required: ["type", "title", "status", "code", "instance"],
    });
  });

  it("says what is sent as a file: its media type, and nothing of its form", () => {
    const files = operations.filter(({ operation }) =>
      Object.keys(operation.requestBody?.content ?? {}).includes("application/octet-stream"),
    );
    expect(files.map(({ name }) => name).sort()).toEqual([
      "POST /api/v1/imports/{kind}",
      "PUT /api/v1/contracts/{id}/duties",
    ]);
    for (const { operation } of files)
      expect(operation.requestBody).toMatchObject({ required: true, description: "The file" });
  });

  it("says which operations need no session: those that are public, and no other", () => {
    const open = operations
      .filter(({ operation }) => operation.security?.length === 0)
      .map(({ name }) => name)
      .sort();
    const declared = test.door.routes
      .filter(({ url, access }) => access === "public" && url.startsWith("/api/v1/") && url !== "/api/v1/openapi.json")
      .map(({ method, url }) => asDescribed(method, url))
      .sort();
    expect(open).toEqual(declared);
    expect(open.filter((name) => !name.includes(" /api/v1/auth/"))).toEqual(["POST /api/v1/break-glass"]);
    expect(open).toHaveLength(18);
  });
});
