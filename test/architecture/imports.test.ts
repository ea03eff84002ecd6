/** Reads every import in the tree and holds the table of ARCHITECTURE.md: which room may import which, and which packages. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

interface Room {
  readonly rooms: readonly string[];
  /** Bare module names; a name that ends in `/` is a prefix. */
  readonly packages: readonly string[];
  /** May import `node:` modules. */
  readonly node: boolean | readonly string[];
}

const ROOMS: Readonly<Record<string, Room>> = {
  "recordings/codec": { rooms: [], packages: [], node: false },
  "gateway/domain": { rooms: [], packages: [], node: false },
  "gateway/policy": {
    rooms: ["gateway/domain"],
    packages: ["@cedar-policy/cedar-wasm", "@cedar-policy/", "re2js", "web-tree-sitter", "tree-sitter-bash", "yaml"],
    node: true,
  },
  "gateway/vault": {
    rooms: ["gateway/domain"],
    packages: ["argon2", "otplib", "@simplewebauthn/server", "@zxcvbn-ts/language-common"],
    node: true,
  },
  "gateway/text": {
    rooms: ["gateway/domain"],
    packages: ["csv-parse", "csv-parse/", "csv-stringify", "csv-stringify/", "unhomoglyph"],
    node: true,
  },
  "gateway/directory": { rooms: ["gateway/domain"], packages: ["openid-client", "ldapts"], node: true },
  "gateway/recording": {
    rooms: ["gateway/domain", "recordings/codec"],
    packages: ["zstd-napi", "@xterm/headless", "@xterm/addon-serialize", "@napi-rs/canvas"],
    node: true,
  },
  "gateway/broker": {
    rooms: ["gateway/domain", "gateway/policy", "gateway/text", "gateway/vault", "gateway/recording"],
    packages: [],
    node: ["node:crypto", "node:net", "node:timers"],
  },
  "gateway/storage": {
    rooms: ["gateway/domain"],
    packages: ["typeorm", "better-sqlite3", "pg", "@aws-sdk/", "uuid", "canonicalize"],
    node: true,
  },
  "gateway/doors/rdp": {
    rooms: ["gateway/domain", "gateway/broker", "recordings/codec"],
    packages: ["guacamole-lite", "guacamole-lite/", "ws"],
    node: true,
  },
  "gateway/doors/ssh": { rooms: ["gateway/domain", "gateway/broker"], packages: ["ssh2"], node: true },
  "gateway/http": {
    rooms: ["gateway/domain", "gateway/broker"],
    packages: [
      "fastify",
      "@fastify/",
      "fastify-type-provider-zod",
      "zod",
      "prom-client",
      "qrcode",
      "scim2-parse-filter",
    ],
    node: true,
  },
  "gateway/live": {
    rooms: ["gateway/domain", "gateway/broker", "recordings/codec"],
    packages: ["socket.io"],
    node: true,
  },
  web: {
    rooms: ["recordings/codec", "gateway/http/contract"],
    packages: [
      "diff",
      "vue",
      "vue-router",
      "vue-i18n",
      "pinia",
      "element-plus",
      "@xterm/",
      "guacamole-common-js",
      "@simplewebauthn/browser",
      "socket.io-client",
      "echarts",
      "vite",
      "@vitejs/plugin-vue",
      "@vue/",
      "zod",
    ],
    node: false,
  },
};

function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => path === room || path.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

function importsOf(file: string): string[] {
  let text = readFileSync(file, "utf8");
  if (file.endsWith(".vue"))
    text = [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join("\n");
  return ts.preProcessFile(text, true, true).importedFiles.map((found) => found.fileName);
}

function sources(): string[] {
  return ["gateway", "recordings", "web"]
    .flatMap((top) =>
      readdirSync(join(ROOT, top), { recursive: true, encoding: "utf8" }).map((name) => join(top, name)),
    )
    .filter((path) => /\.(ts|vue)$/.test(path) && !path.endsWith(".d.ts"))
    .filter(
      (path) =>
        !path.endsWith(".test.ts") && !path.endsWith("vite.config.ts") && !path.startsWith("recordings/vectors/"),
    )
    .sort();
}

function faultsOf(path: string): string[] {
  const room = roomOf(path);
  if (room === undefined) return [];
  const rule = ROOMS[room];
  if (rule === undefined) return [];
  return importsOf(join(ROOT, path)).flatMap((name) => {
    if (name.startsWith(".")) {
      const target = relative(ROOT, resolve(ROOT, dirname(path), name));
      const other =
        rule.rooms.find((allowed) => target === allowed || target.startsWith(`${allowed}/`)) ?? roomOf(target);
      if (other === room || (other !== undefined && rule.rooms.includes(other))) return [];
      if (room === "web" && target.startsWith("web/")) return [];
      return [`${path}: ${room} may not import ${target}`];
    }
    if (name.startsWith("node:")) {
      const allowed = rule.node === true || (Array.isArray(rule.node) && rule.node.includes(name));
      return allowed ? [] : [`${path}: ${room} may not import ${name}`];
    }
    const known = rule.packages.some(
      (allowed) => name === allowed || name.startsWith(allowed.endsWith("/") ? allowed : `${allowed}/`),
    );
    return known ? [] : [`${path}: ${room} may not import the package ${name}`];
  });
}

describe("the import table", () => {
  const files = sources();

  test("reads a whole house", () => {
    expect(files.length).toBeGreaterThan(60);
  });

  test("holds for every file", () => {
    expect(files.flatMap(faultsOf)).toEqual([]);
  });

  test("rooms other than their own index are imported only through it", () => {
    const deep = files.flatMap((path) => {
      const room = roomOf(path);
      return importsOf(join(ROOT, path)).flatMap((name) => {
        if (!name.startsWith(".")) return [];
        const target = relative(ROOT, resolve(ROOT, dirname(path), name));
        const other = roomOf(target);
        if (other === undefined || other === room || target === `${other}/index.js`) return [];
        if (room === "web" && target.startsWith("gateway/http/contract/")) return [];
        return room === undefined ? [] : [`${path} reaches into ${target}`];
      });
    });
    expect(deep).toEqual([]);
  });

  test("pure rooms draw no clock and no dice", () => {
    const impure = files
      .filter((path) => ["gateway/domain", "recordings/codec", "gateway/policy"].includes(roomOf(path) ?? ""))
      .filter((path) =>
        /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\bsetTimeout\b|\bsetInterval\b/.test(
          readFileSync(join(ROOT, path), "utf8"),
        ),
      );
    expect(impure).toEqual([]);
  });

  test("nobody but the composition root reads the wall clock", () => {
    const reading = files.filter(
      (path) =>
        path.startsWith("gateway/") &&
        roomOf(path) !== undefined &&
        /\bDate\.now\(\)|\bnew Date\(\)/.test(readFileSync(join(ROOT, path), "utf8")),
    );
    expect(reading).toEqual([]);
  });

  test("only open-session mints an admission, and only open-input a proof of two persons", () => {
    const minting = files.filter((path) => /\bAdmission\.mint\(/.test(readFileSync(join(ROOT, path), "utf8")));
    expect(minting).toEqual(["gateway/broker/open-session.ts"]);
  });

  test("the environment is read by the configuration alone", () => {
    const reading = files.filter(
      (path) => /\bprocess\.env\b/.test(readFileSync(join(ROOT, path), "utf8")) && !path.startsWith("gateway/cli/"),
    );
    expect(reading).toEqual([]);
  });

  test("no folder is called shared, common or utils", () => {
    expect(files.filter((path) => /\/(shared|common|utils?|helpers?)\//.test(path))).toEqual([]);
  });

  test("no source file grows past 400 lines", () => {
    const long = files.filter(
      (path) => !path.includes("/locales/") && readFileSync(join(ROOT, path), "utf8").split("\n").length > 401,
    );
    expect(long).toEqual([]);
  });
});
