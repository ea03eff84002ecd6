/** Implements the storage ports: database, audit log, checkpoints, search, blobs. */
export { openDatabase } from "./database.js";
export type { StorageDatabase, StorageOptions } from "./database.js";
export { createIds } from "./ids.js";
export * from "./log/index.js";
