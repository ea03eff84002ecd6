/** The recorder of a node, recovery, reading and derived data, and the detector of password prompts. */
export * from "./contract.js";
export { createRecorder } from "./recorder.js";
export { recover } from "./recover.js";
export { nodeVerifyCrypto } from "./node-crypto.js";
export { KeyText } from "./key-text.js";
export { PasswordPrompt } from "./password-prompt.js";
export { createLibrary } from "./library.js";
