/** A running SHA-256 as the SSH door gives it to its file-transfer judge. */
import { createHash } from "node:crypto";
import type { RunningHash } from "../../gateway/doors/ssh/sftp/index.js";

export function runningHash(): RunningHash {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}
