/**
 * Keeps asking whether what runs under a cookie may go on: an upgraded socket or a download ends within two seconds of a
 * sign-out, an expiry, a new password, a lost power (promise 3). Asking does not keep the sign-in alive.
 */
import type { Actor } from "../domain/index.js";
import type { RouteDeps } from "./route.js";

const EVERY_MS = 1_000;
/** Askings that may fail in a row, the database away, before it ends. */
const FAILURES = 3;

export interface Watched {
  readonly cookie: string;
  readonly address: string;
  /** Whether who he is now suffices. */
  may(actor: Actor): boolean;
  /** Called at most once. */
  end(): void;
}

/** Begins; answers how to stop asking. */
export function keepVigil(deps: Pick<RouteDeps, "broker" | "tethers" | "log">, watched: Watched): () => void {
  let failures = 0;
  const end = (): void => {
    stop();
    watched.end();
  };
  const untie = deps.tethers.tie(watched.cookie, end);
  const ask = async (): Promise<void> => {
    try {
      const now = await deps.broker.identity.resume(watched.cookie, watched.address, { quietly: true });
      failures = 0;
      if (!now.ok || !watched.may(now.value)) end();
    } catch (error) {
      failures += 1;
      if (failures === 1) deps.log("warn", "a sign-in could not be checked again", { error: String(error) });
      if (failures >= FAILURES) end();
    }
  };
  const timer = setInterval(() => void ask(), EVERY_MS);
  const stop = (): void => {
    clearInterval(timer);
    untie();
  };
  return stop;
}
