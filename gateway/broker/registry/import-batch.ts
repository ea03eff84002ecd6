/**
 * New people of a file, held back and written many in a statement: a file of thousands is one transaction, and a transaction
 * has seconds. What is held is not found by reading; `knows` says of whom one should flush first.
 */
import type { AuditEntry, Person, RoleHolding, Store, Stores, UnitId } from "../../domain/index.js";

export interface ImportBatch {
  /** Holds back new people, roles and events; everything else goes to the transaction at once. */
  readonly stores: Stores;
  /** Whether somebody of that login is held back. */
  knows(login: string): boolean;
  /** Writes what is held, in order. */
  flush(): Promise<void>;
}

export function batchOf(tx: Stores): ImportBatch {
  const people = new Map<string, Person>();
  const units = new Map<string, UnitId>();
  const roles: RoleHolding[] = [];
  const events: AuditEntry[] = [];
  return {
    stores: {
      ...tx,
      people: holding(tx.people, (person) => {
        people.set(person.login, person);
        units.set(person.id, person.unitId);
      }),
      roles: { ...holding(tx.roles, (role) => roles.push(role)), remove: (id) => tx.roles.remove(id) },
      audit: {
        async append(entry) {
          events.push(placed(entry, units));
          return Promise.resolve();
        },
        appendAll: (entries) => tx.audit.appendAll(entries),
        find: (where, options) => tx.audit.find(where, options),
      },
    },
    knows: (login) => people.has(login),
    async flush() {
      await tx.people.insertAll([...people.values()]);
      await tx.roles.insertAll(roles.splice(0));
      await tx.audit.appendAll(events.splice(0));
      people.clear();
    },
  };
}

/** An event about somebody new is of his unit, which need not be looked up. */
function placed(entry: AuditEntry, units: ReadonlyMap<string, UnitId>): AuditEntry {
  const unitId = entry.object.kind === "person" ? units.get(entry.object.id) : undefined;
  return unitId === undefined ? entry : { unitId, ...entry };
}

function holding<Row extends { readonly id: string }>(store: Store<Row>, hold: (row: Row) => void): Store<Row> {
  return {
    get: (id) => store.get(id),
    find: (where, options) => store.find(where, options),
    count: (where) => store.count(where),
    async insert(row) {
      hold(row);
      return Promise.resolve();
    },
    insertAll: (rows) => store.insertAll(rows),
    update: (id, patch, expect) => store.update(id, patch, expect),
  };
}
