/** Puts the SFTP judge, or the scp watch, between the two ends of a channel and hands what it tells to the session's log. */
import { sanitise } from "../../domain/index.js";
import { createHash } from "node:crypto";
import type { LiveChannel } from "../../broker/index.js";
import type { DoorContext } from "./door-deps.js";
import type { Filter, Passed } from "./filters.js";
import type { GateSession } from "./gate-session.js";
import { ScpViolation, ScpWatch, SftpGate, SftpViolation, type RunningHash, type SftpOutput } from "./sftp/index.js";

const LONGEST_PATH = 1_024;

export interface TransferChannel {
  readonly session: GateSession;
  readonly live: LiveChannel;
  readonly log: DoorContext["log"];
  /** Makes the line that is said when a peer's bytes end the channel. */
  readonly vetoText: (what: string) => string;
}

/** Logs in the background; `settled` resolves when all was logged. A log that fails ends the session. */
function logging({ session, log }: TransferChannel): {
  told: (work: Promise<void>) => void;
  settled: () => Promise<void>;
} {
  let settled = Promise.resolve();
  return {
    told: (work) => {
      const logged = work.catch((error: unknown) => {
        log("error", "a transfer could not be logged", { session: session.live.id, error: String(error) });
        void session.end("recorder-failed");
      });
      settled = settled.then(() => logged);
    },
    settled: () => settled,
  };
}

function sha256(): RunningHash {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}

export function sftpFilter(channel: TransferChannel): Filter {
  const { session, live, vetoText } = channel;
  const { told, settled } = logging(channel);
  const gate = new SftpGate({
    rights: { read: session.live.allows("sftp.read"), write: session.live.allows("sftp.write") },
    hash: sha256,
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
    settled,
  };
}

/** `scp -t` or `scp -f` by exec: passed through and logged; a protocol that cannot be followed ends the channel. */
export function scpFilter(channel: TransferChannel, reads: boolean, path: string, command: string): Filter {
  const { session, live, vetoText } = channel;
  const { told, settled } = logging(channel);
  const watch = new ScpWatch({
    direction: reads ? "download" : "upload",
    path,
    intoDirectory: path.endsWith("/") || / -[a-zA-Z]*d/.test(command),
    hash: sha256,
    onTransfer: (record) => told(session.live.transfer(live, record)),
  });
  const guarded = (step: () => void, passed: Passed): Passed => {
    try {
      step();
      return passed;
    } catch (error) {
      if (!(error instanceof ScpViolation)) throw error;
      return { toTarget: [], toOperator: [], veto: vetoText(sanitise(error.message)) };
    }
  };
  return {
    fromOperator: (bytes) =>
      guarded(() => watch.fromOperator(bytes), { toTarget: [{ bytes, secret: false }], toOperator: [] }),
    fromTarget: (bytes, stderr) =>
      guarded(() => (stderr ? undefined : watch.fromTarget(bytes)), { toTarget: [], toOperator: [bytes] }),
    close: () => watch.end(),
    settled,
  };
}
