/**
 * Tells those who listen inside this process that something changed: live sessions, waiting terminals, pages. What leaves the
 * broker says where the change lies, so that not even its id reaches somebody whose units are others.
 */
import { asId, type Actor, type PersonId, type Power, type Role, type Stores, type UnitId } from "../domain/index.js";
import type { Notice, PlacedNotice } from "./broker.js";
import type { BrokerDeps, Log } from "./deps.js";
import { covers, scopeOf } from "./scope.js";

export interface NoticeHub {
  readonly publish: (notice: Notice) => void;
  readonly subscribe: (listener: (notice: Notice) => void) => () => void;
}

/** A hub that hands each notice to `outward` and to its listeners. A listener that throws is logged and kept. */
export function createNoticeHub(outward: (notice: Notice) => void, log: Log): NoticeHub {
  const listeners = new Set<(notice: Notice) => void>();
  return {
    publish(notice) {
      for (const listener of [...listeners, outward]) {
        try {
          listener(notice);
        } catch (error) {
          log("error", "a listener to notices failed", { topic: notice.topic, error: String(error) });
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A notice for the persons named and for everyone with one of the roles or powers. */
export function notice(
  topic: Notice["topic"],
  id: string,
  personIds: readonly PersonId[],
  roles: readonly Role[],
  powers: readonly Power[],
): Notice {
  return { topic, id, audience: { personIds, roles, powers } };
}

/** A request changed: its requester and those who decide. */
export function requestNotice(id: string, requesterId: PersonId): Notice {
  return notice("requests", id, [requesterId], ["approver"], ["security", "audit"]);
}

/** A grant changed: its holder and those who decide. */
export function grantNotice(id: string, personId: PersonId): Notice {
  return notice("grants", id, [personId], ["approver"], ["security", "audit"]);
}

/** A session changed: its person and those who may watch. */
export function sessionNotice(id: string, personId: PersonId): Notice {
  return notice("sessions", id, [personId], ["approver"], ["security", "audit"]);
}

/** An alert changed: the three powers. */
export function alertNotice(id: string): Notice {
  return notice("alerts", id, [], [], ["system", "security", "audit"]);
}

type Placing = Pick<
  Stores,
  | "requests"
  | "grants"
  | "sessions"
  | "alerts"
  | "people"
  | "proposals"
  | "units"
  | "vendors"
  | "contracts"
  | "reviewItems"
>;

/** A listener outside the broker. What cannot be placed is logged and not told. */
export function placing(
  { database, log }: Pick<BrokerDeps, "database" | "log">,
  listener: (notice: PlacedNotice) => void,
): (notice: Notice) => void {
  const tell = async (notice: Notice): Promise<void> => {
    const unitIds = await unitsOf(database.read, notice);
    listener({ ...notice, audience: { ...notice.audience, unitIds } });
  };
  return (notice) => {
    tell(notice).catch((error: unknown) =>
      log("error", "a notice was not told", { topic: notice.topic, error: String(error) }),
    );
  };
}

/** The unit of what changed. A whole file that was imported lies nowhere in particular; what has no row lies at the top. */
async function unitsOf(stores: Placing, { topic, id }: Notice): Promise<readonly UnitId[] | null> {
  if (WHOLE_FILES.includes(id)) return null;
  const row = topic === "registry" ? await registered(stores, id) : await stores[topic].get(asId<never>(id));
  return row === undefined ? [] : [row.unitId];
}

const WHOLE_FILES: readonly string[] = ["vendors", "contracts", "people"];

async function registered(stores: Placing, id: string): Promise<{ readonly unitId: UnitId } | undefined> {
  const unit = await stores.units.get(asId(id));
  if (unit !== undefined) return { unitId: unit.id };
  return (
    (await stores.contracts.get(asId(id))) ??
    (await stores.vendors.get(asId(id))) ??
    (await stores.reviewItems.get(asId(id)))
  );
}

/** See `Broker.mayHear`. */
export async function mayHear(
  stores: Pick<Stores, "powers" | "roles" | "units">,
  actor: Pick<Actor, "personId">,
  { audience }: PlacedNotice,
): Promise<boolean> {
  if (audience.personIds.includes(actor.personId)) return true;
  const scope = await scopeOf(stores, actor, [...audience.powers, ...audience.roles]);
  if (scope.all) return true;
  return audience.unitIds === null ? scope.ids.size > 0 : audience.unitIds.some((id) => covers(scope, id));
}
