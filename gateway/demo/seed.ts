/**
 * Fills a fresh demo installation through the same use cases a real one is filled by: the bootstrap link, enrolments with
 * real codes, a scanned and confirmed host key, a tested credential, a request and its approval. Nothing is written past
 * the broker, so the audit log of a demo is a true one.
 */
import { randomBytes } from "node:crypto";
import { generate } from "otplib";
import type { Broker } from "../broker/index.js";
import type { Action, Actor, Clock, Outcome, Power, Role, Stores } from "../domain/index.js";
import type { Sandbox } from "./sandbox.js";

export interface DemoPerson {
  readonly login: string;
  readonly role: Role | Power;
  readonly password: string;
  /** Base32 secret of the one-time code. */
  readonly totp: string;
}

interface Seat {
  readonly login: string;
  readonly name: string;
  readonly role: Role | Power;
}

const SEATS: readonly Seat[] = [
  { login: "grace", name: "Grace (security)", role: "security" },
  { login: "heidi", name: "Heidi (security)", role: "security" },
  { login: "erin", name: "Erin (system)", role: "system" },
  { login: "frank", name: "Frank (system)", role: "system" },
  { login: "ivan", name: "Ivan (audit)", role: "audit" },
  { login: "judy", name: "Judy (audit)", role: "audit" },
  { login: "carol", name: "Carol (approver)", role: "approver" },
  { login: "dave", name: "Dave (approver)", role: "approver" },
  { login: "alice", name: "Alice (operator)", role: "operator" },
  { login: "bob", name: "Bob (operator)", role: "operator" },
];
const SSH_ACTIONS: readonly Action[] = ["ssh.shell", "ssh.exec", "sftp.read", "sftp.write"];
const SOURCE = "127.0.0.1";
const HOUR_MS = 3_600_000;

function must<T>(outcome: Outcome<T>, doing: string): T {
  if (outcome.ok) return outcome.value;
  throw new Error(
    `the demo could not be made: ${doing}: ${outcome.code}${outcome.field === undefined ? "" : ` (${outcome.field})`}`,
  );
}

function newPassword(): string {
  return randomBytes(12).toString("base64url");
}

/** Enrols with the code of the step before now, so that the code a reader sees first is still unused. */
async function enrol(broker: Broker, clock: Clock, token: string, seat: Seat): Promise<DemoPerson> {
  const offer = must(await broker.identity.beginEnrolment({ token, sourceAddress: SOURCE }), `enrolling ${seat.login}`);
  const password = newPassword();
  const code = await generate({ secret: offer.secret, epoch: Math.floor(clock.now() / 1000) - 30 });
  must(
    await broker.identity.completeEnrolment({ token, secret: offer.secret, password, code, sourceAddress: SOURCE }),
    `enrolling ${seat.login}`,
  );
  return { login: seat.login, role: seat.role, password, totp: offer.secret };
}

function isRole(role: Role | Power): role is Role {
  return role === "operator" || role === "approver";
}

/** The person as the gate knows him now, without using up a code. */
async function actAs(broker: Broker, read: Stores, login: string): Promise<Actor> {
  const [person] = await read.people.find({ login });
  if (person === undefined) throw new Error(`the demo has no ${login}`);
  const { id: personId, displayName, locale, unitId, vendorId, credentialEpoch } = person;
  const before: Actor = {
    personId,
    login,
    displayName,
    locale,
    unitId,
    vendorId,
    credentialEpoch,
    power: null,
    roles: [],
    sourceAddress: SOURCE,
  };
  return must(await broker.identity.refresh(before), `acting as ${login}`);
}

async function seatPeople(
  broker: Broker,
  read: Stores,
  clock: Clock,
): Promise<{ people: DemoPerson[]; actors: Map<string, Actor> }> {
  const people: DemoPerson[] = [];
  const actors = new Map<string, Actor>();
  const [first, ...others] = SEATS;
  const token = await broker.identity.makeBootstrapToken();
  if (first === undefined || token === undefined) throw new Error("the demo needs an empty installation");
  const begun = must(
    await broker.identity.bootstrap({
      token,
      login: first.login,
      displayName: first.name,
      locale: "en",
      sourceAddress: SOURCE,
    }),
    "making the first security administrator",
  );
  people.push(await enrol(broker, clock, begun.enrolmentToken, first));
  const acting = (login: string): Promise<Actor> => actAs(broker, read, login);
  const security = await acting(first.login);
  actors.set(first.login, security);
  for (const seat of others) {
    const made = must(
      await broker.people.create(security, {
        login: seat.login,
        displayName: seat.name,
        locale: "en",
        power: isRole(seat.role) ? null : seat.role,
        roles: isRole(seat.role) ? [seat.role] : [],
      }),
      `making ${seat.login}`,
    );
    people.push(await enrol(broker, clock, made.enrolmentToken, seat));
    actors.set(seat.login, await acting(seat.login));
  }
  return { people, actors };
}

/** Makes people, the sandbox asset, one approved grant (alice) and one pending request (bob). */
export async function seedDemo(
  broker: Broker,
  read: Stores,
  clock: Clock,
  sandbox: Sandbox,
): Promise<readonly DemoPerson[]> {
  const { people, actors } = await seatPeople(broker, read, clock);
  const actor = (login: string): Actor => {
    const found = actors.get(login);
    if (found === undefined) throw new Error(`the demo has no ${login}`);
    return found;
  };
  const asset = must(
    await broker.assets.create(actor("erin"), {
      name: "sandbox",
      protocol: "ssh",
      host: "127.0.0.1",
      port: sandbox.port,
      description: "The demo's own SSH target",
      legacyAlgorithms: false,
    }),
    "adding the sandbox",
  );
  const scanned = must(await broker.assets.scanHostKey(actor("erin"), asset.id), "reading the sandbox's host key");
  must(await broker.assets.confirmHostKey(actor("erin"), asset.id, scanned.publicKey), "confirming the host key");
  const account = must(
    await broker.assets.createAccount(actor("erin"), { assetId: asset.id, login: "demo" }),
    "adding the account",
  );
  must(
    await broker.assets.setCredential(actor("erin"), account.id, { kind: "key", secret: sandbox.clientKey }),
    "testing and sealing the credential",
  );
  for (const login of ["alice", "bob"]) {
    must(
      await broker.assets.createEntitlement(actor("grace"), {
        personId: actor(login).personId,
        accountId: account.id,
        actions: SSH_ACTIONS,
        to: null,
      }),
      `entitling ${login}`,
    );
  }
  const ask = async (
    login: string,
    reason: string,
  ): Promise<{ id: Parameters<Broker["access"]["decide"]>[1]; digest: string }> =>
    must(
      await broker.access.request(actor(login), {
        items: [{ accountId: account.id, actions: SSH_ACTIONS }],
        reason,
        workOrder: "DEMO-1",
        durationMs: 8 * HOUR_MS,
      }),
      `asking as ${login}`,
    );
  const asked = await ask("alice", "Quarterly maintenance of the demo system");
  must(
    await broker.access.decide(actor("carol"), asked.id, {
      verdict: "approved",
      reason: "Agreed in the weekly plan",
      digest: asked.digest,
    }),
    "approving",
  );
  await ask("bob", "Look at the slow nightly job");
  return people;
}
