/**
 * Asks the directories after every linked, active person, each of them once in `checkMs`: eight at a time, the longest unasked
 * first, so that the questions spread by themselves. Gone upstream, or out of the groups, access here ends at once. A
 * directory that does not answer raises an alert; past the grace, those it vouches for are let go, and come back with it.
 */
import { RUNNING_STATES, type DirectoryCheck, type ExternalIdentity, type Person } from "../../domain/index.js";
import { raiseAlert } from "../alerts.js";
import { SKEW_MS } from "../clock-skew.js";
import { alertNotice } from "../notices.js";
import { topUnit } from "../registry/unit-tree.js";
import { keptBound, type DirectoryDeps } from "./deps.js";
import { endAccessNow } from "./end-access.js";
import { isMailOfAnother, mailKey } from "./find-link.js";
import { syncOperator } from "./operator-groups.js";

type CheckDeps = Omit<DirectoryDeps, "throttle">;

const AT_ONCE = 8;
const BATCH = 400;
/** A directory that failed so often in one round is not asked again in it. */
const FAILURES_MOST = 3;

/** How often the round should run: several times within `checkMs`. */
export function roundMs(deps: Pick<DirectoryDeps, "directories">): number {
  return Math.min(5_000, Math.max(250, Math.floor(deps.directories.checkMs / 10)));
}

/** One round. Of several nodes, each link is asked after by the one that takes it first. */
export async function checkPeople(deps: CheckDeps): Promise<void> {
  const { oidc, ldap, checkMs } = deps.directories;
  const sources = [oidc?.issuer, ldap?.source].filter((source) => source !== undefined);
  if (sources.length === 0) return;
  // Asked for at three quarters of the time, so that a round's own length does not carry anybody past the end of it.
  const before = deps.clock.now() - Math.floor(checkMs * 0.75);
  const where = { kind: { in: ["oidc", "ldap"] as const }, source: { in: sources }, retiredAt: null };
  const { externalIdentities } = deps.database.read;
  const oldest = { orderBy: "checkedAt", limit: BATCH } as const;
  const due = await externalIdentities.find({ ...where, checkedAt: { lte: before } }, oldest);
  // Asked after by a clock that was set back since: nobody knows how long ago.
  const ahead = { checkedAt: { gt: deps.clock.now() + SKEW_MS } };
  const failures = new Map<string, number>();
  const waiting = [...due, ...(await externalIdentities.find({ ...where, ...ahead }, oldest))];
  const work = async (): Promise<void> => {
    for (let link = waiting.shift(); link !== undefined; link = waiting.shift()) await checkOne(deps, link, failures);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function checkOne(deps: CheckDeps, link: ExternalIdentity, failures: Map<string, number>): Promise<void> {
  const person = await deps.database.read.people.get(link.personId);
  const taken = await deps.database.write((tx) =>
    tx.externalIdentities.update(
      link.id,
      { checkedAt: deps.clock.now() },
      { checkedAt: link.checkedAt, retiredAt: null },
    ),
  );
  if (!taken || person?.state !== "active") return;
  // Nothing is kept to ask by: that is his link's matter, and says nothing of the provider.
  if (link.kind === "oidc" && link.sealed === null) return unasked(deps, link, person);
  const failed = failures.get(link.source) ?? 0;
  const answer: DirectoryCheck | undefined =
    failed >= FAILURES_MOST ? { state: "unreachable", why: "it did not answer others" } : await ask(deps, link);
  if (answer === undefined) return;
  if (answer.state === "unreachable") {
    failures.set(link.source, failed + 1);
    return awayFor(deps, link, person, answer);
  }
  const stands = answer.state === "stands" && answer.person.subject === link.subject;
  if (!stands) return gone(deps, link, person, answer.state === "gone" ? answer.why : "the subject is another");
  return standsStill(deps, link, answer);
}

/** Who signs in here, or never came in, was not vouched for yet; anybody else came by a provider that gives nothing to ask by. */
async function unasked(deps: CheckDeps, link: ExternalIdentity, person: Person): Promise<void> {
  if (person.passwordAt !== "oidc" || person.lastSignInAt === null) return;
  return awayFor(deps, link, person, { state: "unreachable", why: "there is no refresh token" });
}

async function ask(deps: CheckDeps, link: ExternalIdentity): Promise<DirectoryCheck | undefined> {
  const { oidc, ldap } = deps.directories;
  if (link.kind === "ldap") return ldap?.check(link.subject);
  if (oidc === null || link.sealed === null) return undefined;
  const bound = keptBound(link.kind, link.source, link.subject);
  return deps.vault.lend("oidc", bound, link.sealed, (token) => oidc.check(token));
}

function sealedOf(deps: CheckDeps, link: ExternalIdentity, fresh: string | undefined): string | null {
  if (fresh === undefined) return link.sealed;
  return deps.vault.seal("oidc", keptBound(link.kind, link.source, link.subject), fresh);
}

async function standsStill(
  deps: CheckDeps,
  link: ExternalIdentity,
  answer: Extract<DirectoryCheck, { readonly state: "stands" }>,
): Promise<void> {
  const synced = await deps.database.write(async (tx) => {
    const email = mailKey(answer.person.email);
    // Looked for among everybody, so only where it is another than it was.
    const changes = email !== null && email !== link.email;
    const foreign = changes && (await isMailOfAnother(tx, email, link.personId));
    if (foreign) deps.log("warn", "an entry upstream shows somebody else's e-mail", { link: link.id });
    const patch = {
      failingSince: null,
      sealed: sealedOf(deps, link, answer.sealed),
      ...(changes && !foreign ? { email } : {}),
    };
    await tx.externalIdentities.update(link.id, patch, { retiredAt: null });
    const person = await tx.people.get(link.personId);
    return person?.state === "active" ? syncOperator(deps, tx, person, answer.person.groups, link.kind) : undefined;
  });
  synced?.tell(deps);
}

async function gone(deps: CheckDeps, link: ExternalIdentity, person: Person, why: string): Promise<void> {
  deps.log("info", "a person is gone upstream", { link: link.id, why });
  const now = deps.clock.now();
  const outcome = await endAccessNow(deps, person, { why, by: link.kind, state: "disabled" });
  if (outcome === "stale") return;
  // What was kept opens nothing any more; see `standUp` for how he may come back.
  await deps.database.write((tx) =>
    tx.externalIdentities.update(
      link.id,
      { sealed: null, failingSince: link.failingSince ?? now },
      { retiredAt: null },
    ),
  );
}

async function awayFor(
  deps: CheckDeps,
  link: ExternalIdentity,
  person: Person,
  answer: Extract<DirectoryCheck, { readonly state: "unreachable" }>,
): Promise<void> {
  const now = deps.clock.now();
  const since = link.failingSince ?? now;
  const alert = await deps.database.write(async (tx) => {
    const patch = { failingSince: since, sealed: sealedOf(deps, link, answer.sealed) };
    await tx.externalIdentities.update(link.id, patch, { retiredAt: null });
    if (link.failingSince !== null) return undefined;
    const top = await topUnit(tx);
    const detail = { source: link.source, why: answer.why };
    const fact = { kind: "directory-unreachable", subject: `directory:${link.kind}`, detail } as const;
    return top === undefined ? undefined : raiseAlert(deps, tx, { ...fact, unitId: top.id });
  });
  if (alert !== undefined) deps.notify(alertNotice(alert));
  if (now - since >= deps.directories.graceMs && person.passwordAt !== "here") await letGo(deps, link, person);
}

/** Only who has anything open: while the directory is away, nobody whom it vouches for comes in anew with a password. */
async function letGo(deps: CheckDeps, link: ExternalIdentity, person: Person): Promise<void> {
  const { read } = deps.database;
  const now = deps.clock.now();
  const epoch = { personId: person.id, credentialEpoch: person.credentialEpoch };
  const pages = await read.webSessions.count({ ...epoch, endedAt: null, expiresAt: { gt: now } });
  const keys = await read.deviceKeys.count({ ...epoch, retiredAt: null, expiresAt: { gt: now } });
  const live = await read.sessions.count({ personId: person.id, state: { in: RUNNING_STATES } });
  if (pages + keys + live === 0) return;
  await endAccessNow(deps, person, { why: "directory-unreachable", by: link.kind, state: "stays" });
}
