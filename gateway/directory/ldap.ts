/**
 * LDAP by search and bind over `ldapts`: bound as a reader, exactly one entry is searched by the login attribute, and the
 * password tried by a bind as that entry on a connection of its own. Only TLS (ldaps, or StartTLS before anything is said),
 * but for loopback. Every call has an end: 5 s to connect, 5 s an operation, 12 s in all; at most 12 sign-ins and 8 checks
 * are under way at once, so that a server that hangs holds nobody but those. Referrals are not followed.
 */
import { Client, InvalidCredentialsError, NoSuchObjectError, SizeLimitExceededError, type Entry } from "ldapts";
import { GatehouseError, type DirectoryCheck, type LdapPort } from "../domain/index.js";
import { BINARY, attributesToRead, isDisabled, personOf, subjectFilter } from "./ldap-entry.js";
import { escapeFilterValue } from "./ldap-filter.js";
import { isLoopback } from "./loopback.js";
import { createSlots, type Slots } from "./slots.js";

export interface LdapConfig {
  readonly url: string;
  /** With `ldap://`: StartTLS. Without it only loopback is spoken to. */
  readonly startTls: boolean;
  /** PEM of the authority; the system's own unless told. */
  readonly ca: string | undefined;
  readonly bindDn: string;
  readonly bindPassword: string;
  readonly baseDn: string;
  readonly loginAttribute: string;
  /** Where groups name their members; `memberOf` alone unless told. */
  readonly groupBaseDn: string | undefined;
}

const STEP_MS = 5_000;
const WHOLE_MS = 12_000;
const SIGN_INS = { atOnce: 12, waiting: 8 };
const CHECKS = { atOnce: 8, waiting: 16 };
const LONGEST_LOGIN = 64;
const LONGEST_PASSWORD = 1024;
const MOST_GROUPS = 1_000;
const BUSY = "too many questions are under way";

/** Throws `invalid-input` for a server that would be spoken to in the clear. */
export function createLdap(config: LdapConfig): LdapPort {
  const url = new URL(config.url);
  if (url.protocol === "ldap:" && !config.startTls && !isLoopback(url.hostname))
    throw new GatehouseError("invalid-input", "a directory is spoken to over tls, but for loopback");
  const signIns = createSlots(SIGN_INS.atOnce, SIGN_INS.waiting);
  const checks = createSlots(CHECKS.atOnce, CHECKS.waiting);
  return {
    source: `${config.url.replace(/\/+$/, "")}/${config.baseDn}`,
    async authenticate(login, password) {
      // RFC 4513 §5.1.2: a bind with a name and no password succeeds as nobody.
      if (password === "" || login === "" || login.length > LONGEST_LOGIN || password.length > LONGEST_PASSWORD)
        return { state: "refused" };
      return bounded(signIns, () => authenticate(config, login, password));
    },
    async check(subject) {
      const filter = subjectFilter(subject);
      if (filter === undefined) return { state: "gone", why: "the subject is none of a directory's" };
      return bounded(checks, () => check(config, filter));
    },
    async find(login) {
      if (login === "" || login.length > LONGEST_LOGIN) return { state: "none" };
      return bounded(checks, () => find(config, login));
    },
  };
}

type Unreachable = { readonly state: "unreachable"; readonly why: string };

/** Room, and an end to waiting; whatever fails on the way means that the directory was not reached. */
async function bounded<T>(slots: Slots, work: () => Promise<T>): Promise<T | Unreachable> {
  try {
    return (await slots.run(() => inTime(work()))) ?? { state: "unreachable", why: BUSY };
  } catch (error) {
    return { state: "unreachable", why: (error instanceof Error ? error.message : "something failed").slice(0, 200) };
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error("the directory did not answer in time"));
    }, WHOLE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A connection for one piece of work, bound as `dn`; closed whatever happens. */
async function connected<T>(
  config: LdapConfig,
  dn: string,
  password: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const ca = config.ca === undefined ? {} : { ca: config.ca };
  const secure = config.url.startsWith("ldaps:");
  const client = new Client({
    url: config.url,
    timeout: STEP_MS,
    connectTimeout: STEP_MS,
    ...(secure ? { tlsOptions: { ...ca, minVersion: "TLSv1.2" as const } } : {}),
  });
  try {
    if (!secure && config.startTls) {
      const servername = new URL(config.url).hostname;
      await client.startTLS({ ...ca, minVersion: "TLSv1.2", servername });
    }
    await client.bind(dn, password);
    return await work(client);
  } finally {
    // The answer is known; a server that does not hear the goodbye changes nothing.
    client.unbind().catch(() => undefined);
  }
}

/** The one entry that the filter finds; otherwise how it was not one. */
async function searchOne(client: Client, config: LdapConfig, filter: string): Promise<Entry | "none" | "several"> {
  try {
    const { searchEntries } = await client.search(config.baseDn, {
      scope: "sub",
      filter,
      sizeLimit: 2,
      timeLimit: STEP_MS / 1000,
      attributes: attributesToRead(config.loginAttribute),
      explicitBufferAttributes: BINARY,
    });
    return searchEntries.length > 1 ? "several" : (searchEntries[0] ?? "none");
  } catch (error) {
    if (error instanceof SizeLimitExceededError) return "several";
    // A wrong base is a fault of the configuration: it says nothing of anybody.
    if (error instanceof NoSuchObjectError) throw new Error("the base of the directory is not there", { cause: error });
    throw error;
  }
}

/** The DNs of groups that name the entry as a member. */
async function groupsOf(client: Client, config: LdapConfig, entry: Entry): Promise<readonly string[]> {
  if (config.groupBaseDn === undefined) return [];
  const dn = escapeFilterValue(entry.dn);
  const { searchEntries } = await client.search(config.groupBaseDn, {
    scope: "sub",
    filter: `(|(member=${dn})(uniqueMember=${dn}))`,
    sizeLimit: MOST_GROUPS,
    timeLimit: STEP_MS / 1000,
    attributes: ["cn"],
  });
  return searchEntries.map((group) => group.dn);
}

async function authenticate(config: LdapConfig, login: string, password: string): ReturnType<LdapPort["authenticate"]> {
  const found = await connected(config, config.bindDn, config.bindPassword, async (reader) => {
    const entry = await searchOne(reader, config, `(${config.loginAttribute}=${escapeFilterValue(login)})`);
    if (typeof entry === "string" || isDisabled(entry)) return undefined;
    return { entry, groups: await groupsOf(reader, config, entry) };
  });
  if (found === undefined) return { state: "refused" };
  const proved = await connected(config, found.entry.dn, password, () => Promise.resolve(true)).catch(
    (error: unknown) => {
      if (error instanceof InvalidCredentialsError) return false;
      throw error;
    },
  );
  const person = proved ? personOf(found.entry, config.loginAttribute, found.groups) : undefined;
  return person === undefined ? { state: "refused" } : { state: "ok", person };
}

async function check(config: LdapConfig, filter: string): Promise<DirectoryCheck> {
  return connected(config, config.bindDn, config.bindPassword, async (reader) => {
    const entry = await searchOne(reader, config, filter);
    if (typeof entry === "string") return { state: "gone", why: `of such entries there are ${entry}` };
    if (isDisabled(entry)) return { state: "gone", why: "the entry is disabled" };
    const person = personOf(entry, config.loginAttribute, await groupsOf(reader, config, entry));
    return person === undefined ? { state: "gone", why: "the entry has no lasting name" } : { state: "stands", person };
  });
}

async function find(config: LdapConfig, login: string): ReturnType<LdapPort["find"]> {
  return connected(config, config.bindDn, config.bindPassword, async (reader) => {
    const entry = await searchOne(reader, config, `(${config.loginAttribute}=${escapeFilterValue(login)})`);
    const person = typeof entry === "string" ? undefined : personOf(entry, config.loginAttribute, []);
    return person === undefined ? { state: "none" } : { state: "found", person };
  });
}
