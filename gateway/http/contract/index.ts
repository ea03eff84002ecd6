/** The API's schemas and the types inferred from them: one file a noun, zod alone, usable by server and page. */
export * from "./assets.js";
export * from "./audit.js";
export * from "./auth.js";
export * from "./constants.js";
export * from "./desktop.js";
export * from "./fields.js";
export * from "./live.js";
export * from "./me.js";
export * from "./people.js";
export * from "./problems.js";
export * from "./recordings.js";
export * from "./requests.js";
export * from "./sessions.js";
export * from "./terminals.js";
export * from "./tickets.js";
export * from "./verbs.js";
