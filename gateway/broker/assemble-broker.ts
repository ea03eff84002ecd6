/** Puts the broker together around one registry of live sessions and one hub of notices, and gives it a start and an end. */
import type { LiveEntry } from "./live-entry.js";
import type { Broker, DirectoryUseCases, FactorUseCases, IdentityUseCases, PeopleUseCases } from "./broker.js";
import { bindAccess, bindAssets, bindAudit, bindDesktops, bindRecordings, bindSessions } from "./bind-use-cases.js";
import { sweepTerminals } from "./factors/device-keys.js";
import { checkPeople, roundMs } from "./directories/check-people.js";
import { DeriveQueue } from "./derive-queue.js";
import type { BrokerDeps } from "./deps.js";
import { closeSession } from "./end-session.js";
import { sweepChallenges } from "./factors/challenges.js";
import { LiveSessions } from "./live-sessions.js";
import { moveStates } from "./move-states.js";
import { logHeads, recoverNode, registerNode } from "./node-start.js";
import { createNoticeHub, mayHear, placing } from "./notices.js";
import { bindProposals } from "./proposals/bind.js";
import { lapseProposals } from "./proposals/lapse.js";
import { watchPolicy } from "./proposals/watch-policy.js";
import { watchSeals } from "./proposals/watch-seals.js";
import { endPassedContracts, warnOfEndings } from "./registry/contract-rounds.js";
import { disableDormant } from "./registry/dormant.js";
import { renewNameKeys } from "./registry/name-keys.js";
import { bindPeopleRegister } from "./registry/people-register.js";
import { bindRegister } from "./registry/register.js";
import { reviewRound } from "./registry/review-rounds.js";
import { sweepTickets } from "./redeem-ticket.js";
import { bindRetention } from "./retention/bind.js";
import { removeOldRecordings } from "./retention/remove-old.js";
import { startRounds } from "./rounds.js";
import { obeyStops } from "./stop-session.js";

export interface Parts {
  readonly identity: (deps: BrokerDeps) => IdentityUseCases;
  readonly people: (deps: BrokerDeps) => PeopleUseCases;
  readonly factors: (deps: BrokerDeps) => FactorUseCases;
  readonly directories: (deps: BrokerDeps) => DirectoryUseCases;
}

export interface RunningBroker extends Broker {
  /** Recovers what a dead process left, then begins to look at clocks and rows. Doors open after it resolved. */
  start(): Promise<void>;
  /** After `sessions.drain`: stops looking, derives no more, sequences the last events. */
  stop(): Promise<void>;
}

export interface AssembledBroker extends RunningBroker {
  readonly live: LiveSessions;
  readonly derive: DeriveQueue;
}

const SEQUENCE_MS = 1000;
const HEADS_MS = 10_000;

/** The broker with its inner parts showing; `createBroker` hides them. */
export function assembleBroker(given: BrokerDeps, parts: Parts): AssembledBroker {
  const hub = createNoticeHub(given.notify, given.log);
  const deps: BrokerDeps = { ...given, notify: hub.publish };
  const derive = new DeriveQueue(deps);
  const closing = { ...deps, onRecorded: derive.add.bind(derive) };
  const live: LiveSessions = new LiveSessions({
    ...deps,
    idleMs: deps.config.idleMs,
    close: (entry, because) => closeSession(closing, entry, because),
    onReread: async () => {
      await obeyStops({ ...deps, live }, deps.nodeId);
      await Promise.all(
        live.living().flatMap((entry: LiveEntry) => [...entry.watchers].map((watcher) => watcher.recheck())),
      );
    },
  });
  hub.subscribe((notice) => {
    if (notice.topic === "grants" || notice.topic === "people") void live.changed();
  });
  const identity = parts.identity(deps);
  let stopRounds = (): Promise<void> => Promise.resolve();
  return {
    identity,
    people: parts.people(deps),
    factors: parts.factors(deps),
    directories: parts.directories(deps),
    registry: { ...bindRegister(deps), ...bindPeopleRegister(deps) },
    assets: bindAssets(deps),
    access: bindAccess({ ...deps, hub }),
    desktops: bindDesktops({ ...deps, live }),
    sessions: bindSessions({ ...deps, live, identity }),
    recordings: bindRecordings({ ...deps, live }),
    proposals: { ...bindProposals(deps), ...bindRetention(deps) },
    audit: bindAudit(deps),
    onNotice: (listener) => hub.subscribe(placing(deps, listener)),
    mayHear: (actor, notice) => mayHear(deps.database.read, actor, notice),
    live,
    derive,
    async start() {
      await registerNode(deps);
      await renewNameKeys(deps);
      for (const id of await recoverNode(deps)) derive.add(id);
      live.start();
      stopRounds = startRounds(roundsOf(deps), deps.log);
    },
    async stop() {
      await stopRounds();
      await live.stop();
      await derive.stop();
      const object = { kind: "node", id: deps.nodeId };
      await deps.database.write((tx) =>
        tx.audit.append({ verb: "node.stopped", actorId: null, object, sourceAddress: null }),
      );
      await deps.checkpoints.advance();
    },
  };
}

function roundsOf(deps: BrokerDeps): Parameters<typeof startRounds>[0] {
  const { sweepMs } = deps.config;
  return [
    { everyMs: SEQUENCE_MS, what: "sequencing the audit log", run: () => deps.checkpoints.advance() },
    { everyMs: SEQUENCE_MS, what: "moving grants and requests on", run: () => moveStates(deps) },
    { everyMs: SEQUENCE_MS, what: "ending contracts whose last day has passed", run: () => endPassedContracts(deps) },
    { everyMs: sweepMs, what: "telling of contracts that end soon", run: () => warnOfEndings(deps) },
    { everyMs: HEADS_MS, what: "logging the heads of recordings", run: () => logHeads(deps) },
    { everyMs: sweepMs, what: "removing recordings past retention", run: () => removeOldRecordings(deps) },
    { everyMs: sweepMs, what: "reviewing people and entitlements", run: () => reviewRound(deps) },
    { everyMs: sweepMs, what: "closing accounts that nobody uses", run: () => disableDormant(deps) },
    { everyMs: sweepMs, what: "taking old tickets away", run: () => sweepTickets(deps) },
    { everyMs: sweepMs, what: "letting old proposals lapse", run: () => lapseProposals(deps) },
    { everyMs: sweepMs, what: "looking at the policy", run: () => watchPolicy(deps) },
    { everyMs: sweepMs, what: "looking for sealed envelopes", run: () => watchSeals(deps) },
    { everyMs: sweepMs, what: "taking old links of terminals away", run: () => sweepTerminals(deps) },
    { everyMs: roundMs(deps), what: "asking directories after people", run: () => checkPeople(deps) },
    { everyMs: sweepMs, what: "taking old challenges away", run: () => sweepChallenges(deps) },
  ];
}
