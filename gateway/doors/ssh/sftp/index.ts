/** The judge of file transfers: SFTP as a gate that can veto, legacy scp as a watch. Pure; hashing comes in from outside. */
export { SftpGate } from "./gate.js";
export type { SftpOutput } from "./gate.js";
export { ScpViolation, ScpWatch } from "./scp-watch.js";
export type { RunningHash } from "./handles.js";
export { SftpViolation } from "./packets.js";
export type { SftpRights } from "./table.js";
