/**
 * A broker for tests of its use cases: real vault, policy and rules over a database in memory, a clock that is moved by
 * hand, a recorder that only remembers, and one asset with one account that alice may ask for.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  asId,
  type Action,
  type Actor,
  type AuditRow,
  type EndReason,
  type NodeId,
  type Person,
  type PersonId,
  type Power,
  type RecordingId,
  type Role,
  type SignatureId,
  type Stores,
  type UnitId,
  type WebSessionId,
} from "../../gateway/domain/index.js";
import { assembleBroker, type AssembledBroker } from "../../gateway/broker/assemble-broker.js";
import type {
  DirectoryUseCases,
  FactorUseCases,
  IdentityUseCases,
  LiveSession,
  PeopleUseCases,
  RequestView,
} from "../../gateway/broker/index.js";
import type { BrokerConfig, BrokerDeps } from "../../gateway/broker/deps.js";
import { createCalendar } from "../../gateway/calendar.js";
import { loadPolicy, slotOf } from "../../gateway/policy/index.js";
import type { Recorder } from "../../gateway/recording/index.js";
import { openVault } from "../../gateway/vault/index.js";
import { fakeLibrary, FakeRecording, ManualClock, NO_DERIVED, type World } from "./access-fakes.js";
import { MemoryBlobs } from "./memory-blobs.js";
import { openMemoryDatabase } from "./memory-database.js";
import { createRows, NOW } from "./rows.js";

export const HOST_KEY = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString("base64")}`;
export const OTHER_KEY = HOST_KEY.replace(/Bwc=?$/, "CAg").replace(/BwcH/, "BwcI");
export const CERTIFICATE = `x509-sha256 ${"ab".repeat(32)}`;
export const OTHER_CERTIFICATE = `x509-sha256 ${"cd".repeat(32)}`;
export const SECRET = "correct horse battery staple";

export interface House {
  readonly broker: AssembledBroker;
  readonly clock: ManualClock;
  readonly deps: BrokerDeps;
  readonly recordings: Map<string, FakeRecording>;
  readonly world: World;
  readonly people: Readonly<Record<Name, Actor>>;
  readonly asset: { readonly id: Parameters<AssembledBroker["assets"]["get"]>[1]; readonly name: string };
  readonly accountId: Parameters<AssembledBroker["assets"]["retireAccount"]>[1];
  readonly audit: (verb?: string) => Promise<readonly AuditRow[]>;
  readonly ask: (by?: Name, actions?: readonly Action[], durationMs?: number) => Promise<RequestView>;
  readonly grant: (actions?: readonly Action[], durationMs?: number) => Promise<RequestView>;
  readonly open: (onEnd?: (because: EndReason) => void, by?: Name) => Promise<LiveSession>;
  readonly close: () => void;
}

type Name = "alice" | "mallory" | "bob" | "carol" | "sys1" | "sys2" | "sec1" | "sec2" | "aud1" | "aud2";
const CAST: readonly (readonly [Name, Power | null, Role | null])[] = [
  ["alice", null, "operator"],
  ["mallory", null, "operator"],
  ["bob", null, "approver"],
  ["carol", null, "approver"],
  ["sys1", "system", null],
  ["sys2", "system", null],
  ["sec1", "security", null],
  ["sec2", "security", null],
  ["aud1", "audit", null],
  ["aud2", "audit", null],
];

export const CONFIG: BrokerConfig = {
  publicUrl: "http://localhost:8080",
  sshPublic: { host: "127.0.0.1", port: 2222 },
  demo: false,
  allowTargets: [],
  ownServices: [{ address: "10.0.0.9", port: 5432 }],
  idleMs: 15 * 60_000,
  sweepMs: 60_000,
  maxSessionMs: 12 * 3_600_000,
  keepBytes: 64 * 1024 * 1024,
  maxSessionsPerPerson: 3,
  maxSessions: 100,
  requestTtlMs: 86_400_000,
};

function createIds(): { next(): string } {
  let count = 0;
  return { next: () => `01900000-0000-7000-8000-${(++count).toString(16).padStart(12, "0")}` };
}

/** What a test may put in place of the house's own parts, made when clock, ids and vault exist. */
export type Replace = (
  given: Pick<BrokerDeps, "clock" | "ids" | "vault" | "nodeId"> & { readonly folder: string },
) => Promise<Partial<BrokerDeps>>;

/** Builds the house; call `close` at the end. */
export async function buildHouse(
  config: Partial<BrokerConfig> = {},
  replace: Replace = async () => ({}),
): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-access-"));
  const clock = new ManualClock();
  const ids = createIds();
  const world: World = {
    addresses: { "web-01.example": ["10.0.0.1"] },
    hostKey: HOST_KEY,
    tested: "ok",
    bootstrap: false,
    recorderOk: true,
    recorderOpens: true,
    databaseAnswers: true,
    derived: NO_DERIVED,
    certificate: CERTIFICATE,
    screens: [],
    thumbnail: undefined,
    recovered: [],
    beforeOpen: async () => undefined,
  };
  const nodeId = asId<NodeId>("01900000-0000-7000-8000-00000000f001");
  const vault = await openVault({ keyFile: join(folder, "master.key"), dataFolder: folder, create: true });
  const replaced = await replace({ clock, ids, vault, nodeId, folder });
  const memory = replaced.database ?? openMemoryDatabase({ clock, ids });
  const database = {
    ...memory,
    ping: async () => {
      if (!world.databaseAnswers) throw new Error("no answer");
    },
  };
  const recordings = new Map<string, FakeRecording>();
  const recorder: Recorder = {
    open: async ({ recordingId }) => {
      await world.beforeOpen();
      if (!world.recorderOpens) throw new Error("disk full");
      const recording = new FakeRecording();
      recordings.set(recordingId, recording);
      return recording.open(recordingId);
    },
    health: async () => ({ ok: world.recorderOk, freeBytes: 1 }),
    heads: async () =>
      [...recordings.keys()].map((id) => ({ recordingId: asId<RecordingId>(id), head: "aa", bytes: 10 })),
    flush: async () => undefined,
    close: async () => undefined,
  };
  const deps: BrokerDeps = {
    checkpoints: {
      latest: async () => undefined,
      list: async () => [],
      advance: async () => undefined,
      inclusion: async () => [],
      consistency: async () => [],
    },
    vault,
    ...slotOf(await loadPolicy("policies/default"), "policies/default"),
    recorder,
    library: fakeLibrary(world),
    recover: async () => world.recovered,
    clock,
    ids,
    nodeId,
    config: { ...CONFIG, ...config },
    resolve: async (host) => world.addresses[host] ?? [],
    probe: { scanHostKey: async () => world.hostKey, testCredential: async () => world.tested },
    desktopProbe: { scanCertificate: async () => world.certificate },
    calendar: createCalendar("Asia/Shanghai"),
    documents: new MemoryBlobs(),
    directories: {
      oidc: null,
      ldap: null,
      operatorGroups: [],
      justInTime: false,
      checkMs: 300_000,
      graceMs: 3_600_000,
    },
    notify: () => undefined,
    log: () => undefined,
    ...replaced,
    database,
  };
  const installation: IdentityUseCases["installation"] = async () => ({
    hasPeople: true,
    bootstrap: world.bootstrap,
    demo: deps.config.demo,
  });
  const broker = assembleBroker(deps, {
    identity: () => ({ installation }) as unknown as IdentityUseCases,
    people: () => ({}) as PeopleUseCases,
    factors: () => ({}) as FactorUseCases,
    directories: () => ({}) as DirectoryUseCases,
  });
  const people = await seedPeople(deps);
  const { asset, accountId } = await seedAsset(broker, people);
  const house: House = {
    broker,
    clock,
    deps,
    recordings,
    world,
    people,
    asset,
    accountId,
    audit: (verb) =>
      database.read.audit.find(verb === undefined ? {} : { verb: verb as AuditRow["verb"] }, { limit: 1000 }),
    ask: async (by = "alice", actions = ["ssh.shell"], durationMs = 3_600_000) =>
      must(
        await broker.access.request(people[by], {
          items: [
            {
              accountId,
              actions,
              ...(actions.includes("ssh.forward")
                ? { limits: { forwardTo: [{ host: "db.internal", port: 5432 }] } }
                : {}),
            },
          ],
          reason: "磁盘告警 <b>",
          workOrder: "WO-1",
          durationMs,
        }),
      ),
    grant: async (actions, durationMs) => {
      const request = await house.ask("alice", actions, durationMs);
      return must(
        await broker.access.decide(people.bob, request.id, { verdict: "approved", reason: "", digest: request.digest }),
      );
    },
    open: async (onEnd = () => undefined, by = "alice") => {
      const opened = await broker.sessions.open({
        actor: people[by],
        accountLogin: "root",
        assetName: asset.name,
        protocol: "ssh",
        client: "test",
        onEnd,
      });
      if (opened.kind !== "open") throw new Error(`not opened: ${JSON.stringify(opened)}`);
      return opened.session;
    },
    close: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return house;
}

/** The value of an outcome that must be one. */
export function must<T>(
  outcome: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: string },
): T {
  if (!outcome.ok) throw new Error(`refused: ${outcome.code}`);
  return outcome.value;
}

async function seedPeople(deps: BrokerDeps): Promise<Readonly<Record<Name, Actor>>> {
  const rows = createRows(deps.ids);
  const unitId = asId<UnitId>(deps.ids.next());
  const actors = new Map<string, Actor>();
  await deps.database.write(async (tx) => {
    const unit = { id: unitId, parentId: null, name: "Example Bureau", nameKey: "example bureau" } as const;
    await tx.units.insert({ ...unit, state: "active", createdAt: NOW });
    for (const [login, power, role] of CAST) {
      const person: Person = rows.person({ login, unitId });
      await tx.people.insert(person);
      const given = { unitId, grantedBy: null, confirmedBy: null, createdAt: NOW };
      if (power !== null) await tx.powers.insert({ id: person.id, power, ...given });
      const id = `${person.id}:${role ?? ""}:${unitId}`;
      if (role !== null) await tx.roles.insert({ id, personId: person.id, role, ...given });
      if (role === "operator") await signAll(deps, tx, person.id);
      // Operators come by SSH; everyone else acts in a page, with a second factor shown a moment ago.
      const webSessionId = asId<WebSessionId>(createHash("sha256").update(person.id).digest("hex"));
      if (role !== "operator") await openPage(tx, person, webSessionId);
      const { displayName, locale, vendorId, credentialEpoch } = person;
      const roles = role === null ? [] : [role];
      actors.set(login, {
        personId: person.id,
        login,
        displayName,
        locale,
        unitId,
        vendorId,
        power,
        roles,
        sourceAddress: "198.18.0.1",
        credentialEpoch,
        ...(role === "operator" ? {} : { webSessionId }),
      });
    }
  });
  return Object.fromEntries(actors) as unknown as Readonly<Record<Name, Actor>>;
}

/** Signs every declaration in force, so that a session may open. */
export async function signAll(
  { policy, ids }: Pick<BrokerDeps, "policy" | "ids">,
  tx: Stores,
  personId: PersonId,
): Promise<void> {
  for (const { kind, texts } of policy.declarations) {
    const { digest } = texts["zh-CN"];
    const id = asId<SignatureId>(ids.next());
    await tx.signatures.insert({
      id,
      personId,
      kind,
      digest,
      locale: "zh-CN",
      signedAt: NOW,
      sourceAddress: "198.18.0.1",
    });
  }
}

/** A page session whose second factor never grows old. */
async function openPage(tx: Stores, person: Person, id: WebSessionId): Promise<void> {
  await tx.webSessions.insert({
    id,
    personId: person.id,
    credentialEpoch: person.credentialEpoch,
    createdAt: NOW,
    lastSeenAt: NOW,
    expiresAt: NOW * 2,
    endedAt: null,
    sourceAddress: "198.18.0.1",
    userAgent: "test",
    steppedUpAt: NOW * 2,
    via: "passkey",
    passkeyId: null,
  });
}

async function seedAsset(
  broker: AssembledBroker,
  people: Readonly<Record<Name, Actor>>,
): Promise<Pick<House, "asset" | "accountId">> {
  const { sys1, sec1, alice } = people;
  const input = {
    name: "web-01",
    protocol: "ssh",
    host: "web-01.example",
    port: 22,
    description: "",
    legacyAlgorithms: false,
  } as const;
  const asset = must(await broker.assets.create(sys1, input));
  must(await broker.assets.confirmHostKey(sys1, asset.id, HOST_KEY));
  const account = must(await broker.assets.createAccount(sys1, { assetId: asset.id, login: "root" }));
  must(await broker.assets.setCredential(sys1, account.id, { kind: "password", secret: SECRET }));
  const actions = ["ssh.shell", "ssh.exec", "ssh.forward", "sftp.read"] as const;
  must(
    await broker.assets.createEntitlement(sec1, { personId: alice.personId, accountId: account.id, actions, to: null }),
  );
  return { asset: { id: asset.id, name: asset.name }, accountId: account.id };
}

/** Writes a person's row as another part of the house would. */
export async function changePerson(house: House, id: PersonId, patch: Partial<Person>): Promise<void> {
  await house.deps.database.write((tx) => tx.people.update(id, patch));
}
