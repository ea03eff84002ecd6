/** The few words of a schema that the two databases spell apart. */
import type { Dialect } from "../scope.js";

/**
 * `NUMBERED` becomes an own rising integer key. `CLUSTERED` keeps SQLite's rows in the key's order. On PostgreSQL every text
 * compares byte by byte, as SQLite's does, so that orders, ranges and `LOWER` agree.
 */
export function adapt(dialect: Dialect, sql: string): string {
  return dialect === "sqlite"
    ? sql.replace("NUMBERED", "INTEGER PRIMARY KEY AUTOINCREMENT").replace("CLUSTERED", "WITHOUT ROWID")
    : sql
        .replace("NUMBERED", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
        .replace("CLUSTERED", "")
        .replaceAll(" TEXT", ' TEXT COLLATE "C"');
}
