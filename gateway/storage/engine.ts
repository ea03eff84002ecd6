/** What the two databases do each in their own way: how a read and a transaction get their connection. */
import type { SchemaState } from "./schema-state.js";
import type { Scope } from "./scope.js";

export interface Engine {
  /** As it is now: `current`, unless the engine was opened to look. */
  readonly schema: SchemaState;
  /** Statements outside any transaction; they never see what is not committed. */
  readonly reads: Scope;
  /**
   * One transaction. `serial`: as if alone, tried again when the database could not order it (`work` may then run more
   * than once); `latest`: each statement sees what was committed before it.
   */
  transaction<T>(work: (scope: Scope) => Promise<T>, isolation?: "serial" | "latest"): Promise<T>;
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly url: string;
  /** Longest wait for a connection or a turn, and longest transaction, in milliseconds. */
  readonly timeoutMs: number;
  readonly log: Log;
  /** Leaves the schema as it is. */
  readonly toLook: boolean;
}

export type Log = (
  level: "info" | "warn" | "error",
  message: string,
  detail?: Readonly<Record<string, unknown>>,
) => void;
