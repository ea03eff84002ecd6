/**
 * The page's only `fetch`. Sends and reads JSON under `/api/v1`, turns every failure into a `Problem` with the gate's own
 * code, and tells one listener when the gate says that nobody is signed in. Knows no noun.
 */
import {
  API_PREFIX,
  CHANGE_HEADER,
  CHANGE_HEADER_VALUE,
  PROBLEM_CODES,
  UNATTENDED_HEADER,
} from "../../gateway/http/contract/constants.js";
import { isAttended } from "./attention.js";
import type { Problem as ProblemDocument, ProblemCode as GateCode } from "./types.js";

/** The gate's codes, and two of the page's own: no answer at all, and an answer that is no problem document. */
export type ProblemCode = GateCode | "offline" | "unexpected";

/** A request that did not succeed. `code` is stable and can be quoted; `field` names the input at fault. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly status: number;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** Names this one answer in the gate's log. */
  readonly instance: string | undefined;
  constructor(
    code: ProblemCode,
    status: number,
    more: { field?: string; retryAfterMs?: number; instance?: string } = {},
  ) {
    super(code);
    this.code = code;
    this.status = status;
    this.field = more.field;
    this.retryAfterMs = more.retryAfterMs;
    this.instance = more.instance;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Call {
  readonly query?: Query;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

let signedOut: () => void = () => undefined;

/** Sets what happens when the gate answers 401 to anything but a sign-in. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

let askStepUp: () => Promise<boolean> = async () => false;

/** Sets what happens when the gate wants a second factor again: asks for it, and answers whether it was shown. */
export function onStepUp(ask: () => Promise<boolean>): void {
  askStepUp = ask;
}

/** The address of an API path with its query; values that are undefined or empty are left out. */
export function apiUrl(path: string, query: Query = {}): string {
  const parts = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`);
  return API_PREFIX + path + (parts.length > 0 ? `?${parts.join("&")}` : "");
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<ProblemDocument>;
    const code =
      body.code !== undefined && (PROBLEM_CODES as readonly string[]).includes(body.code) ? body.code : "unexpected";
    return new Problem(code, response.status, body);
  } catch {
    return new Problem("unexpected", response.status);
  }
}

async function send(method: string, path: string, call: Call): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  // A header that no form and no foreign page can set without asking: the gate refuses unsafe methods without it.
  if (method !== "GET") headers[CHANGE_HEADER] = CHANGE_HEADER_VALUE;
  else if (!isAttended()) headers[UNATTENDED_HEADER] = "1";
  if (call.body !== undefined)
    headers["content-type"] = call.body instanceof Blob ? "application/octet-stream" : "application/json";
  try {
    return await fetch(apiUrl(path, call.query), {
      method,
      headers,
      credentials: "same-origin",
      ...(call.body === undefined ? {} : { body: call.body instanceof Blob ? call.body : JSON.stringify(call.body) }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  } catch (cause) {
    if (call.signal?.aborted === true) throw cause;
    throw new Problem("offline", 0);
  }
}

/** Sends; where the gate wants a second factor again it is asked for, and the same is sent once more. */
async function answered(method: string, path: string, call: Call): Promise<Response> {
  const response = await send(method, path, call);
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.code === "unauthenticated") signedOut();
  if (problem.code !== "step-up-needed" || !(await askStepUp())) throw problem;
  const second = await send(method, path, call);
  if (!second.ok) throw await problemOf(second);
  return second;
}

async function request(method: string, path: string, call: Call): Promise<unknown> {
  const response = await answered(method, path, call);
  if (response.status === 204) return undefined;
  const text = await response.text();
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}

/** Reads. Rejects with `Problem`. The caller names the contract's type; the gate checked it against the same schema. */
export async function get<T>(path: string, call: Call = {}): Promise<T> {
  return (await request("GET", path, call)) as T;
}
/** `body`: a value sent as JSON, or a file sent as it is. */
export async function post<T>(path: string, body: unknown = {}, query: Query = {}): Promise<T> {
  return (await request("POST", path, { body, query })) as T;
}
/** Reads a file; with the same asking for a second factor as everything else. */
export async function download(
  path: string,
  query: Query = {},
): Promise<{ readonly name: string; readonly file: Blob }> {
  const response = await answered("GET", path, { query });
  const named = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "");
  return { name: named?.[1] ?? "download", file: await response.blob() };
}
export async function put<T>(path: string, body: unknown, query: Query = {}): Promise<T> {
  return (await request("PUT", path, { body, query })) as T;
}
export async function patch<T>(path: string, body: unknown): Promise<T> {
  return (await request("PATCH", path, { body })) as T;
}
/** DELETE. */
export async function remove(path: string): Promise<void> {
  await request("DELETE", path, {});
}
