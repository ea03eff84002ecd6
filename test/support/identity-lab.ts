/**
 * People at work in a temporary installation: identity, people and proposals over a real vault and policy, a clock that is
 * set by hand, and the database given. Rights that two persons give are given by two.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSync } from "otplib";
import { createIdentity } from "../../gateway/broker/identity.js";
import type { BrokerDeps } from "../../gateway/broker/deps.js";
import { createPeople } from "../../gateway/broker/people.js";
import { bindProposals } from "../../gateway/broker/proposals/bind.js";
import type {
  IdentityUseCases,
  Notice,
  PeopleUseCases,
  ProposalUseCases,
  ProposalView,
} from "../../gateway/broker/index.js";
import {
  asId,
  type Actor,
  type Database,
  type NodeId,
  type Outcome,
  type PersonId,
  type Power,
  type Role,
} from "../../gateway/domain/index.js";
import { loadPolicy, POLICY_SETTING, readBundle, slotOf, writeKept } from "../../gateway/policy/index.js";
import { createIds, openDatabase } from "../../gateway/storage/index.js";
import { openVault, type Vault } from "../../gateway/vault/index.js";
import { openMemoryDatabase } from "./memory-database.js";

export const PASSWORD = "seven quiet herons";
const STEP_MS = 30_000;
/** Loaded once: every lab begins with the policy that is shipped. */
const shipped = loadPolicy("policies/default");

/** The value of an outcome that must be good. */
export function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${outcome.code} ${outcome.field ?? ""}`);
  return outcome.value;
}

export interface LabPerson {
  readonly id: PersonId;
  readonly login: string;
  readonly password: string;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

/** The parts of an enrolment link that two persons hold. */
interface TwoParts {
  readonly token: string;
  readonly secondPart: string;
}

export interface IdentityLab {
  readonly identity: IdentityUseCases;
  readonly people: PeopleUseCases;
  readonly proposals: ReturnType<typeof bindProposals>;
  /** The policy in force, and the folder another one may be laid into. */
  readonly policy: BrokerDeps["policy"];
  readonly policyFolder: string;
  readonly deps: BrokerDeps;
  readonly database: Database;
  readonly vault: Vault;
  readonly notices: readonly Notice[];
  /** How often passwords and codes were checked. */
  readonly checks: { passwords: number; codes: number };
  /** The next so many code checks answer only when all of them were asked. */
  together(tries: number): void;
  now(): number;
  pass(ms: number): void;
  /** The code of the step that is now, or so many steps from it. */
  code(person: LabPerson, steps?: number): string;
  /** Lets 30 s pass, so that the person has a code that was not used. */
  freshCode(person: LabPerson): string;
  /** A link's token, or its two parts. */
  enrol(link: string | TwoParts): Promise<LabPerson>;
  bootstrap(login?: string): Promise<LabPerson>;
  signIn(person: LabPerson, from?: string): Promise<Actor>;
  /** Signs in on the page, so that the second factor counts as just shown. */
  onPage(person: LabPerson, from?: string): Promise<Actor>;
  /** Another one who holds the security power confirms; answers what he is shown. */
  confirm(proposal: ProposalView): Promise<string | null>;
  /** The same, and the proposer fetches his part of the enrolment link that comes of it. */
  agree(proposal: ProposalView): Promise<TwoParts>;
  /** Makes a person who holds these rights, by as many persons as it takes. */
  add(
    by: LabPerson,
    login: string,
    holds?: { readonly power?: Power; readonly roles?: readonly Role[] },
  ): Promise<LabPerson>;
  /** Another process over the same database and keys: nothing of the first one's memory. */
  restarted(): {
    readonly identity: IdentityUseCases;
    readonly people: PeopleUseCases;
    readonly proposals: Pick<ProposalUseCases, "confirm" | "list">;
  };
  verbs(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** `kind`: in memory, in a file of its own, or in the database at an address. */
export async function openIdentityLab(kind: "memory" | "sqlite" | { readonly url: string }): Promise<IdentityLab> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-identity-"));
  let now = 1_800_000_000_000;
  const clock = { now: () => now, monotonicUs: () => now * 1000 };
  const ids = createIds();
  const nodeId = asId<NodeId>(ids.next());
  const database =
    kind === "memory"
      ? openMemoryDatabase({ clock, ids, nodeId })
      : await openDatabase({
          url: kind === "sqlite" ? `sqlite:${join(folder, "gatehouse.db")}` : kind.url,
          clock,
          ids,
          nodeId,
          log: () => undefined,
        });
  const real = await openVault({ keyFile: join(folder, "master.key"), dataFolder: folder, create: true });
  const checks = { passwords: 0, codes: 0 };
  let awaited = 0;
  let meet: (() => void) | undefined;
  let met: Promise<void> = Promise.resolve();
  const vault: Vault = {
    ...real,
    verifyPassword: (hash, password) => {
      checks.passwords += 1;
      return real.verifyPassword(hash, password);
    },
    checkTotp: (input) => {
      checks.codes += 1;
      awaited -= 1;
      if (awaited === 0) meet?.();
      return met.then(() => real.checkTotp(input));
    },
  };
  const notices: Notice[] = [];
  const config = {
    publicUrl: "http://localhost:8080",
    sshPublic: { host: "localhost", port: 2222 },
    demo: false,
    allowTargets: [],
    ownServices: [],
    idleMs: 1,
    sweepMs: 1,
    maxSessionMs: 1,
    keepBytes: 1,
    maxSessionsPerPerson: 1,
    maxSessions: 1,
    requestTtlMs: 1,
  };
  const policyFolder = join(folder, "policies");
  cpSync("policies/default", policyFolder, { recursive: true });
  await database.write(async (tx) =>
    tx.settings.insert({ id: POLICY_SETTING, value: writeKept(await readBundle(policyFolder)) }),
  );
  const { policy, bundles } = slotOf(await shipped, policyFolder);
  // The parts that people and their rights stand on; nothing here opens a session.
  const deps = {
    database,
    vault,
    policy,
    bundles,
    clock,
    ids,
    nodeId,
    config,
    notify: (notice: Notice) => void notices.push(notice),
    log: () => undefined,
  } as unknown as BrokerDeps;
  const make = () => ({
    identity: createIdentity(deps),
    people: createPeople(deps),
    proposals: bindProposals(deps),
  });
  const { identity, people, proposals } = make();
  const roster: LabPerson[] = [];
  const codeAt = (secret: string, ms: number): string => generateSync({ secret, epoch: Math.floor(ms / 1000) });

  const lab: IdentityLab = {
    identity,
    people,
    proposals,
    policy,
    policyFolder,
    deps,
    database,
    vault,
    notices,
    checks,
    together(tries) {
      awaited = tries;
      met = new Promise((resolve) => (meet = resolve));
    },
    now: () => now,
    pass: (ms) => void (now += ms),
    code: (person, steps = 0) => codeAt(person.secret, now + steps * STEP_MS),
    freshCode: (person) => {
      now += STEP_MS;
      return codeAt(person.secret, now);
    },
    async enrol(link) {
      const parts = typeof link === "string" ? { token: link } : link;
      const offer = must(await identity.beginEnrolment({ ...parts, sourceAddress: "10.0.0.1" }));
      // Whoever enrols again may not choose the password he had.
      const before = roster.filter((one) => one.login === offer.login).length;
      const password = before === 0 ? PASSWORD : `${PASSWORD} ${String(before)}`;
      const input = {
        ...parts,
        secret: offer.secret,
        password,
        code: codeAt(offer.secret, now),
        sourceAddress: "10.0.0.1",
      };
      const { recoveryCodes } = must(await identity.completeEnrolment(input));
      const [row] = await database.read.people.find({ login: offer.login });
      const { login, secret } = offer;
      const person = { id: row?.id as PersonId, login, password, secret, recoveryCodes };
      roster.push(person);
      return person;
    },
    async bootstrap(login = "grace") {
      const token = (await identity.makeBootstrapToken()) as string;
      const input = { token, login, displayName: "Grace", locale: "en", sourceAddress: "10.0.0.1" } as const;
      return lab.enrol(must(await identity.bootstrap(input)).enrolmentToken);
    },
    async signIn(person, from = "10.0.0.1") {
      const { login, password } = person;
      return must(
        await identity.signIn({ login, password, code: lab.freshCode(person), sourceAddress: from, via: "web" }),
      );
    },
    async add(by, login, holds = {}) {
      const actor = await lab.signIn(by);
      const input = {
        login,
        displayName: login,
        locale: "en",
        power: holds.power ?? null,
        roles: holds.roles ?? [],
      } as const;
      const { enrolmentToken, proposal } = must(await people.create(actor, input));
      return lab.enrol(proposal === null ? (enrolmentToken as string) : await lab.agree(proposal));
    },
    async onPage(person, from = "10.0.0.1") {
      const { login, password } = person;
      const input = { login, password, code: lab.freshCode(person), sourceAddress: from, via: "web" } as const;
      return must(await identity.signInWeb({ ...input, userAgent: "lab" })).actor;
    },
    async confirm(proposal) {
      const held = await database.read.powers.find({ power: "security" });
      const able = roster.find((one) => one.id !== proposal.proposedBy && held.some((row) => row.id === one.id));
      if (able === undefined) throw new Error("the lab has no second security administrator");
      return must(await proposals.confirm(await lab.onPage(able), proposal.id, proposal.digest)).secret;
    },
    async agree(proposal) {
      const secondPart = (await lab.confirm(proposal)) ?? "";
      const proposer = roster.findLast((one) => one.id === proposal.proposedBy);
      if (proposer === undefined) throw new Error("the lab does not know who proposed it");
      const { secret } = must(await proposals.collect(await lab.onPage(proposer), proposal.id));
      return { token: secret, secondPart };
    },
    restarted: make,
    async verbs() {
      const rows = await database.read.audit.find({}, { orderBy: "id", limit: 1000 });
      return rows.map((row) => row.verb);
    },
    async close() {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return lab;
}
