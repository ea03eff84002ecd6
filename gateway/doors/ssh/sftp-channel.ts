/** Puts the SFTP judge between the two ends of a channel and hands what it tells to the session's log. */
import { createHash } from "node:crypto";
import type { LiveChannel } from "../../broker/index.js";
import type { DoorContext } from "./door-deps.js";
import type { Filter, Passed } from "./filters.js";
import type { GateSession } from "./gate-session.js";
import { sanitise } from "./sanitise.js";
import { SftpGate, SftpViolation, type SftpOutput } from "./sftp/index.js";

const LONGEST_PATH = 1_024;

/** `vetoText` makes the line that is said when a packet ends the channel. */
export function sftpFilter(
  session: GateSession,
  live: LiveChannel,
  log: DoorContext["log"],
  vetoText: (what: string) => string,
): Filter {
  let settled = Promise.resolve();
  const told = (work: Promise<void>): void => {
    const logged = work.catch((error: unknown) => {
      log("error", "a transfer could not be logged", { session: session.live.id, error: String(error) });
      void session.end("recorder-failed");
    });
    settled = settled.then(() => logged);
  };
  const gate = new SftpGate({
    rights: { read: session.live.allows("sftp.read"), write: session.live.allows("sftp.write") },
    hash: () => {
      const hash = createHash("sha256");
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
    },
    onTransfer: (record) => told(session.live.transfer(live, record)),
    onRefused: ({ what, path, because }) =>
      told(session.live.refuseInChannel(live, { what, path: sanitise(path, LONGEST_PATH), because })),
  });
  const guarded = (step: () => SftpOutput): Passed => {
    try {
      const { toTarget, toOperator } = step();
      return { toTarget: toTarget.map((bytes) => ({ bytes, secret: false })), toOperator };
    } catch (error) {
      if (!(error instanceof SftpViolation)) throw error;
      return { toTarget: [], toOperator: [], veto: vetoText(sanitise(error.message)) };
    }
  };
  return {
    fromOperator: (bytes) => guarded(() => gate.fromOperator(bytes)),
    // An sftp-server's stderr is words for people, no packets.
    fromTarget: (bytes, stderr) =>
      stderr ? { toTarget: [], toOperator: [bytes] } : guarded(() => gate.fromTarget(bytes)),
    waiting: () => gate.waiting,
    close: () => gate.end(),
    settled: () => settled,
  };
}
