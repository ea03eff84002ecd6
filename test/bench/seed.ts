/**
 * People for load, written straight into a stopped gateway's database: each with a key of his own, the one-time-code secret that all share,
 * an entitlement and a live grant. Over the API this would take a minute for each hundred, and a code serves one login a person.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { asId } from "../../gateway/domain/index.js";
import type { Account, Clock, Grant, NodeId, Person, Signature, Stores } from "../../gateway/domain/index.js";
import { createIds, openDatabase } from "../../gateway/storage/index.js";
import type { StorageDatabase } from "../../gateway/storage/index.js";
import { openVault } from "../../gateway/vault/index.js";
import type { Vault } from "../../gateway/vault/index.js";
import { createRows } from "../support/rows.js";
import { newKey } from "./keys.js";

export const ids = createIds();
export const rows = createRows(ids);
export const clock: Clock = { now: () => Date.now(), monotonicUs: () => Number(process.hrtime.bigint() / 1000n) };
const DAY_MS = 86_400_000;
const ACTIONS = ["ssh.shell", "ssh.exec"] as const;
const PASSWORD = "load-7f3a-measured";
const ROWS_AT_ONCE = 100;

export interface Seeded {
  readonly login: string;
  readonly password: string;
  readonly totp: string;
  readonly privateKey: string;
}

/** What stands in a gateway's data folder, opened while no gateway runs on it. */
export interface OpenedData {
  readonly folder: string;
  readonly database: StorageDatabase;
  readonly vault: Vault;
  readonly nodeId: NodeId;
}

export async function withData<T>(folder: string, work: (data: OpenedData) => Promise<T>): Promise<T> {
  const { nodeId: id } = JSON.parse(readFileSync(join(folder, "installation.json"), "utf8")) as { nodeId: string };
  const nodeId = asId<NodeId>(id);
  const keyFile = join(folder, "keys", "master.key");
  const vault = await openVault({ keyFile, dataFolder: folder, create: false });
  const url = `sqlite:${join(folder, "gatehouse.db")}`;
  const database = await openDatabase({ url, clock, ids, nodeId, log: () => undefined, timeoutMs: 60_000 });
  try {
    return await work({ folder, database, vault, nodeId });
  } finally {
    await database.close();
  }
}

interface Common {
  readonly account: Account;
  readonly assetPin: string;
  readonly approver: Person;
  readonly passwordHash: string;
  readonly totp: string;
  readonly vault: Vault;
  /** One of each declaration in force, as somebody of the demo signed it. */
  readonly signed: readonly Signature[];
}

/** `count` people called `PREFIX1`, `PREFIX2` … with a live grant on the account. */
export async function seedPeople(
  { database, vault }: OpenedData,
  input: { readonly prefix: string; readonly count: number; readonly accountId: string },
): Promise<readonly Seeded[]> {
  const { read } = database;
  const account = await read.accounts.get(asId(input.accountId));
  const asset = account === undefined ? undefined : await read.assets.get(account.assetId);
  const [approver] = await read.people.find({ login: "carol" });
  if (account === undefined || asset === undefined || approver === undefined) throw new Error("nothing to seed for");
  const passwordHash = await vault.hashPassword(PASSWORD);
  const { secret: totp } = vault.newTotp("seed", "seed");
  const signed = [...new Map((await read.signatures.find({})).map((one) => [one.kind, one])).values()];
  const common: Common = { account, assetPin: asset.pin, approver, passwordHash, totp, vault, signed };
  const seeded: Seeded[] = [];
  while (seeded.length < input.count) {
    const most = Math.min(ROWS_AT_ONCE, input.count - seeded.length);
    const some = Array.from({ length: most }, (_, n) => `${input.prefix}${seeded.length + n + 1}`);
    await database.write(async (tx) => {
      for (const login of some) seeded.push(await seedPerson(tx, common, login));
    });
  }
  return seeded;
}

async function seedPerson(tx: Stores, common: Common, login: string): Promise<Seeded> {
  const { approver, vault, passwordHash, totp } = common;
  const { unitId } = approver;
  const at = clock.now();
  const base = rows.person({
    unitId,
    login,
    displayName: `Load ${login}`,
    locale: "en",
    passwordHash,
    totpLastStep: 0,
  });
  const totpSealed = vault.seal("totp", `person:${base.id}`, totp);
  const person: Person = { ...base, totpSealed, passwordChangedAt: at, totpEnrolledAt: at, createdAt: at };
  const key = newKey();
  await tx.people.insert(person);
  await tx.personKeys.insert(
    rows.personKey(person.id, { publicKey: key.line, fingerprint: key.fingerprint, createdAt: at }),
  );
  const role = { personId: person.id, role: "operator", unitId, grantedBy: approver.id } as const;
  await tx.roles.insert({ ...role, id: `${person.id}:operator:${unitId}`, confirmedBy: null, createdAt: at });
  for (const one of common.signed)
    await tx.signatures.insert({ ...one, id: asId(ids.next()), personId: person.id, signedAt: at });
  await seedGrant(tx, common, person, at);
  return { login, password: PASSWORD, totp, privateKey: key.privateKey };
}

async function seedGrant(
  tx: Stores,
  { account, assetPin, approver }: Common,
  person: Person,
  at: number,
): Promise<void> {
  const { unitId } = person;
  const on = { accountId: account.id, assetId: account.assetId };
  await tx.entitlements.insert({
    id: asId(ids.next()),
    unitId,
    personId: person.id,
    accountId: account.id,
    contractId: null,
    actions: ACTIONS,
    from: at,
    to: null,
    createdAt: at,
    createdBy: approver.id,
    endedAt: null,
  });
  const limits = { forwardTo: [] };
  const request = rows.request({
    unitId,
    requesterId: person.id,
    reason: "a measurement needs it",
    windowFrom: at,
    durationMs: DAY_MS,
    digest: randomUUID(),
    state: "approved",
    createdAt: at,
    lapsesAt: at + DAY_MS,
    decidedAt: at,
  });
  const item = rows.item(request.id, { ...on, assetPin, actions: ACTIONS, limits });
  await tx.requests.insert(request);
  await tx.requestItems.insert(item);
  await tx.approvals.insert(rows.approval(request.id, { approverId: approver.id, digest: request.digest, at }));
  const window: Pick<Grant, "from" | "to" | "createdAt"> = { from: at, to: at + DAY_MS, createdAt: at };
  await tx.grants.insert(
    rows.grant({
      ...on,
      ...window,
      unitId,
      requestId: request.id,
      itemId: item.id,
      personId: person.id,
      assetPin,
      actions: ACTIONS,
      limits,
      obligations: [],
    }),
  );
}
