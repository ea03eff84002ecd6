/** Terminals that wait and device keys, over a database in memory, a real vault and passkeys in software; a clock that is set by hand. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFactors } from "../../gateway/broker/factors/factors.js";
import type { FactorUseCases, Notice } from "../../gateway/broker/index.js";
import { createThrottle } from "../../gateway/broker/throttle.js";
import { createCalendar } from "../../gateway/calendar.js";
import {
  asId,
  type Actor,
  type Database,
  type NodeId,
  type Person,
  type WebSession,
} from "../../gateway/domain/index.js";
import type { SignInPolicy } from "../../gateway/policy/index.js";
import { createIds } from "../../gateway/storage/index.js";
import { openVault } from "../../gateway/vault/index.js";
import { must } from "./identity-lab.js";
import { openMemoryDatabase } from "./memory-database.js";
import { createRows } from "./rows.js";
import {
  makeSoftwareAuthenticator,
  type SignInQuestion,
  type SoftwareAuthenticator,
} from "./software-authenticator.js";

const ORIGIN = "https://gate.example";
/** 2027-01-15 16:00 in Shanghai. */
export const FOUR_O_CLOCK = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
export const OFFICE = "203.0.113.7";

export const RULES: SignInPolicy = {
  password: { preset: "modern", leastCharacters: 12, leastKinds: 0, longestDays: null, history: 5, dormantDays: null },
  idleMs: HOUR_MS,
  longestMs: 12 * HOUR_MS,
  stepUpMs: 600_000,
  terminal: { otherAddress: false },
  deviceKeys: { allowed: true, longestMs: 12 * HOUR_MS, until: "20:00", otherAddress: false, atEnd: "go-on" },
  review: { everyDays: 90, remindDays: 14, answerDays: 30 },
};

/** A person at a page he signed in to, with a passkey. */
export interface Seated {
  readonly person: Person;
  readonly actor: Actor;
  readonly device: SoftwareAuthenticator;
}

export interface TerminalHouse {
  readonly factors: FactorUseCases;
  /** Another node over the same database: nothing of the first one's memory. */
  readonly elsewhere: FactorUseCases;
  readonly database: Database;
  readonly notices: Notice[];
  rules: SignInPolicy;
  now(): number;
  pass(ms: number): void;
  seat(login: string, more?: { readonly from?: string; readonly person?: Partial<Person> }): Promise<Seated>;
  /** Approves as an honest browser does; `number` and the ceremony's answer may be another's. */
  approve(
    who: Seated,
    code: string,
    number: string,
    more?: { readonly device?: SoftwareAuthenticator; readonly via?: FactorUseCases },
  ): ReturnType<FactorUseCases["approveTerminal"]>;
  verbs(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** One line of a fresh key. */
export function newPublicKey(): string {
  const { publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const head = Buffer.from([0, 0, 0, 11, ...Buffer.from("ssh-ed25519"), 0, 0, 0, 32]);
  return `ssh-ed25519 ${Buffer.concat([head, raw]).toString("base64")}`;
}

export async function openTerminalHouse(): Promise<TerminalHouse> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-terminals-"));
  let now = FOUR_O_CLOCK;
  const clock = { now: () => now, monotonicUs: () => now * 1000 };
  const ids = createIds();
  const database = openMemoryDatabase({ clock, ids, nodeId: asId<NodeId>(ids.next()) });
  const vault = await openVault({ keyFile: join(folder, "master.key"), dataFolder: folder, create: true });
  const rows = createRows(ids);
  const notices: Notice[] = [];
  const state = { rules: RULES };
  const make = (): FactorUseCases => {
    const deps = {
      database,
      vault,
      clock,
      ids,
      calendar: createCalendar("Asia/Shanghai"),
      config: { publicUrl: ORIGIN },
      policy: { signIn: () => state.rules },
      throttle: createThrottle(clock),
      notify: (notice: Notice) => void notices.push(notice),
      log: () => undefined,
    };
    return createFactors(deps as unknown as Parameters<typeof createFactors>[0]);
  };
  const [factors, elsewhere] = [make(), make()];
  const unit = rows.unit();
  await database.write((tx) => tx.units.insert(unit));

  return {
    factors,
    elsewhere,
    database,
    notices,
    get rules() {
      return state.rules;
    },
    set rules(rules) {
      state.rules = rules;
    },
    now: () => now,
    pass: (ms) => void (now += ms),
    async seat(login, { from = OFFICE, person: more = {} } = {}) {
      const person = rows.person({ login, unitId: unit.id, ...more });
      const page: WebSession = {
        id: asId(ids.next().replaceAll("-", "").padEnd(64, "0")),
        personId: person.id,
        credentialEpoch: person.credentialEpoch,
        createdAt: now,
        lastSeenAt: now,
        expiresAt: now + 12 * HOUR_MS,
        endedAt: null,
        sourceAddress: from,
        userAgent: "",
        steppedUpAt: now,
        via: "passkey",
        passkeyId: null,
      };
      await database.write(async (tx) => {
        await tx.people.insert(person);
        await tx.webSessions.insert(page);
      });
      const { id: personId, displayName, locale, unitId, credentialEpoch } = person;
      const held = { vendorId: null, power: null, roles: ["operator"] as const };
      const who = { personId, login, displayName, locale, unitId, credentialEpoch };
      const actor: Actor = { ...who, ...held, sourceAddress: from, webSessionId: page.id };
      const device = makeSoftwareAuthenticator(ORIGIN);
      const { handle, options } = must(await factors.beginPasskey(actor));
      const response = device.register(options as never) as never;
      must(await factors.addPasskey(actor, { handle, name: "key ring", response }));
      return { person, actor, device };
    },
    async approve(who, code, number, { device = who.device, via = factors } = {}) {
      const question = await via.terminalQuestion(who.actor, code);
      if (!question.ok) return question;
      const { handle, options } = question.value.ceremony;
      const response = device.signIn(options as unknown as SignInQuestion) as never;
      return via.approveTerminal(who.actor, { code, number, handle, response });
    },
    async verbs() {
      const events = await database.read.audit.find({}, { orderBy: "id", limit: 1000 });
      return events.map((row) => row.verb);
    },
    async close() {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
