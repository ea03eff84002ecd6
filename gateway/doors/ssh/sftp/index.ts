/** The judge of file transfers: SFTP as a gate that can veto, legacy scp as a watch. Pure; hashing comes in from outside. */
export { SFTP_LIMITS, SftpGate } from "./gate.js";
export type { SftpGateOptions, SftpLimits, SftpOutput } from "./gate.js";
export type { RunningHash } from "./handles.js";
export { SftpViolation } from "./packets.js";
export type { SftpRights } from "./table.js";
