/** The nouns of Gatehouse, their state machines, ports and error codes. No I/O, no clock, no dice. */
export * from "./access.js";
export * from "./access-rules.js";
export * from "./actions.js";
export * from "./addresses.js";
export * from "./assets.js";
export * from "./audit.js";
export * from "./desktop.js";
export * from "./errors.js";
export * from "./foreign-text.js";
export * from "./ids.js";
export * from "./login-name.js";
export * from "./people.js";
export * from "./ports.js";
export * from "./sessions.js";
export * from "./tap.js";
