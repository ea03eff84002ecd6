/** The real database that a house of a test stands on, with a signed log: a file in the house's folder, or a server of its own. */
import { join } from "node:path";
import { openDatabase } from "../../gateway/storage/index.js";
import type { Replace } from "./access-house.js";
import { startPostgres } from "./postgres.js";

export const SIGNER = "gatehouse/test";

/** `closing`: takes what ends it. */
export function onDatabase(name: "SQLite" | "PostgreSQL", closing: (() => Promise<unknown>)[]): Replace {
  return async ({ clock, ids, vault, nodeId, folder }) => {
    const server = name === "PostgreSQL" ? await startPostgres() : undefined;
    const url = server?.url ?? `sqlite:${join(folder, "g.db")}`;
    const database = await openDatabase({ url, clock, ids, nodeId, log: () => undefined });
    closing.push(async () => {
      await database.close();
      await server?.stop();
    });
    return { database, checkpoints: database.checkpoints({ name: SIGNER, ...vault.evidence }) };
  };
}
