/** Encode, decode and verify the container of FORMAT.md. Pure: no Node, no DOM, no keys. */
export * from "./types.js";
