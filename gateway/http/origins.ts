/**
 * Which page may speak to us. A request that changes something carries our own header (which a foreign page cannot set
 * without a preflight that we never answer) and, where the browser tells, comes from our own origin. An upgrade always
 * names its origin.
 */
import type { IncomingMessage } from "node:http";
import { CHANGE_HEADER, CHANGE_HEADER_VALUE } from "./contract/index.js";
import { isLoopbackAddress } from "./addresses.js";

export interface Origins {
  /** Whether a request of the API may go on: see the file's head. */
  admitsRequest(request: IncomingMessage): boolean;
  admitsUpgrade(request: IncomingMessage): boolean;
}

const SAFE_METHODS = new Set(["GET", "HEAD"]);

/**
 * @param publicUrl the address people type.
 * @param listening where we listen now; on loopback its own spellings are ours too.
 */
export function createOrigins(
  publicUrl: string,
  listening: () => { readonly host: string; readonly port: number; readonly tls: boolean },
): Origins {
  const publicOrigin = new URL(publicUrl).origin;
  const isOurs = (origin: string): boolean => {
    if (origin === publicOrigin) return true;
    const { host, port, tls } = listening();
    if (host !== "localhost" && !isLoopbackAddress(host)) return false;
    const scheme = tls ? "https" : "http";
    return ["localhost", "127.0.0.1", "[::1]"].some(
      (name) => origin === new URL(`${scheme}://${name}:${String(port)}`).origin,
    );
  };
  return {
    admitsRequest(request) {
      const { origin } = request.headers;
      const site = request.headers["sec-fetch-site"];
      if (site !== undefined && site !== "same-origin" && site !== "none") return false;
      if (SAFE_METHODS.has(request.method ?? "")) return true;
      if (request.headers[CHANGE_HEADER] !== CHANGE_HEADER_VALUE) return false;
      return origin === undefined || isOurs(origin);
    },
    admitsUpgrade: (request) => request.headers.origin !== undefined && isOurs(request.headers.origin),
  };
}
