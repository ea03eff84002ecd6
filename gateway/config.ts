/**
 * The only reader of the environment and of the configuration file. One schema for both; unknown keys are refused, and
 * each fault says which key, what is wrong and what to write instead. A secret is never taken from the command line.
 */
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const PREFIX = "GATEHOUSE_";

/** `host:port`, `[v6]:port`. */
const listenAddress = z
  .string()
  .max(255)
  .transform((text, context) => {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
    const port = Number(match?.[3]);
    if (match === null || port > 65_535) {
      context.addIssue({ code: "custom", message: `must read host:port, not ${JSON.stringify(text)}` });
      return z.NEVER;
    }
    return { host: match[1] ?? match[2] ?? "", port };
  });
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const list = z
  .union([z.array(z.string().max(300)), z.string().max(10_000)])
  .transform((value) =>
    (typeof value === "string" ? value.split(",") : value).map((part) => part.trim()).filter((part) => part !== ""),
  );
function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
const count = (least: number, most: number): z.ZodType<number> => z.coerce.number().int().min(least).max(most);

const schema = z
  .strictObject({
    data: z.string().min(1).default("./data"),
    sshListen: listenAddress.default({ host: "127.0.0.1", port: 2222 }),
    httpListen: listenAddress.default({ host: "127.0.0.1", port: 8080 }),
    /** What an operator types after `ssh -p`; the SSH listener unless told, or the page's host where that listens on every address. */
    sshPublic: listenAddress.optional(),
    publicUrl: z.url({ protocol: /^https?$/ }).default("http://localhost:8080"),
    tlsCert: z.string().optional(),
    tlsKey: z.string().optional(),
    trustedProxy: list.default([]),
    databaseUrl: z
      .string()
      .regex(/^(sqlite:|postgres(ql)?:\/\/)/, "must begin with sqlite: or postgres://")
      .optional(),
    recordingsUrl: z
      .string()
      .regex(/^(file:|s3:\/\/)/, "must begin with file: or s3://")
      .optional(),
    guacd: listenAddress.default({ host: "127.0.0.1", port: 4822 }),
    /** A folder shared with guacd, for desktops' files: as this process sees it, and as guacd does. Without it no files pass. */
    drive: z.string().min(1).optional(),
    guacdDrive: z.string().regex(/^\//, "must be an absolute path").optional(),
    /** Whether keys typed on desktops are kept, under the recording's input key. */
    desktopKeys: z.enum(["none", "sealed"]).default("none"),
    masterKeyFile: z.string().optional(),
    policies: z.string().optional(),
    nodeName: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/)
      .default("gatehouse-1"),
    /** `host:port` of targets on addresses that are otherwise refused (a lab, the demo's sandbox). */
    allowTargets: list.default([]),
    /** How long live sessions may go on after SIGTERM. */
    drainSeconds: count(0, 3_600).default(30),
    idleMinutes: count(1, 720).default(30),
    /** How often the node looks for what has fallen due: reviews, dormant accounts, retention, a changed policy folder, old links. */
    sweepSeconds: count(1, 60).default(60),
    maxSessions: count(1, 100_000).default(2_000),
    maxSessionsPerPerson: count(1, 10_000).default(16),
    keepBytes: count(0, 2 ** 40).default(64 * 1024 * 1024),
    sessionBytes: count(2 ** 20, 2 ** 46).default(8 * 1024 ** 3),
    sessionBytesPerSecond: count(2 ** 10, 2 ** 32).default(64 * 1024 * 1024),
    reserveBytes: count(0, 2 ** 46).default(1024 ** 3),
    sshConnections: count(1, 100_000).default(4_096),
    sshConnectionsPerAddress: count(1, 100_000).default(64),
    /** IANA name of the zone in which contracts' dates and working days are meant; this machine's unless told. */
    timeZone: z
      .string()
      .max(64)
      .refine(isZone, "is no time zone; write an IANA name, such as Asia/Shanghai")
      .optional(),
    oidcIssuer: z.url({ protocol: /^https?$/ }).optional(),
    oidcClientId: z.string().min(1).max(300).optional(),
    oidcClientSecretFile: z.string().min(1).optional(),
    /** What the button on the sign-in page says. */
    oidcName: z.string().min(1).max(60).default("OpenID Connect"),
    oidcGroupsClaim: z.string().min(1).max(60).default("groups"),
    /** Values of `amr` or `acr` that prove a second factor; none unless told. */
    oidcSecondFactor: list.default([]),
    ldapUrl: z
      .string()
      .regex(/^ldaps?:\/\//, "must begin with ldaps:// (or ldap:// with StartTLS)")
      .optional(),
    ldapStartTls: z.stringbool().or(z.boolean()).default(true),
    ldapCaFile: z.string().min(1).optional(),
    ldapBindDn: z.string().max(500).optional(),
    ldapBindPasswordFile: z.string().min(1).optional(),
    ldapBaseDn: z.string().max(500).optional(),
    /** The attribute that holds what people type. */
    ldapLoginAttribute: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]{0,59}$/)
      .default("uid"),
    ldapGroupBaseDn: z.string().max(500).optional(),
    /** Groups of a directory whose members are operators here; nothing else can be mapped. */
    operatorGroups: list.default([]),
    /** Whether a first sign-in by a directory makes the person. */
    justInTime: z.stringbool().or(z.boolean()).default(false),
    directoryCheckSeconds: count(5, 300).default(240),
    directoryGraceMinutes: count(5, 1_440).default(60),
    logLevel: z.enum(["debug", "info", "warn", "error"]).default("info"),
  })
  .readonly();

type Parsed = z.infer<typeof schema>;
export interface Config extends Parsed {
  readonly demo: boolean;
  readonly databaseUrl: string;
  readonly recordingsUrl: string;
  readonly masterKeyFile: string;
  readonly sshPublic: HostPort;
  readonly policies: string;
  readonly root: string;
}

/** What is wrong with the configuration, one line a fault, for people. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`the configuration was refused:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
    this.faults = faults;
  }
}

function camel(name: string): string {
  return name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function environmentKey(key: string): string {
  return PREFIX + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function fromEnvironment(environment: NodeJS.ProcessEnv): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith(PREFIX) && name !== `${PREFIX}CONFIG` && value !== undefined)
      found[camel(name.slice(PREFIX.length))] = value;
  }
  return found;
}

function fromFile(path: string | undefined): Record<string, unknown> {
  if (path === undefined) return {};
  if (!existsSync(path)) throw new ConfigError([`GATEHOUSE_CONFIG: there is no file ${path}`]);
  let content: unknown;
  try {
    content = parse(readFileSync(path, "utf8"), { maxAliasCount: 0 });
  } catch (cause) {
    throw new ConfigError([`GATEHOUSE_CONFIG: ${path} is not valid YAML: ${(cause as Error).message}`]);
  }
  if (content === null) return {};
  if (typeof content !== "object" || Array.isArray(content))
    throw new ConfigError([`GATEHOUSE_CONFIG: ${path} must hold keys and values`]);
  return content as Record<string, unknown>;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Listeners on these answer at every address of the machine; none of them is one that people could type. */
export const EVERY_ADDRESS: readonly string[] = ["0.0.0.0", "::"];

/** A URL's host as a socket takes it: an IPv6 address without brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}

/** Faults that concern more than one key. */
function crossFaults(config: Parsed, demo: boolean): string[] {
  const faults: string[] = [];
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
    faults.push("GATEHOUSE_TLS_CERT, GATEHOUSE_TLS_KEY: set both or neither");
  }
  const plain = config.tlsCert === undefined && config.trustedProxy.length === 0;
  if (!isLoopback(config.httpListen.host) && plain) {
    faults.push(
      `GATEHOUSE_HTTP_LISTEN: plain HTTP is served on loopback only; for ${config.httpListen.host} set GATEHOUSE_TLS_CERT and GATEHOUSE_TLS_KEY, or GATEHOUSE_TRUSTED_PROXY`,
    );
  }
  if (demo && !(isLoopback(config.httpListen.host) && isLoopback(config.sshListen.host))) {
    faults.push("--demo: a demo listens on loopback only");
  }
  if (config.guacdDrive !== undefined && config.drive === undefined) {
    faults.push("GATEHOUSE_GUACD_DRIVE: says how guacd sees GATEHOUSE_DRIVE, which is not set");
  }
  for (const target of config.allowTargets) {
    if (!listenAddress.safeParse(target).success)
      faults.push(`GATEHOUSE_ALLOW_TARGETS: ${JSON.stringify(target)} must read host:port`);
  }
  return faults;
}

/**
 * Reads the environment (and the YAML file that `GATEHOUSE_CONFIG` names; the environment wins), checks everything and
 * fills defaults. `root` is the folder the program lies in. Throws `ConfigError` with every fault at once.
 */
export function readConfig(
  environment: NodeJS.ProcessEnv,
  options: { readonly demo: boolean; readonly root: string },
): Config {
  const merged = { ...fromFile(environment[`${PREFIX}CONFIG`]), ...fromEnvironment(environment) };
  const parsed = schema.safeParse(merged);
  if (!parsed.success) {
    const faults = parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => `${environmentKey(key)}: there is no such setting`)
        : [`${environmentKey(String(issue.path[0] ?? ""))}: ${issue.message}`],
    );
    throw new ConfigError(faults);
  }
  const config = parsed.data;
  const faults = crossFaults(config, options.demo);
  if (faults.length > 0) throw new ConfigError(faults);
  const data = resolve(config.data);
  return {
    ...config,
    data,
    demo: options.demo,
    root: options.root,
    databaseUrl: config.databaseUrl ?? `sqlite:${join(data, "gatehouse.db")}`,
    recordingsUrl: config.recordingsUrl ?? `file:${join(data, "recordings")}`,
    masterKeyFile: resolve(config.masterKeyFile ?? join(data, "keys", "master.key")),
    sshPublic: config.sshPublic ?? {
      host: EVERY_ADDRESS.includes(config.sshListen.host) ? hostOf(config.publicUrl) : config.sshListen.host,
      port: config.sshListen.port,
    },
    policies: resolve(config.policies ?? join(options.root, "policies", "default")),
  };
}
