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
  type ChannelOutcome,
  type ClipboardRecord,
  type EndReason,
  type NodeId,
  type Person,
  type PersonId,
  type Power,
  type RecordingId,
  type Role,
  type SignatureId,
  type Stores,
  type Tap,
  type TapEvent,
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
import type { BrokerConfig, BrokerDeps, TargetProbe } from "../../gateway/broker/deps.js";
import { createCalendar } from "../../gateway/calendar.js";
import { loadPolicy } from "../../gateway/policy/index.js";
import type {
  Derived,
  FinishedRecording,
  Keyframe,
  Library,
  OpenTap,
  Recorder,
} from "../../gateway/recording/index.js";
import { openVault } from "../../gateway/vault/index.js";
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

export class ManualClock {
  ms = NOW;
  us = 0;
  now(): number {
    return this.ms;
  }
  monotonicUs(): number {
    return this.us;
  }
  advance(ms: number): void {
    this.ms += ms;
    this.us += ms * 1000;
  }
}

export class FakeRecording {
  readonly notes: { readonly kind: string; readonly detail: Readonly<Record<string, unknown>> }[] = [];
  readonly listeners = new Set<(event: TapEvent) => void>();
  readonly clipboards: ClipboardRecord[] = [];
  readonly openings: Parameters<Tap["openChannel"]>[0][] = [];
  closedBecause: EndReason | undefined;
  fail: (because: "recorder-failed" | "quota") => void = () => undefined;
  digested = false;
  #numbers = 0;

  open(recordingId: RecordingId): OpenTap {
    let finish: (finished: FinishedRecording) => void = () => undefined;
    const finished = new Promise<FinishedRecording>((resolve) => {
      finish = resolve;
    });
    const tap: Tap = {
      recordingId,
      elapsedUs: 0,
      openChannel: async (opening) => {
        this.openings.push(opening);
        const number = ++this.#numbers;
        const outcome: ChannelOutcome = this.digested ? "digested" : "recorded";
        const nothing = async (): Promise<void> => undefined;
        return {
          number,
          output: async (bytes) => {
            this.emit({ type: "output", channel: number, atUs: 1, bytes, stderr: false });
          },
          graphics: async (bytes) => {
            this.emit({ type: "graphics", channel: number, atUs: 1, bytes });
            return 1;
          },
          pointer: async (x, y, mask) => {
            this.emit({ type: "pointer", channel: number, atUs: 1, x, y, mask });
          },
          clipboard: async (record) => {
            this.clipboards.push(record);
            this.emit({ type: "clipboard", channel: number, atUs: 1, direction: record.direction, size: record.size });
          },
          input: nothing,
          resize: nothing,
          gate: nothing,
          transfer: nothing,
          exit: nothing,
          counters: { bytesIn: 3, bytesOut: 5, digested: this.digested },
          close: async () => outcome,
        };
      },
      note: async (kind, detail) => {
        this.notes.push({ kind, detail });
      },
      watch: (listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
      onFailure: (listener) => {
        this.fail = listener;
      },
      close: async (because) => {
        this.closedBecause = because;
        const complete = because !== "recorder-failed";
        finish({
          because,
          complete,
          durationUs: 1000,
          bytes: 100,
          frames: 1,
          closingHash: complete ? "ab".repeat(32) : null,
        });
      },
    };
    return { tap, finished };
  }

  emit(event: TapEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

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

/** What the fakes do, for a test to change. */
export interface World {
  addresses: Record<string, readonly string[]>;
  hostKey: string;
  tested: Awaited<ReturnType<TargetProbe["testCredential"]>>;
  bootstrap: boolean;
  recorderOk: boolean;
  recorderOpens: boolean;
  databaseAnswers: boolean;
  derived: Derived;
  certificate: string;
  /** State of the open terminals and desktops of any live recording. */
  screens: readonly Keyframe[];
  thumbnail: Uint8Array | undefined;
  recovered: Awaited<ReturnType<BrokerDeps["recover"]>>;
  /** Called before the recorder opens, to change the world meanwhile. */
  beforeOpen: () => Promise<void>;
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

const NO_DERIVED: Derived = {
  durationUs: 1000,
  channels: [],
  markers: [],
  activity: [],
  keyframes: [],
  thumbnails: [],
  screen: [],
};

export const CONFIG: BrokerConfig = {
  publicUrl: "http://localhost:8080",
  sshPublic: { host: "127.0.0.1", port: 2222 },
  demo: false,
  allowTargets: [],
  ownServices: [{ address: "10.0.0.9", port: 5432 }],
  idleMs: 15 * 60_000,
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

function fakeLibrary(world: World): Library {
  const none = async function* (): AsyncGenerator<never> {};
  return {
    read: async () => undefined,
    derived: async () => world.derived,
    keyframe: async (_id, channel, atUs) => ({ channel, atUs: Math.min(atUs, 0), cols: 80, rows: 24, state: "" }),
    liveScreens: async () => world.screens,
    grew: () => undefined,
    thumbnail: async () => world.thumbnail,
    guac: async function* () {
      yield Buffer.from("4.sync,1.0;");
    },
    verify: async () => ({ verdict: "altered", record: 2, offset: 99, what: "chain" }),
    raw: async () =>
      (async function* () {
        for (let piece = 0; piece < 5; piece += 1) yield Uint8Array.of(piece);
      })(),
    asciicast: none,
    text: none,
    input: none,
    remove: async () => undefined,
    close: async () => undefined,
  };
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
    close: async () => undefined,
  };
  const deps: BrokerDeps = {
    database,
    checkpoints: {
      latest: async () => undefined,
      list: async () => [],
      advance: async () => undefined,
      inclusion: async () => [],
      consistency: async () => [],
    },
    vault,
    policy: await loadPolicy("policies/default"),
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
