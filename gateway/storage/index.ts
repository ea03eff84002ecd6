/** Implements the storage ports: database, audit log, checkpoints, search, blobs. */
export { openDatabase } from "./database.js";
export type { StorageDatabase, StorageOptions } from "./database.js";
export { createIds } from "./ids.js";
export * from "./log/index.js";
export { createLocalBlobs } from "./blobs/local.js";
export type { LocalBlobStore } from "./blobs/local.js";
