/**
 * `gatehouse doctor`: says what is configured and whether each part works, without changing anything. One line a check;
 * exit code 1 when one fails. `--ready` only asks a running gateway, for health checks.
 */
import { existsSync, statSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { envelopesOf } from "../broker/index.js";
import { ConfigError, readConfig, type Config } from "../config.js";
import { openRecordings, openStores, systemClock } from "../main.js";
import { loadPolicy } from "../policy/index.js";
import { assertNativeBinding } from "../doors/ssh/index.js";
import { directoryQuestions } from "./doctor-directories.js";
import { doctorTexts, type DoctorTexts } from "./doctor-texts.js";
import { checkDrive, checkGuacd, reachable } from "./doctor-guacd.js";
import { asId, type Clock, type NodeId } from "../domain/index.js";

interface Check {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

async function check(what: string, look: () => Promise<string> | string): Promise<Check> {
  try {
    return { what, ok: true, detail: await look() };
  } catch (error) {
    return { what, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function keyFile(path: string): string {
  if (!existsSync(path)) return `${path} is not there yet; the first start makes it`;
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) !== 0)
    throw new Error(`${path} has mode ${mode.toString(8)}; others must not read it: chmod 600 ${path}`);
  return `${path}, mode ${mode.toString(8)}`;
}

/** The status of `/readyz` over the gateway's own listener; the certificate is ours, so it is not judged here. */
function readyStatus(config: Config): Promise<number> {
  const host = ["0.0.0.0", "::"].includes(config.httpListen.host) ? "127.0.0.1" : config.httpListen.host;
  const options = { host, port: config.httpListen.port, path: "/readyz", timeout: 5_000 };
  return new Promise((resolve, reject) => {
    const request =
      config.tlsCert === undefined ? requestHttp(options) : requestHttps({ ...options, rejectUnauthorized: false });
    request.once("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.once("timeout", () => request.destroy(new Error("no answer within 5 s")));
    request.once("error", reject);
    request.end();
  });
}

async function readiness(config: Config): Promise<string> {
  const status = await readyStatus(config);
  if (status !== 200) throw new Error(`/readyz answers ${status}`);
  return "a gateway serves here and is ready";
}

const texts = (): DoctorTexts => doctorTexts(process.env);

/** Whether each power has an envelope that opens. */
async function envelopes(config: Config, node: { readonly clock: Clock; readonly nodeId: NodeId }): Promise<string> {
  if (isMissing(config.databaseUrl, "sqlite:")) return texts().tooEarly();
  const stores = await openStores(config, node.clock, node.nodeId);
  const found = await envelopesOf(stores.read).finally(() => stores.close());
  if (found === undefined) return texts().tooEarly();
  if (found.sealedAt === null) throw new Error(texts().neverSealed());
  if (found.missing.length > 0) throw new Error(texts().missing(found.missing.join(", ")));
  return texts().sealed(new Date(found.sealedAt).toISOString().slice(0, 10));
}

const isMissing = (url: string, scheme: "sqlite:" | "file:"): boolean =>
  url.startsWith(scheme) && !existsSync(url.slice(scheme.length));

async function checks(config: Config): Promise<Check[]> {
  const node = { clock: systemClock, nodeId: asId<NodeId>("doctor") };
  return [
    await check("configuration", () => `data in ${config.data}, page at ${config.publicUrl}`),
    await check("node", () => {
      const [major = 0] = process.versions.node.split(".").map(Number);
      return `${process.version}${major < 22 ? " (past its end of life; a newer one is better)" : ""}`;
    }),
    await check("native ssh", () => {
      assertNativeBinding();
      return "the compiled part is present";
    }),
    await check("master key", () => keyFile(config.masterKeyFile)),
    await check(
      "policy",
      async () => `${config.policies}, digest ${(await loadPolicy(config.policies)).digest.slice(0, 12)}`,
    ),
    await check("database", async () => {
      if (isMissing(config.databaseUrl, "sqlite:")) return "not there yet; the first start makes it";
      const stores = await openStores(config, node.clock, node.nodeId);
      await stores.ping();
      await stores.close();
      return config.databaseUrl.replace(/:[^:@/]*@/, ":…@");
    }),
    await check("recordings", async () => {
      if (isMissing(config.recordingsUrl, "file:")) return "not there yet; the first start makes it";
      const health = await (await openRecordings(config)).health();
      if (!health.writable) throw new Error(`${config.recordingsUrl} cannot be written`);
      if (health.freeBytes < config.reserveBytes)
        throw new Error(`${config.recordingsUrl} has less than the reserve free: no session will open`);
      return `${config.recordingsUrl}, ${(health.freeBytes / 1024 ** 3).toFixed(1)} GiB free`;
    }),
    await check("break-glass", () => envelopes(config, node)),
    ...(await Promise.all(directoryQuestions(config, node.clock, texts()).map(({ what, look }) => check(what, look)))),
    await check("guacd", () => checkGuacd(config.guacd)),
    await check("drive", () => checkDrive(config)),
    await check("gateway", async () => ((await reachable(config.sshListen)) ? readiness(config) : "not running here")),
  ];
}

export async function doctor(input: {
  readonly root: string;
  readonly json: boolean;
  readonly readyOnly: boolean;
}): Promise<number> {
  let config: Config;
  try {
    config = readConfig(process.env, { demo: false, root: input.root });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults) process.stdout.write(`FAIL  configuration: ${fault}\n`);
    return 1;
  }
  const found = input.readyOnly ? [await check("gateway", () => readiness(config))] : await checks(config);
  for (const { what, ok, detail } of found) {
    process.stdout.write(
      input.json ? `${JSON.stringify({ what, ok, detail })}\n` : `${ok ? "ok  " : "FAIL"}  ${what}: ${detail}\n`,
    );
  }
  return found.every(({ ok }) => ok) ? 0 : 1;
}
