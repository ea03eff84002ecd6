/**
 * A `Database` in memory for unit tests of use cases: transactions by copy and commit, one write at a time, unique
 * columns as the schema has them. It passes the same contract suite as the real ones and keeps nothing on disk.
 */
import {
  GatehouseError,
  asId,
  type AuditEntry,
  type AuditEvent,
  type AuditLog,
  type AuditRow,
  type Clock,
  type Database,
  type FindOptions,
  type Ids,
  type NodeId,
  type SearchEntry,
  type SearchStore,
  type Store,
  type Stores,
  type Ticket,
  type UnitId,
  type Where,
} from "../../gateway/domain/index.js";

type Row = { readonly id: string };
type Table = Map<string, Row>;
type Tables = Map<string, Table>;
type Unique = { readonly columns: readonly string[]; readonly when?: (row: Record<string, unknown>) => boolean };

const TABLES = [
  "settings",
  "units",
  "people",
  "recoveryCodes",
  "personKeys",
  "powers",
  "roles",
  "webSessions",
  "vendors",
  "contracts",
  "signatures",
  "reviewItems",
  "proposals",
  "breakGlassSeals",
  "legalHolds",
  "passkeys",
  "challenges",
  "terminalApprovals",
  "deviceKeys",
  "passwordHistory",
  "externalIdentities",
  "scimTokens",
  "scimGroups",
  "tickets",
  "assets",
  "accounts",
  "entitlements",
  "requests",
  "requestItems",
  "approvals",
  "grants",
  "sessions",
  "connections",
  "channels",
  "recordings",
  "transfers",
  "inputOpenings",
  "alerts",
  "nodes",
  "search",
  "audit",
] as const;

const UNIQUES: Readonly<Record<string, readonly Unique[]>> = {
  units: [{ columns: ["parentId", "nameKey"], when: (row) => row["state"] === "active" }],
  people: [{ columns: ["login"] }, { columns: ["enrolmentHash"] }, { columns: ["identityKey"] }],
  vendors: [{ columns: ["nameKey"] }, { columns: ["registrationNumber"] }],
  contracts: [{ columns: ["numberKey"] }],
  signatures: [{ columns: ["personId", "kind", "digest"] }],
  proposals: [{ columns: ["kind", "subject"], when: (row) => row["state"] === "pending" }],
  breakGlassSeals: [{ columns: ["hash"] }],
  terminalApprovals: [{ columns: ["codeHash"] }, { columns: ["pollHash"] }],
  deviceKeys: [{ columns: ["fingerprint"] }],
  externalIdentities: [{ columns: ["kind", "source", "subject"], when: (row) => row["retiredAt"] === null }],
  scimTokens: [{ columns: ["hash"] }],
  personKeys: [{ columns: ["fingerprint"], when: (row) => row["retiredAt"] === null }],
  assets: [{ columns: ["name"] }],
  accounts: [{ columns: ["assetId", "login"] }],
  approvals: [{ columns: ["requestId", "approverId"] }],
  grants: [{ columns: ["itemId"] }],
  sessions: [{ columns: ["recordingId"] }],
  channels: [{ columns: ["sessionId", "number"] }],
  alerts: [{ columns: ["kind", "subject"], when: (row) => row["state"] === "open" }],
};

/** How one column stands to one condition; the semantics of `Condition` in domain/ports. */
function satisfies(value: unknown, condition: unknown): boolean {
  if (condition === undefined) throw new TypeError("a condition may not be undefined");
  if (condition === null || typeof condition !== "object") return value === condition;
  const tests = condition as Record<string, unknown>;
  return Object.entries(tests).every(([key, wanted]) => {
    switch (key) {
      case "in":
        return (wanted as readonly unknown[]).includes(value);
      case "not":
        return value !== wanted && (wanted === null || value !== null);
      case "contains":
        return typeof value === "string" && value.toLowerCase().includes(String(wanted).toLowerCase());
      case "lt":
        return value !== null && (value as never) < (wanted as never);
      case "lte":
        return value !== null && (value as never) <= (wanted as never);
      case "gt":
        return value !== null && (value as never) > (wanted as never);
      case "gte":
        return value !== null && (value as never) >= (wanted as never);
      default:
        throw new TypeError(`no such condition: ${key}`);
    }
  });
}

function matches(row: Row, where: object): boolean {
  const columns = row as unknown as Record<string, unknown>;
  return Object.entries(where).every(([column, condition]) => satisfies(columns[column], condition));
}

function select<R extends Row>(table: Table, where: Where<R>, options: FindOptions<R> = {}): R[] {
  const rows = [...table.values()].filter((row) => matches(row, where)) as R[];
  const by = options.orderBy ?? "id";
  const sign = options.descending === true ? -1 : 1;
  rows.sort((a, b) => {
    const [x, y] = [a[by] as never, b[by] as never];
    if (x === y) return a.id < b.id ? -sign : sign;
    return x < y ? -sign : sign;
  });
  const offset = options.offset ?? 0;
  return rows.slice(offset, offset + Math.min(options.limit ?? 100, 1000));
}

class MemoryStore<R extends Row> implements Store<R> {
  readonly #name: string;
  readonly #table: () => Table;
  readonly #writable: boolean;
  constructor(name: string, table: () => Table, writable: boolean) {
    this.#name = name;
    this.#table = table;
    this.#writable = writable;
  }
  async get(id: R["id"]): Promise<R | undefined> {
    return this.#table().get(id) as R | undefined;
  }
  async find(where: Where<R>, options?: FindOptions<R>): Promise<R[]> {
    return select<R>(this.#table(), where, options);
  }
  async count(where: Where<R>): Promise<number> {
    return [...this.#table().values()].filter((row) => matches(row, where)).length;
  }
  async insert(row: R): Promise<void> {
    this.#mayWrite();
    if (this.#table().has(row.id)) throw new GatehouseError("conflict", "the id is taken");
    this.#checkUnique(row);
    this.#table().set(row.id, structuredClone(row));
  }
  async insertAll(rows: readonly R[]): Promise<void> {
    for (const row of rows) await this.insert(row);
  }
  async update(id: R["id"], patch: Partial<R>, expect: Where<R> = {}): Promise<boolean> {
    this.#mayWrite();
    const row = this.#table().get(id);
    if (row === undefined || !matches(row, expect)) return false;
    const next = { ...row, ...structuredClone(patch) };
    this.#checkUnique(next);
    this.#table().set(id, next);
    return true;
  }
  async remove(id: R["id"]): Promise<boolean> {
    this.#mayWrite();
    return this.#table().delete(id);
  }
  async removeOlder(expiredBefore: number): Promise<number> {
    this.#mayWrite();
    const over = [...this.#table().values()].filter(
      (row) => (row as Row & Pick<Ticket, "expiresAt">).expiresAt < expiredBefore,
    );
    for (const row of over) this.#table().delete(row.id);
    return over.length;
  }
  #mayWrite(): void {
    if (!this.#writable) throw new GatehouseError("internal", "writes go through a transaction");
  }
  #checkUnique(row: Row): void {
    const columns = row as unknown as Record<string, unknown>;
    for (const unique of UNIQUES[this.#name] ?? []) {
      if (unique.when !== undefined && !unique.when(columns)) continue;
      const values = unique.columns.map((column) => columns[column]);
      if (values.some((value) => value === null || value === undefined)) continue;
      const taken = [...this.#table().values()].some((other) => {
        const others = other as unknown as Record<string, unknown>;
        if (other.id === row.id || (unique.when !== undefined && !unique.when(others))) return false;
        return unique.columns.every((column, index) => others[column] === values[index]);
      });
      if (taken) throw new GatehouseError("conflict", "a unique value is taken");
    }
  }
}

/** RFC 8785 for the plain values of an audit leaf. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record).filter((key) => record[key] !== undefined);
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(record[key])}`)
    .join(",")}}`;
}

class MemoryAuditLog implements AuditLog {
  readonly #table: () => Table;
  readonly #write: ((entry: AuditEntry) => AuditEvent) | undefined;
  readonly #unitOf: (object: AuditEntry["object"]) => UnitId | null;
  constructor(
    table: () => Table,
    write: ((entry: AuditEntry) => AuditEvent) | undefined,
    unitOf: (object: AuditEntry["object"]) => UnitId | null,
  ) {
    this.#table = table;
    this.#write = write;
    this.#unitOf = unitOf;
  }
  async append(entry: AuditEntry): Promise<void> {
    if (this.#write === undefined) throw new GatehouseError("internal", "writes go through a transaction");
    const event = this.#write(entry);
    const row: AuditRow = {
      id: event.id,
      seq: this.#table().size,
      at: event.at,
      verb: event.verb,
      actorId: event.actor.id,
      objectKind: event.object.kind,
      objectId: event.object.id.replaceAll("\u0000", "\uFFFD"),
      unitId: entry.unitId === undefined ? this.#unitOf(entry.object) : entry.unitId,
      leaf: canonical(event),
    };
    this.#table().set(row.id, row);
  }
  async appendAll(entries: readonly AuditEntry[]): Promise<void> {
    for (const entry of entries) await this.append(entry);
  }
  async find(where: Where<AuditRow>, options?: FindOptions<AuditRow>): Promise<AuditRow[]> {
    return select<AuditRow>(this.#table(), where, options);
  }
}

const STORE_OF: Readonly<Record<string, string>> = {
  person: "people",
  vendor: "vendors",
  contract: "contracts",
  review: "reviewItems",
  proposal: "proposals",
  hold: "legalHolds",
  "scim-token": "scimTokens",
  asset: "assets",
  account: "accounts",
  entitlement: "entitlements",
  request: "requests",
  grant: "grants",
  session: "sessions",
  connection: "connections",
  channel: "channels",
  transfer: "transfers",
  recording: "recordings",
  alert: "alerts",
};

/** The unit of an event's object, as the real databases look it up. */
function unitOf(tables: Tables, object: AuditEntry["object"]): UnitId | null {
  const field = (store: string, id: unknown, name: string): string | null | undefined =>
    (tables.get(store)?.get(String(id)) as Record<string, string | null> | undefined)?.[name];
  if (object.kind === "unit") return asId(field("units", object.id, "id") ?? "") || null;
  const store = STORE_OF[object.kind];
  if (store === undefined) return null;
  const unit =
    (store === "people" ? field("contracts", field(store, object.id, "contractId"), "unitId") : undefined) ??
    field(store, object.id, "unitId") ??
    field("sessions", field(store, object.id, "sessionId"), "unitId");
  return unit === null || unit === undefined ? null : asId(unit);
}

type SearchRow = SearchEntry & { readonly tokens: readonly string[] };

class MemorySearchStore implements SearchStore {
  readonly #table: () => Table;
  readonly #recordings: () => Table;
  constructor(table: () => Table, recordings: () => Table) {
    this.#table = table;
    this.#recordings = recordings;
  }
  async add(entries: readonly SearchRow[]): Promise<void> {
    for (const entry of entries) this.#table().set(entry.id, entry);
  }
  async find(query: Parameters<SearchStore["find"]>[0]): Promise<SearchEntry[]> {
    return this.#rows()
      .filter((row) => query.tokens.every((token) => row.tokens.includes(token)))
      .filter((row) => query.kind === undefined || row.kind === query.kind)
      .filter((row) => query.recordingIds === undefined || query.recordingIds.includes(row.recordingId))
      .filter((row) => {
        const recording = this.#recordings().get(row.recordingId) as { readonly unitId: string } | undefined;
        return query.unitIds === undefined || (recording !== undefined && query.unitIds.includes(recording.unitId));
      })
      .filter((row) => query.before === undefined || row.at < query.before)
      .sort((a, b) => b.at - a.at)
      .slice(0, query.limit)
      .map(bare);
  }
  async ofRecording(recordingId: string, kinds: readonly SearchEntry["kind"][]): Promise<SearchEntry[]> {
    return this.#rows()
      .filter((row) => row.recordingId === recordingId && kinds.includes(row.kind))
      .map(bare);
  }
  async removeRecording(recordingId: string): Promise<void> {
    for (const row of this.#rows()) if (row.recordingId === recordingId) this.#table().delete(row.id);
  }
  #rows(): SearchRow[] {
    return [...this.#table().values()] as SearchRow[];
  }
}

function bare(row: SearchRow): SearchEntry {
  const { tokens, ...entry } = row;
  void tokens;
  return entry;
}

function bindStores(tables: () => Tables, write: ((entry: AuditEntry) => AuditEvent) | undefined): Stores {
  const stores: Record<string, unknown> = {};
  for (const name of TABLES) {
    const table = (): Table => tables().get(name) as Table;
    if (name === "audit") stores[name] = new MemoryAuditLog(table, write, (object) => unitOf(tables(), object));
    else if (name === "search") stores[name] = new MemorySearchStore(table, () => tables().get("recordings") as Table);
    else stores[name] = new MemoryStore(name, table, write !== undefined);
  }
  return stores as unknown as Stores;
}

/** An empty database. `clock` and `ids` stamp audit events, `nodeId` names the node in them. */
export function openMemoryDatabase(deps: {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly nodeId?: NodeId;
}): Database {
  let committed: Tables = new Map(TABLES.map((name) => [name, new Map() as Table]));
  let queue: Promise<unknown> = Promise.resolve();
  const event = (entry: AuditEntry): AuditEvent => ({
    v: 1,
    id: asId(deps.ids.next()),
    at: deps.clock.now(),
    node: deps.nodeId ?? asId<NodeId>("node"),
    verb: entry.verb,
    actor: { id: entry.actorId, name: entry.actorName ?? null },
    object: entry.object,
    source: entry.sourceAddress,
    decidedBy: entry.decidedBy ?? null,
    detail: entry.detail ?? {},
  });
  return {
    read: bindStores(() => committed, undefined),
    write<T>(work: (tx: Stores) => Promise<T>): Promise<T> {
      const run = queue.then(async () => {
        const mine: Tables = new Map([...committed].map(([name, table]) => [name, new Map(table)]));
        const result = await work(bindStores(() => mine, event));
        committed = mine;
        return result;
      });
      queue = run.catch(() => undefined);
      return run;
    },
    async ping() {},
    async close() {},
  };
}
