/** Implements the storage ports: database, audit log, checkpoints, search, blobs. */
export { openDatabase } from "./database.js";
export type { StorageDatabase, StorageOptions } from "./database.js";
export { createIds } from "./ids.js";
export type { SchemaState } from "./schema-state.js";
export * from "./log/index.js";
export { createLocalBlobs } from "./blobs/local.js";
export type { LocalBlobStore } from "./blobs/local.js";
export { openBlobs, parseS3Url } from "./blobs/open-blobs.js";
export type { BlobsOptions } from "./blobs/open-blobs.js";
export { createS3Blobs } from "./blobs/s3.js";
export type { S3BlobOptions, S3BlobStore } from "./blobs/s3.js";
