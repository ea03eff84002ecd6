/** As what a session ends when the door gives it up with a code: the broker knows fewer ways to end than there are failures. */
import type { EndReason, ErrorCode } from "../../domain/index.js";
import type { LastWord } from "./errors.js";

const REASONS: Partial<Record<ErrorCode, EndReason>> = {
  "recorder-failed": "recorder-failed",
  "storage-unavailable": "recorder-failed",
  "grant-ended": "expired",
  "no-grant": "revoked",
  "not-granted": "revoked",
};
const ENDS: ReadonlySet<string> = new Set<EndReason>([
  "left",
  "target-closed",
  "target-unreachable",
  "expired",
  "revoked",
  "bond-ended",
  "sign-in-ended",
  "device-key-refused",
  "stopped",
  "idle",
  "recorder-failed",
  "quota",
  "too-old",
  "node-drained",
  "node-lost",
]);

/** `seen`: whether the desktop was ever there; then what fails behind it took it away. */
export function endOf({ code }: LastWord, seen: boolean): EndReason {
  if (ENDS.has(code)) return code as EndReason;
  return REASONS[code as ErrorCode] ?? (seen ? "target-closed" : "target-unreachable");
}
