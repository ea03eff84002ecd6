/** The SSH door: what operators reach with the ssh, scp, sftp and PuTTY they already have. */
export { createSshDoor, type SshDoor } from "./listen.js";
export { createProbe, type Probe } from "./probe.js";
export { type ExecVerdict, type PasswordPrompt, type SshDoorDeps, type SshDoorLimits } from "./door-deps.js";
export { assertNativeBinding } from "./ssh2-shims.js";
