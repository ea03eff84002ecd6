/**
 * Fills a fresh demo installation through the same use cases a real one is filled by: people by the hands of two, a vendor with
 * a sub-contractor and its contract, a scanned and confirmed host key, a tested credential, signed declarations, a request and
 * its approval. Nothing is written past the broker, so the audit log of a demo is a true one.
 */
import type { Broker } from "../broker/index.js";
import type { AccountId, Action, AssetId, Clock, Stores } from "../domain/index.js";
import type { Sandbox } from "./sandbox.js";
import { must, seatPeople, type DemoPerson, type Seat, type Seated } from "./seed-people.js";

export type { DemoPerson } from "./seed-people.js";

const GRACE: Seat = { login: "grace", name: "Grace (security)", role: "security" };
const HEIDI: Seat = { login: "heidi", name: "Heidi (security)", role: "security" };
const ALICE: Seat = { login: "alice", name: "Alice (operator)", role: "operator" };
const OTHERS: readonly Seat[] = [
  { login: "erin", name: "Erin (system)", role: "system" },
  { login: "frank", name: "Frank (system)", role: "system" },
  { login: "ivan", name: "Ivan (audit)", role: "audit" },
  { login: "judy", name: "Judy (audit)", role: "audit" },
  { login: "carol", name: "Carol (approver)", role: "approver" },
  { login: "dave", name: "Dave (approver)", role: "approver" },
  { login: "bob", name: "Bob (operator)", role: "operator" },
];
const SSH_ACTIONS: readonly Action[] = ["ssh.shell", "ssh.exec", "sftp.read", "sftp.write"];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DUTIES = "Security duties of the demo's contractor: nothing leaves the sandbox, everything is recorded.\n";

interface Target {
  readonly assetId: AssetId;
  readonly accountId: AccountId;
}

/** Makes people, vendor and contract, the sandbox asset, one approved grant (alice) and one pending request (bob). */
export async function seedDemo(
  broker: Broker,
  read: Stores,
  clock: Clock,
  sandbox: Sandbox,
): Promise<readonly DemoPerson[]> {
  const seated = await seatPeople({ broker, read, clock }, GRACE, HEIDI);
  for (const seat of OTHERS) await seated.seat(seat);
  const target = await addSandbox(broker, seated, sandbox);
  await hireAlice(broker, clock, seated, target);
  for (const login of ["alice", "bob"]) await signAndEntitle(broker, seated, login, target);
  const asked = await ask(broker, seated, target, {
    login: "alice",
    reason: "Quarterly maintenance of the demo system",
  });
  must(
    await broker.access.decide(await seated.onPage("carol"), asked.id, {
      verdict: "approved",
      reason: "Agreed in the weekly plan",
      digest: asked.digest,
    }),
    "approving",
  );
  await ask(broker, seated, target, { login: "bob", reason: "Look at the slow nightly job" });
  await seated.leave();
  const { people } = seated;
  const alice = people.filter((person) => person.login === ALICE.login);
  return [...people.filter((person) => person.role !== "operator"), ...alice, ...people.filter(isOtherOperator)];
}

function isOtherOperator(person: DemoPerson): boolean {
  return person.role === "operator" && person.login !== ALICE.login;
}

async function addSandbox(broker: Broker, seated: Seated, sandbox: Sandbox): Promise<Target> {
  const erin = await seated.actor("erin");
  const asset = must(
    await broker.assets.create(erin, {
      name: "sandbox",
      protocol: "ssh",
      host: "127.0.0.1",
      port: sandbox.port,
      description: "The demo's own SSH target",
      legacyAlgorithms: false,
    }),
    "adding the sandbox",
  );
  const scanned = must(await broker.assets.scanHostKey(erin, asset.id), "reading the sandbox's host key");
  must(await broker.assets.confirmHostKey(erin, asset.id, scanned.publicKey), "confirming the host key");
  const account = must(
    await broker.assets.createAccount(erin, { assetId: asset.id, login: "demo" }),
    "adding the account",
  );
  must(
    await broker.assets.setCredential(erin, account.id, { kind: "key", secret: sandbox.clientKey }),
    "testing and sealing the credential",
  );
  return { assetId: asset.id, accountId: account.id };
}

/** Alice works for a sub-contractor, under the contract of the vendor above it; dave answers for her. */
async function hireAlice(broker: Broker, clock: Clock, seated: Seated, target: Target): Promise<void> {
  const grace = await seated.actor("grace");
  const { unitId } = grace;
  const vendor = must(
    await broker.registry.createVendor(grace, {
      unitId,
      name: "Northwind Systems",
      registrationNumber: null,
      parentId: null,
    }),
    "entering the vendor",
  );
  const sub = must(
    await broker.registry.createVendor(grace, {
      unitId,
      name: "Brook Networks",
      registrationNumber: null,
      parentId: vendor.id,
    }),
    "entering the sub-contractor",
  );
  const contract = must(
    await broker.registry.createContract(grace, {
      unitId,
      vendorId: vendor.id,
      number: "DEMO-2026-001",
      title: "Operation of the demo system",
      scope: { assetIds: [target.assetId], accountIds: [], actions: SSH_ACTIONS },
      fromDate: dateOf(clock.now() - 2 * DAY_MS),
      toDate: dateOf(clock.now() + 365 * DAY_MS),
      ownerId: (await seated.actor("carol")).personId,
    }),
    "entering the contract",
  );
  must(
    await broker.registry.acceptDuties(grace, contract.id, { name: "duties.txt", bytes: Buffer.from(DUTIES, "utf8") }),
    "keeping the duties",
  );
  await seated.seat(ALICE, {
    vendorId: sub.id,
    contractId: contract.id,
    sponsorId: (await seated.actor("dave")).personId,
    identityNumber: "110101199003070011",
  });
}

/** A date within a day of the local one, which is near enough for a contract that began the day before yesterday. */
function dateOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

async function signAndEntitle(broker: Broker, seated: Seated, login: string, target: Target): Promise<void> {
  const operator = await seated.actor(login);
  const texts = must(await broker.registry.declarations(operator, "en"), `showing ${login} the declarations`);
  for (const { kind, digest } of texts)
    must(await broker.registry.sign(operator, { kind, digest, locale: "en" }), `signing as ${login}`);
  const { personId } = operator;
  const { accountId } = target;
  const entitlement = { personId, accountId, actions: SSH_ACTIONS, to: null };
  must(await broker.assets.createEntitlement(await seated.actor("grace"), entitlement), `entitling ${login}`);
}

async function ask(
  broker: Broker,
  seated: Seated,
  { accountId }: Target,
  { login, reason }: { readonly login: string; readonly reason: string },
): Promise<{ readonly id: Parameters<Broker["access"]["decide"]>[1]; readonly digest: string }> {
  const items = [{ accountId, actions: SSH_ACTIONS }];
  const request = { items, reason, workOrder: "DEMO-1", durationMs: 8 * HOUR_MS };
  return must(await broker.access.request(await seated.actor(login), request), `asking as ${login}`);
}
