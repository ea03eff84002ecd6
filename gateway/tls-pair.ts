/** The page's certificate and key, read from the files that the configuration names. What does not serve is told in one sentence with its key. */
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Config } from "./config.js";

interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Undefined when the page is plain. Throws one plain sentence when a file cannot be read or the two are not a pair in PEM. */
export function readTlsPair({ tlsCert, tlsKey }: Pick<Config, "tlsCert" | "tlsKey">): TlsPair | undefined {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const pair = { cert: read("GATEHOUSE_TLS_CERT", tlsCert), key: read("GATEHOUSE_TLS_KEY", tlsKey) };
  try {
    createSecureContext(pair);
  } catch (cause) {
    throw new Error(`${tlsCert} and ${tlsKey} are not a certificate in PEM and its own key`, { cause });
  }
  return pair;
}

function read(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`${setting}: ${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`, {
      cause,
    });
  }
}
