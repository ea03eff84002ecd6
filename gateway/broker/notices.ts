/** Tells those who listen inside this process that something changed: live sessions, waiting terminals, pages. */
import type { PersonId, Power, Role } from "../domain/index.js";
import type { Notice } from "./broker.js";
import type { Log } from "./deps.js";

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
