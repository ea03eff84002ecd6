/**
 * `gatehouse doctor`: says what is configured and whether each part works, without changing anything. One line a check;
 * exit code 1 when one fails. `--ready` only asks a running gateway, for health checks.
 */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { ConfigError, EVERY_ADDRESS, readConfig, type Config } from "../config.js";
import { assertNativeBinding } from "../doors/ssh/index.js";
import { systemClock } from "../main.js";
import { loadPolicy } from "../policy/index.js";
import { directoryQuestions } from "./doctor-directories.js";
import { checkDrive, checkGuacd, reachable } from "./doctor-guacd.js";
import { certificate, masterKey, timeZone } from "./doctor-machine.js";
import { database, envelopes, recordings } from "./doctor-stores.js";
import { doctorTexts, type DoctorTexts } from "./doctor-texts.js";

/** Before it no version is kept up any more. */
const OLDEST_NODE = 22;

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

/** The status of `/readyz` over the gateway's own listener; the certificate is ours, so it is not judged here. */
function readyStatus(config: Config): Promise<number> {
  const host = EVERY_ADDRESS.includes(config.httpListen.host) ? "127.0.0.1" : config.httpListen.host;
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

async function readiness(config: Config, texts: DoctorTexts): Promise<string> {
  const status = await readyStatus(config);
  if (status !== 200) throw new Error(texts.notReady(String(status)));
  return texts.serves();
}

function node(texts: DoctorTexts): string {
  const [major = 0] = process.versions.node.split(".").map(Number);
  return (major < OLDEST_NODE ? texts.nodeOld : texts.node)(process.version);
}

async function policy(config: Config, texts: DoctorTexts): Promise<string> {
  return texts.policy(config.policies, (await loadPolicy(config.policies)).digest.slice(0, 12));
}

async function checks(config: Config, texts: DoctorTexts): Promise<Check[]> {
  const now = systemClock.now();
  return [
    await check("configuration", () => texts.configuration(config.data, config.publicUrl)),
    await check("node", () => node(texts)),
    await check("native ssh", () => {
      assertNativeBinding();
      return texts.native();
    }),
    await check("master key", () => masterKey(config, texts)),
    await check("time zone", () => timeZone(config, texts, now)),
    await check("certificate", () => certificate(config, texts, now)),
    await check("policy", () => policy(config, texts)),
    await check("database", () => database(config, texts)),
    await check("recordings", () => recordings(config, texts)),
    await check("break-glass", () => envelopes(config, texts)),
    ...(await Promise.all(directoryQuestions(config, systemClock, texts).map(({ what, look }) => check(what, look)))),
    await check("guacd", () => checkGuacd(config.guacd, texts)),
    await check("drive", () => checkDrive(config, texts)),
    await check("gateway", async () =>
      (await reachable(config.sshListen)) ? readiness(config, texts) : texts.notHere(),
    ),
  ];
}

export async function doctor(input: {
  readonly root: string;
  readonly json: boolean;
  readonly readyOnly: boolean;
}): Promise<number> {
  const texts = doctorTexts(process.env);
  let config: Config;
  try {
    config = readConfig(process.env, { demo: false, root: input.root });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults) process.stdout.write(`FAIL  configuration: ${fault}\n`);
    return 1;
  }
  const found = input.readyOnly
    ? [await check("gateway", () => readiness(config, texts))]
    : await checks(config, texts);
  for (const { what, ok, detail } of found) {
    process.stdout.write(
      input.json ? `${JSON.stringify({ what, ok, detail })}\n` : `${ok ? "ok  " : "FAIL"}  ${what}: ${detail}\n`,
    );
  }
  return found.every(({ ok }) => ok) ? 0 : 1;
}
