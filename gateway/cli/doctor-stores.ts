/**
 * What `gatehouse doctor` says of what the installation keeps: database, recordings, sealed envelopes. Nothing in them changes, and the
 * database keeps the schema it has.
 */
import { existsSync } from "node:fs";
import { envelopesOf } from "../broker/index.js";
import type { Config } from "../config.js";
import { lookAtStores, openRecordings } from "../main.js";
import type { DoctorTexts } from "./doctor-texts.js";

export async function database(config: Config, texts: DoctorTexts): Promise<string> {
  if (isMissing(config.databaseUrl, "sqlite:")) return texts.later();
  const stores = await lookAtStores(config);
  await stores.ping().finally(() => stores.close());
  const url = config.databaseUrl.replace(/:[^:@/]*@/, ":…@");
  if (stores.schema === "empty") return texts.databaseEmpty(url);
  return stores.schema === "older" ? texts.databaseOlder(url) : texts.database(url);
}

export async function recordings(config: Config, texts: DoctorTexts): Promise<string> {
  const { recordingsUrl: url } = config;
  if (isMissing(url, "file:")) return texts.later();
  const health = await (await openRecordings(config)).health();
  if (!health.writable) throw new Error(texts.recordingsShut(url));
  if (health.freeBytes < config.reserveBytes) throw new Error(texts.recordingsFull(url));
  return texts.recordings(url, (health.freeBytes / 1024 ** 3).toFixed(1));
}

/** Whether each power has an envelope that opens. */
export async function envelopes(config: Config, texts: DoctorTexts): Promise<string> {
  if (isMissing(config.databaseUrl, "sqlite:")) return texts.tooEarly();
  const stores = await lookAtStores(config);
  try {
    const found = stores.schema === "current" ? await envelopesOf(stores.read) : undefined;
    if (found === undefined) return texts.tooEarly();
    if (found.sealedAt === null) throw new Error(texts.neverSealed());
    if (found.missing.length > 0) throw new Error(texts.missing(found.missing.join(", ")));
    return texts.sealed(new Date(found.sealedAt).toISOString().slice(0, 10));
  } finally {
    await stores.close();
  }
}

const isMissing = (url: string, scheme: "sqlite:" | "file:"): boolean =>
  url.startsWith(scheme) && !existsSync(url.slice(scheme.length));
