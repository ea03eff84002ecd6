/**
 * Two sister units with one of everything in each, behind the real HTTP door and the whole broker, over the database given: for who asks
 * whether anything of the one is seen, named or done from the other. Rows are written as they would lie after a year of work.
 */
import { createHash } from "node:crypto";
import { createBroker } from "../../gateway/broker/create-broker.js";
import { credentialBound } from "../../gateway/broker/credentials.js";
import type { Broker } from "../../gateway/broker/index.js";
import { searchBound } from "../../gateway/broker/search-recordings.js";
import { searchTokens } from "../../gateway/broker/search-text.js";
import { asId, type Actor, type Stores, type UnitId } from "../../gateway/domain/index.js";
import { nameKey } from "../../gateway/text/index.js";
import { must, type House } from "./access-house.js";
import { openDoor, type TestDoor } from "./http-door.js";
import { createRows, NOW } from "./rows.js";
import { buildSisterUnits, type SisterUnits } from "./sister-units.js";

export const OFFICES = ["system", "security", "audit", "approver", "confirmer", "operator"] as const;
export type Office = (typeof OFFICES)[number];

/** What `furnish` put into a unit, by what it is. */
type Thing =
  | ("unit" | "vendor" | "contract" | "victim" | "asset" | "account" | "desk" | "entitlement" | "request" | "grant")
  | ("session" | "recording" | "closedSession" | "closedRecording" | "opening" | "alert" | "review" | "hold")
  | ("proposal" | "vaultProposal" | "scimToken" | "scimGroup" | "link" | "passkey" | "key" | "deviceKey" | "page");

export interface Bureau {
  /** Stands in every name of the unit, and in none of the other's. */
  readonly mark: string;
  readonly id: UnitId;
  readonly people: Readonly<Record<Office, Actor>>;
  readonly things: Readonly<Record<Thing, string>>;
  /** The directory's token for the unit. */
  readonly bearer: string;
  /** The name and every id: whoever sees one of them sees something of the unit. */
  readonly marks: readonly string[];
}

export interface SisterBureaus {
  readonly units: SisterUnits;
  readonly broker: Broker;
  readonly door: TestDoor["door"];
  readonly here: Bureau;
  readonly there: Bureau;
  /** The cookie of someone's page, fresh with a second factor. */
  cookieOf(actor: Actor): string;
}

/** @param given as for `buildHouse`; a database of its own among it. `units.house.close` and `door.close` at the end. */
export async function buildSisterBureaus(...given: Parameters<typeof buildSisterUnits>): Promise<SisterBureaus> {
  const units = await buildSisterUnits(...given);
  const { deps, world } = units.house;
  const channel = { detail: "", fromUs: 0, toUs: 9, cols: 80, rows: 24 };
  const shell = { ...channel, channel: 1, kind: "shell", pty: true } as const;
  const desktop = { ...channel, channel: 9, kind: "desktop", pty: false } as const;
  world.derived = { ...world.derived, channels: [shell, desktop], thumbnails: [{ channel: 1, atUs: 5 }] };
  world.thumbnail = Uint8Array.of(137, 80, 78, 71);
  const broker = createBroker(deps);
  const offices = {
    here: await officesOf(units, units.here, "northern"),
    there: await officesOf(units, units.there, "southern"),
  };
  // From now on weight takes two.
  await deps.database.write((tx) => tx.settings.insert({ id: "second-person", value: String(NOW) }));
  const here = await furnish(units.house, broker, units.here, "northern", offices.here);
  const there = await furnish(units.house, broker, units.there, "southern", offices.there);
  await deps.checkpoints.advance();
  // A minute passes between any two requests, so that nobody is told to wait.
  let minutes = 0;
  const clock = { now: () => NOW + (minutes += 1) * 60_000, monotonicUs: () => (minutes += 1) * 60_000_000 };
  const { door } = await openDoor(broker, { clock });
  return { units, broker, door, here, there, cookieOf: (actor) => tokenOf(actor.login) };
}

/** 43 letters of base64url, as every token that is shown once. */
function tokenOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
const sha256Hex = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The page session that `openPage` wrote. */
function pageOf({ login }: Actor): string {
  return sha256Hex(tokenOf(login));
}

async function officesOf(units: SisterUnits, unitId: UnitId, mark: string): Promise<Bureau["people"]> {
  const people = new Map<Office, Actor>();
  for (const office of OFFICES) {
    const actor = await units.join(`${mark}-${office}`, unitId, [office]);
    await units.house.deps.database.write((tx) => openPage(tx, actor));
    people.set(office, actor);
  }
  return Object.fromEntries(people) as unknown as Bureau["people"];
}

async function openPage(tx: Stores, actor: Actor): Promise<void> {
  const { personId, credentialEpoch } = actor;
  const when = { createdAt: NOW, lastSeenAt: NOW, expiresAt: NOW * 2, endedAt: null, steppedUpAt: NOW * 2 };
  const who = { personId, credentialEpoch, sourceAddress: "127.0.0.1", userAgent: "test", passkeyId: null } as const;
  await tx.webSessions.insert({ ...when, ...who, via: "passkey", id: asId(pageOf(actor)) });
}

async function furnish(
  house: House,
  broker: Broker,
  id: UnitId,
  mark: string,
  people: Bureau["people"],
): Promise<Bureau> {
  const { database, ids } = house.deps;
  const rows = createRows(ids);
  const bearer = tokenOf(`${mark} directory`);
  const things = await database.write(async (tx) => {
    const registered = await register(house, tx, rows, { id, mark, people });
    const worked = await work(house, tx, rows, { id, mark, people, ...registered });
    const ways = await waysIn(house, tx, rows, { id, mark, people, bearer, victim: registered.victim });
    for (const [kind, one] of Object.entries({ ...registered, ...worked }))
      await tx.audit.append({
        verb: "asset.changed",
        actorId: null,
        object: { kind: kind === "victim" ? "person" : kind, id: one },
        sourceAddress: null,
        unitId: id,
        detail: { description: mark },
      });
    return { ...registered, ...worked, ...ways };
  });
  const { security, audit, system } = people;
  const bytes = Buffer.from(`duties of the ${mark}`);
  must(await broker.registry.acceptDuties(security, asId(things.contract), { name: `${mark}.txt`, bytes }));
  const reason = `for the ${mark}`;
  const hold = must(await broker.proposals.placeHold(audit, { sessionId: asId(things.closedSession), reason }));
  const proposal = must(await broker.proposals.proposeRelease(audit, hold.id, reason));
  const accountIds = [asId<Parameters<House["broker"]["assets"]["retireAccount"]>[1]>(things.account)];
  const vaultProposal = must(await broker.proposals.proposeVaultExport(system, { accountIds, reason }));
  const all = { ...things, hold: hold.id, proposal: proposal.id, vaultProposal: vaultProposal.id };
  const whose = Object.values(people).flatMap((one) => [one.personId, one.webSessionId ?? "", pageOf(one)]);
  const marks = [mark, id, ...Object.values(all), ...whose];
  return { mark, id, people, things: all, bearer, marks };
}

type Rows = ReturnType<typeof createRows>;
interface Place {
  readonly id: UnitId;
  readonly mark: string;
  readonly people: Bureau["people"];
}

/** What the register and the inventory hold. */
async function register(house: House, tx: Stores, rows: Rows, { id: unitId, mark, people }: Place) {
  const { ids, vault } = house.deps;
  const named = (name: string) => ({ name, nameKey: nameKey(name) });
  const unit = rows.unit({ parentId: unitId, ...named(`${mark} office`) });
  const change = { host: `${mark}.example`, port: 2222, hostKey: null, proposedBy: house.people.sys1.personId };
  const pendingChange = JSON.stringify({ ...change, proposedAt: NOW });
  const asset = rows.asset({ unitId, name: `${mark}-01`, host: `${mark}.example`, pendingChange });
  const accountId = rows.account(asset.id).id;
  const account = rows.account(asset.id, {
    id: accountId,
    unitId,
    login: `${mark}-root`,
    credentialKind: "password",
    credentialSealed: vault.seal(
      "credential",
      credentialBound(accountId, asset.pin),
      JSON.stringify({ kind: "password" }),
    ),
    credentialPin: asset.pin,
  });
  const vendor = rows.vendor({ unitId, ...named(`Fitters of the ${mark}`) });
  const contract = rows.contract(vendor.id, {
    unitId,
    number: `${mark}-1`,
    numberKey: nameKey(`${mark}-1`),
    title: `works in the ${mark}`,
    scope: { assetIds: [asset.id], accountIds: [], actions: ["ssh.shell"] },
    ownerId: people.approver.personId,
  });
  const sponsorId = people.approver.personId;
  const victim = rows.person({ login: `${mark}-victim`, displayName: `Victim in the ${mark}`, unitId, sponsorId });
  await tx.units.insert(unit);
  await tx.assets.insert(asset);
  await tx.accounts.insert(account);
  await tx.vendors.insert(vendor);
  await tx.contracts.insert(contract);
  await tx.people.insert(victim);
  await tx.roles.insert(rows.role(victim, "operator"));
  const desktop = rows.asset({ unitId, name: `${mark}-desk`, host: `${mark}.example`, protocol: "rdp", port: 3389 });
  const desk = rows.account(desktop.id, { unitId, login: `${mark}-user` });
  await tx.assets.insert(desktop);
  await tx.accounts.insert(desk);
  const entitlement = asId<never>(ids.next());
  const given = { unitId, personId: people.operator.personId, contractId: null, createdBy: null, endedAt: null };
  const since = { from: NOW, to: null, createdAt: NOW };
  await tx.entitlements.insert({ ...given, ...since, id: entitlement, accountId: account.id, actions: ["ssh.shell"] });
  const other = { ...given, ...since, id: asId<never>(ids.next()), actions: ["rdp.connect"] } as const;
  await tx.entitlements.insert({ ...other, accountId: desk.id });
  const sat = { assetId: desktop.id, accountId: desk.id, assetPin: desktop.pin, actions: ["rdp.connect"] } as const;
  await tx.grants.insert(rows.grant({ unitId, personId: people.operator.personId, ...sat }));
  return {
    ...{ unit: unit.id as string, vendor: vendor.id as string, contract: contract.id as string },
    ...{ victim: victim.id as string, asset: asset.id as string, account: account.id as string },
    ...{ desk: desk.id as string, entitlement: entitlement as string },
  };
}

/** What was asked, given, done and told there. */
async function work(
  house: House,
  tx: Stores,
  rows: Rows,
  at: Place & { readonly victim: string; readonly asset: string; readonly account: string },
) {
  const { vault, ids } = house.deps;
  const { id: unitId, mark, people } = at;
  const { personId } = people.operator;
  const target = { assetId: asId<never>(at.asset), accountId: asId<never>(at.account) };
  const request = rows.request({ unitId, requesterId: personId, reason: `to mend the ${mark}` });
  const item = rows.item(request.id, { ...target, limits: { forwardTo: [] }, actions: ["ssh.shell"] });
  const grant = rows.grant({ unitId, personId, ...target, requestId: request.id, itemId: item.id });
  const snapshot = { ...rows.session().snapshot, login: `${mark}-operator`, assetName: `${mark}-01` };
  const session = rows.session({ unitId, personId, ...target, grantId: grant.id, state: "live", snapshot });
  const closed = rows.session({
    ...{ unitId, personId, ...target, grantId: grant.id, snapshot },
    ...{ state: "ended", because: "left", endedAt: NOW },
  } as const);
  const running = { id: session.recordingId, sessionId: session.id, unitId };
  const whole = { id: closed.recordingId, sessionId: closed.id, unitId, state: "complete", endedAt: NOW } as const;
  await tx.requests.insert(request);
  await tx.requestItems.insert(item);
  await tx.grants.insert(grant);
  await tx.sessions.insert(session);
  await tx.sessions.insert(closed);
  await tx.channels.insert(rows.channel(session.id, 1));
  await tx.recordings.insert(rows.recording(running));
  await tx.recordings.insert(rows.recording(whole));
  const text = `reboot the ${mark}`;
  const sealed = vault.seal("search", searchBound(closed.recordingId), text);
  const entry = { id: ids.next(), recordingId: closed.recordingId, kind: "command", atUs: 1, at: NOW, sealed } as const;
  await tx.search.add([{ ...entry, tokens: vault.blind(searchTokens(text)) }]);
  const opening = asId<never>(ids.next());
  await tx.inputOpenings.insert({
    ...{ id: opening, recordingId: closed.recordingId, requestedBy: people.audit.personId, reason: `of the ${mark}` },
    ...{ requestedAt: NOW, approvedBy: null, approvedAt: null, expiresAt: NOW + 86_400_000, usedAt: null },
  });
  const alert = rows.alert({ unitId, kind: "host-key-changed", subject: `asset:${at.asset}`, detail: { name: mark } });
  await tx.alerts.insert(alert);
  const review = asId<never>(ids.next());
  await tx.reviewItems.insert({
    ...{ id: review, unitId, sponsorId: people.approver.personId, personId: asId<Actor["personId"]>(at.victim) },
    ...{ entitlementId: null, openedAt: NOW, dueAt: NOW + 86_400_000, state: "open", decidedBy: null, decidedAt: null },
  });
  return {
    ...{ request: request.id as string, grant: grant.id as string, session: session.id as string },
    ...{ recording: session.recordingId as string, closedSession: closed.id as string },
    ...{ closedRecording: closed.recordingId as string, opening: opening as string },
    ...{ alert: alert.id as string, review: review as string },
  };
}

/** What lets people in, and the directory that keeps some of them. */
async function waysIn(
  house: House,
  tx: Stores,
  rows: Rows,
  at: Place & { readonly victim: string; readonly bearer: string },
) {
  const { ids } = house.deps;
  const { id: unitId, mark, people } = at;
  const id = (): never => asId<never>(ids.next());
  const own = people.operator.personId;
  const victim = asId<Actor["personId"]>(at.victim);
  const [scimToken, scimGroup, link, deviceKey, passkey] = [id(), id(), id(), id(), asId<never>(`${mark}-passkey`)];
  const page = sha256Hex(`page of ${mark}`);
  const when = { createdAt: NOW, lastUsedAt: null, retiredAt: null };
  const [first, second] = [house.people.sec1.personId, house.people.sec2.personId];
  const signed = { hash: sha256Hex(at.bearer), createdBy: first, confirmedBy: second };
  await tx.scimTokens.insert({ ...when, ...signed, id: scimToken, name: `${mark} directory`, unitId });
  const members = { tokenId: scimToken, externalId: null, memberIds: [victim] };
  await tx.scimGroups.insert({ ...members, id: scimGroup, displayName: `${mark} group`, createdAt: NOW });
  await tx.externalIdentities.insert({
    ...{ id: link, personId: victim, kind: "scim", source: scimToken, subject: `${mark} subject` },
    ...{ email: null, sealed: null, checkedAt: NOW, failingSince: null, createdAt: NOW, retiredAt: null },
  });
  await tx.passkeys.insert({
    ...{ ...when, id: passkey, personId: own, name: `${mark} ring`, publicKey: "cose", counter: 0 },
    ...{ transports: [], backedUp: false },
  });
  const key = rows.personKey(own, { name: `${mark} laptop`, fingerprint: `SHA256:${mark} laptop` });
  await tx.personKeys.insert(key);
  await tx.deviceKeys.insert({
    ...{ ...when, id: deviceKey, personId: own, name: `${mark} device`, publicKey: "ssh-ed25519 AAAA" },
    ...{ fingerprint: `SHA256:${mark}`, sourceAddress: "127.0.0.1", credentialEpoch: 1, passkeyId: passkey },
    expiresAt: NOW + 86_400_000,
  });
  await tx.webSessions.insert({
    ...{ id: asId(page), personId: victim, credentialEpoch: 1, createdAt: NOW, lastSeenAt: NOW, expiresAt: NOW * 2 },
    ...{
      endedAt: null,
      sourceAddress: "127.0.0.1",
      userAgent: mark,
      steppedUpAt: NOW,
      via: "password",
      passkeyId: null,
    },
  });
  return {
    ...{ scimToken: scimToken as string, scimGroup: scimGroup as string, link: link as string },
    ...{ passkey: passkey as string, key: key.id as string, deviceKey: deviceKey as string, page },
  };
}
