/**
 * What `gatehouse doctor` says of what this machine holds: the master key, the clock's zone, the page's certificate. Each check answers
 * one line for people or throws one.
 */
import { X509Certificate } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { createCalendar, zoneOf } from "../calendar.js";
import { hostOf, type Config } from "../config.js";
import { readTlsPair } from "../tls-pair.js";
import { openVault } from "../vault/index.js";
import type { DoctorTexts } from "./doctor-texts.js";

/** Sooner than so a certificate has to be renewed now. */
const CERTIFICATE_LEFT_MS = 14 * 86_400_000;

/** Whether the master key is safe and opens what was sealed under it: after a restore, whether the two belong together. */
export async function masterKey(config: Pick<Config, "masterKeyFile" | "data">, texts: DoctorTexts): Promise<string> {
  const { masterKeyFile: path, data } = config;
  const isSealed = existsSync(join(data, "keys", "evidence.key"));
  if (!existsSync(path) && !isSealed) return texts.keyLater(path);
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) !== 0) throw new Error(texts.keyOpen(path, (mode & 0o777).toString(8)));
  await openVault({ keyFile: path, dataFolder: data, create: false });
  return texts.key(path);
}

export function timeZone(config: Pick<Config, "timeZone">, texts: DoctorTexts, now: number): string {
  const { zone } = createCalendar(zoneOf(config));
  const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  const told = config.timeZone === undefined ? texts.zoneGuessed : texts.zone;
  return told(zone, clock.format(now));
}

/** Whether browsers would take the page's certificate under the name that people type, and for how long. */
export function certificate(
  config: Pick<Config, "tlsCert" | "tlsKey" | "publicUrl">,
  texts: DoctorTexts,
  now: number,
): string {
  const pair = readTlsPair(config);
  const path = config.tlsCert;
  if (pair === undefined || path === undefined)
    return config.publicUrl.startsWith("https:") ? texts.atProxy() : texts.plain();
  const found = new X509Certificate(pair.cert);
  const host = hostOf(config.publicUrl);
  const [from, to] = [Date.parse(found.validFrom), Date.parse(found.validTo)];
  if (now < from) throw new Error(texts.certificateEarly(path, dayOf(from)));
  if (to - now < CERTIFICATE_LEFT_MS) throw new Error(texts.certificateOver(path, dayOf(to)));
  const named = isIP(host) === 0 ? found.checkHost(host, { subject: "never" }) : found.checkIP(host);
  if (named === undefined) throw new Error(texts.certificateOther(path, host));
  return texts.certificate(path, host, dayOf(to));
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
