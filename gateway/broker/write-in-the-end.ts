/** Rows that tell how something ended are written when the database is back: the end itself cannot wait for them. */
import { GatehouseError, type SessionId } from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";

const RETRY_MS = 1000;
const TRIES = 120;

/** Runs `write` until it succeeds, once a second while the database is away; any other error, and the last, goes through. */
export async function writeInTheEnd(
  deps: Pick<BrokerDeps, "log">,
  sessionId: SessionId,
  write: () => Promise<void>,
): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      await write();
      return;
    } catch (error) {
      if (!(error instanceof GatehouseError) || error.code !== "storage-unavailable" || tried === TRIES) throw error;
      deps.log("warn", "the end of a session or channel could not be written yet", { sessionId, tried });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
