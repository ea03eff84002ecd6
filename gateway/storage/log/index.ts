/** The evidence log's pure half: Merkle tree, signed notes, offline verification. */
export * from "./merkle.js";
export * from "./note.js";
export * from "./verify-export.js";
