/**
 * How the command line speaks to a running gateway: over its API, as a signed-in person. The session's cookie lies in the
 * caller's state folder with mode 0600 until `sign-out`, its end, or anything that ends web sessions.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { sanitise } from "../domain/index.js";
import { writeWhole } from "./write-whole.js";

interface Kept {
  readonly url: string;
  readonly cookie: string;
}

function keptFile(environment: NodeJS.ProcessEnv): string {
  return join(environment["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "gatehouse", "session.json");
}

export function keepSession(kept: Kept): void {
  const file = keptFile(process.env);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeWhole(file, JSON.stringify(kept));
}

export function forgetSession(): void {
  rmSync(keptFile(process.env), { force: true });
}

/** The kept session; throws one line that says what to do when there is none. */
export function keptSession(): Kept {
  try {
    return JSON.parse(readFileSync(keptFile(process.env), "utf8")) as Kept;
  } catch (cause) {
    throw new Error("not signed in; run `gatehouse sign-in` first", { cause });
  }
}

/** What OpenSSL and Node call a certificate that is not taken. */
const CERTIFICATE = /CERT|ISSUER|UNABLE_TO_VERIFY|ALTNAME/;

/** Inside a unit the authority is often its own, which Node does not know until told: that is not silence. */
function silenceOf(url: string, failure: unknown): string {
  const inner = failure instanceof Error ? failure.cause : undefined;
  const code = inner instanceof Error && "code" in inner ? String(inner.code) : "";
  if (!CERTIFICATE.test(code)) return `${url} does not answer`;
  return `${url} shows a certificate that does not hold (${sanitise(code, 64)}); if its authority is your unit's own, name the authority's PEM file in NODE_EXTRA_CA_CERTS`;
}

/** One request; throws with the problem's code and title when the gateway refuses. */
export async function call(
  path: string,
  init: { readonly method?: string; readonly body?: unknown; readonly signal?: AbortSignal } = {},
  kept: Kept = keptSession(),
): Promise<Response> {
  const response = await fetch(new URL(`/api/v1${path}`, kept.url), {
    method: init.method ?? "GET",
    // A gateway sends nobody on: what is sent along, a password too, is for this address alone.
    redirect: "error",
    headers: {
      "x-gatehouse": "1",
      origin: new URL(kept.url).origin,
      ...(kept.cookie === "" ? {} : { cookie: kept.cookie }),
      ...(init.body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    ...(init.signal === undefined ? {} : { signal: init.signal }),
  }).catch((cause: unknown) => {
    throw new Error(silenceOf(kept.url, cause), { cause });
  });
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as { code?: string; title?: string };
    const { title = response.statusText, code = String(response.status) } = problem;
    throw new Error(`refused: ${sanitise(String(title))} (${sanitise(String(code), 64)})`);
  }
  return response;
}
