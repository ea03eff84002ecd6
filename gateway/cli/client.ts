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

/** The gateway said nothing, or what answered is not taken for it. */
export class Unanswered extends Error {
  /** What is wrong with its certificate; undefined where there was silence. Inside a unit the authority is often its own, which Node does not know until told. */
  readonly certificate: string | undefined;
  constructor(url: string, cause: unknown) {
    const inner = cause instanceof Error ? cause.cause : undefined;
    const code = inner instanceof Error && "code" in inner ? sanitise(String(inner.code), 64) : "";
    const certificate = CERTIFICATE.test(code) ? code : undefined;
    super(
      certificate === undefined
        ? `${url} does not answer`
        : `${url} shows a certificate that does not hold (${certificate}); if its authority is your unit's own, name the authority's PEM file in NODE_EXTRA_CA_CERTS`,
      { cause },
    );
    this.certificate = certificate;
  }
}

/** The gateway's no. */
export class Refused extends Error {
  readonly code: string;
  readonly title: string;
  constructor(code: string, title: string) {
    super(`refused: ${title} (${code})`);
    this.code = code;
    this.title = title;
  }
}

/** One request; throws `Refused` when the gateway says no, `Unanswered` when it says nothing. */
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
    throw new Unanswered(kept.url, cause);
  });
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as { code?: string; title?: string };
    const { title = response.statusText, code = String(response.status) } = problem;
    throw new Refused(sanitise(String(code), 64), sanitise(String(title)));
  }
  return response;
}
