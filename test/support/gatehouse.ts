/**
 * A real gateway for end-to-end tests: the built program as its own process with a fresh data folder and free ports,
 * driven from outside only: HTTP, SSH, files, signals. People are made and enrolled over the API, one for each login a
 * test needs, because a one-time code is good once; what two persons give is given by two, and operators have signed.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { generate } from "otplib";
import { freePort } from "./free-port.js";

export const ROOT = resolve(import.meta.dirname, "../..");

export interface Credentials {
  readonly login: string;
  readonly password: string;
  readonly totp: string;
}

interface DemoFile {
  readonly http: string;
  readonly ssh: { readonly host: string; readonly port: number };
  readonly target: { readonly account: string; readonly asset: string };
  readonly people: readonly (Credentials & { readonly role: string })[];
}

export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 20_000,
): Promise<T> {
  const ends = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > ends) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

const STEP_MS = 30_000;
/** What a busy machine, or a browser, may need between making a code and judging it. */
const STEP_SPARE_MS = { call: 2_000, page: 10_000 };

/** The code of the step `offset` steps from now. */
export function code(totp: string, offset = 0): Promise<string> {
  return generate({ secret: totp, epoch: Math.floor(Date.now() / 1000) + offset * 30 });
}

/** The code of the step before this one, once it is good for some seconds yet: what a test's own codes leave over. */
export async function lastCode(totp: string, by: "call" | "page" = "call"): Promise<string> {
  const left = STEP_MS - (Date.now() % STEP_MS);
  // A timer may fire a moment early, and a code of the step before the last would be none.
  if (left < STEP_SPARE_MS[by]) await new Promise((resolve) => setTimeout(resolve, left + 100));
  return code(totp, -1);
}

/** A signed-in browser without a browser: cookie, header, JSON. */
export class Api {
  readonly base: string;
  cookie = "";
  constructor(base: string) {
    this.base = base;
  }

  async raw(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.base}/api/v1${path}`, {
      method,
      headers: {
        "x-gatehouse": "1",
        ...(this.cookie === "" ? {} : { cookie: this.cookie }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  // The shape is whatever the API document says; tests read it loosely.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  async call<T = any>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.raw(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async signIn(who: Credentials, offset = 0): Promise<this> {
    return this.enter({ login: who.login, password: who.password, code: await code(who.totp, offset) });
  }

  async enter(proof: { readonly login: string; readonly password: string; readonly code: string }): Promise<this> {
    const response = await this.raw("POST", "/auth/session", proof);
    if (!response.ok) throw new Error(`sign-in of ${proof.login}: ${response.status} ${await response.text()}`);
    this.cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    return this;
  }
}

export interface Gatehouse {
  readonly data: string;
  readonly http: string;
  readonly sshPort: number;
  readonly process: ChildProcess;
  /** Everything it printed so far. */
  output(): string;
  readonly people: ReadonlyMap<string, Credentials>;
  readonly target: { readonly account: string; readonly asset: string };
  /** A session for this demo person, made once and kept. */
  as(login: string): Promise<Api>;
  /** A new person with these roles, enrolled and ready. */
  newPerson(roles: readonly string[], power?: string | null): Promise<Credentials & { readonly id: string }>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
  /** Starts the same installation again, on the same ports. */
  restart(env?: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

/** A second factor counts for ten minutes; the sessions that are kept show it again a little earlier. */
const STEP_UP_AFTER_MS = 8 * 60_000;

/** Signs what an operator must have signed, in a session of its own. A recovery code opens it: the one-time codes are the test's. */
async function signDeclarations(http: string, who: Credentials, recoveryCode: string): Promise<void> {
  const api = new Api(http);
  await api.enter({ login: who.login, password: who.password, code: recoveryCode });
  const { items } = await api.call<{ items: { kind: string; digest: string }[] }>("GET", "/declarations?locale=en");
  for (const { kind, digest } of items)
    await api.call("POST", `/declarations/${kind}/signature`, { digest, locale: "en" });
  await api.call("DELETE", "/auth/session");
}

/** What two persons give or take, the second one gives or takes now; answers what she is shown once. */
export async function confirmed(
  house: Gatehouse,
  { id, digest }: { readonly id: string; readonly digest: string },
): Promise<string | null> {
  return (await (await house.as("heidi")).call("POST", `/proposals/${id}/confirmation`, { digest })).secret;
}

/** Of an enrolment link that two must give: what grace proposed, heidi confirms, and each has a part. */
export async function bothParts(
  house: Gatehouse,
  proposal: { readonly id: string; readonly digest: string },
): Promise<{ readonly token: string; readonly secondPart: string | null }> {
  const secondPart = await confirmed(house, proposal);
  const { secret } = await (await house.as("grace")).call("POST", `/proposals/${proposal.id}/secret`);
  return { token: secret, secondPart };
}

/** Sets password and one-time code by an enrolment link. */
export async function enrol(
  http: string,
  link: { readonly token: string; readonly secondPart?: string | null },
): Promise<{ readonly password: string; readonly totp: string; readonly recoveryCode: string }> {
  const nobody = new Api(http);
  const { secret } = await nobody.call<{ secret: string }>("POST", "/auth/enrolment", link);
  const password = `Pw7-${Math.random().toString(36).slice(2)}-${Math.random().toString(36).slice(2)}`;
  const answers = { ...link, secret, password, code: await lastCode(secret) };
  const { recoveryCodes } = await nobody.call("POST", "/auth/enrolment/completion", answers);
  return { password, totp: secret, recoveryCode: recoveryCodes[0] as string };
}

interface Options {
  readonly demo?: boolean;
  readonly env?: Record<string, string>;
  readonly readyWithinMs?: number;
}

/** Starts `gatehouse start --demo` (or a real, empty installation) on free ports and waits until it serves. */
export async function startGatehouse(options: Options = {}): Promise<Gatehouse> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-e2e-"));
  const data = options.env?.["GATEHOUSE_DATA"] ?? join(folder, "data");
  const [sshPort, httpPort] = [await freePort(), await freePort()];
  const http = `http://localhost:${httpPort}`;
  let printed = "";
  const sessions = new Map<string, { readonly api: Promise<Api>; steppedUpAt: number }>();
  const people = new Map<string, Credentials>();
  let target = { account: "", asset: "" };
  let child: ChildProcess;

  const launch = async (env: Record<string, string> = {}): Promise<void> => {
    child = spawn(process.execPath, ["gateway/gatehouse.mjs", "start", ...(options.demo === false ? [] : ["--demo"])], {
      cwd: ROOT,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: folder,
        GATEHOUSE_DATA: data,
        GATEHOUSE_SSH_LISTEN: `127.0.0.1:${sshPort}`,
        GATEHOUSE_HTTP_LISTEN: `127.0.0.1:${httpPort}`,
        GATEHOUSE_PUBLIC_URL: http,
        GATEHOUSE_RESERVE_BYTES: "67108864",
        GATEHOUSE_SWEEP_SECONDS: "2",
        ...options.env,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const mine = child;
    mine.stdout?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    mine.stderr?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    await until(
      "the gateway to serve",
      async () => {
        if (mine.exitCode !== null) throw new Error(`the gateway ended with ${mine.exitCode}:\n${printed}`);
        if (options.demo !== false && !existsSync(join(data, "demo.json"))) return false;
        const ready = await fetch(`${http}/readyz`).catch(() => undefined);
        return ready?.ok === true;
      },
      options.readyWithinMs ?? 60_000,
    ).catch((error: unknown) => {
      mine.kill("SIGKILL");
      throw new Error(`${String(error)}\n${printed}`);
    });
    if (options.demo === false) return;
    const demo = JSON.parse(readFileSync(join(data, "demo.json"), "utf8")) as DemoFile;
    for (const person of demo.people) people.set(person.login, person);
    target = demo.target;
  };
  const ended = async (): Promise<number | null> =>
    until(
      "the gateway to end",
      () => (child.exitCode !== null || child.signalCode !== null ? [child.exitCode] : false),
      30_000,
    ).then(([exit]) => exit ?? null);

  await launch();
  const house: Gatehouse = {
    data,
    http,
    sshPort,
    get process() {
      return child;
    },
    output: () => printed,
    people,
    get target() {
      return target;
    },
    as: async (login) => {
      const who = people.get(login);
      if (who === undefined) throw new Error(`nobody is called ${login}`);
      const kept = sessions.get(login);
      if (kept === undefined) {
        const made = new Api(http).signIn(who);
        sessions.set(login, { api: made, steppedUpAt: Date.now() });
        return made;
      }
      const api = await kept.api;
      if (Date.now() - kept.steppedUpAt > STEP_UP_AFTER_MS) {
        kept.steppedUpAt = Date.now();
        await api.call("POST", "/me/step-up", { kind: "code", code: await code(who.totp) });
      }
      return api;
    },
    newPerson: async (roles, power = null) => {
      const security = await house.as("grace");
      const login = `p${Math.random().toString(36).slice(2, 10)}`;
      const made = await security.call("POST", "/people", {
        login,
        displayName: `Person ${login}`,
        locale: "en",
        power,
        roles,
      });
      const link = made.proposal === null ? { token: made.enrolmentToken } : await bothParts(house, made.proposal);
      const { recoveryCode, ...proofs } = await enrol(http, link);
      const credentials = { id: made.person.id as string, login, ...proofs };
      people.set(login, credentials);
      if (roles.includes("operator")) await signDeclarations(http, credentials, recoveryCode);
      return credentials;
    },
    kill: async (signal) => {
      child.kill(signal);
      return ended();
    },
    restart: async (env) => {
      await launch(env);
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await ended();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return house;
}

/** An account with a live grant for a new operator: asset and account by id, actions, how long. */
export async function grantNew(
  house: Gatehouse,
  input: {
    readonly accountId: string;
    readonly actions: readonly string[];
    readonly durationMs?: number;
    readonly limits?: unknown;
  },
): Promise<
  Credentials & { readonly id: string; readonly grantId: string; readonly requestId: string; readonly api: Api }
> {
  const person = await house.newPerson(["operator"]);
  const security = await house.as("grace");
  await security.call("POST", "/entitlements", {
    personId: person.id,
    accountId: input.accountId,
    actions: input.actions,
    to: null,
  });
  const api = await new Api(house.http).signIn(person);
  const request = await api.call("POST", "/requests", {
    items: [
      {
        accountId: input.accountId,
        actions: input.actions,
        ...(input.limits === undefined ? {} : { limits: input.limits }),
      },
    ],
    reason: "an end-to-end test needs it",
    workOrder: "E2E-1",
    durationMs: input.durationMs ?? 3_600_000,
  });
  const approver = await house.as("carol");
  const decided = await approver.call("POST", `/requests/${request.id}/approval`, {
    verdict: "approved",
    reason: "agreed",
    digest: request.digest,
  });
  return { ...person, grantId: decided.grants[0].id, requestId: request.id, api };
}
