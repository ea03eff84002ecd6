/** Tables of settings, audit events, the Merkle tree over them, its signed checkpoints, and search text. */
import type { AuditRow, Checkpoint, SearchEntry, Setting } from "../../domain/index.js";
import { table } from "../table.js";

export const settings = table<Setting>("setting", { id: "text", value: "text" });

export const auditEvents = table<AuditRow>("audit_event", {
  id: "text",
  seq: "integer?",
  at: "integer",
  verb: "text",
  actorId: "text?",
  objectKind: "text",
  objectId: "text",
  unitId: "text?",
  leaf: "text",
});

export const checkpoints = table<Checkpoint>("checkpoint", {
  id: "text",
  size: "integer",
  root: "text",
  note: "text",
  at: "integer",
});

/** One complete subtree of the log: `id` is `level/index`, over the leaves `[index << level, (index + 1) << level)`. */
export interface TreeNodeRow {
  readonly id: string;
  /** Base64 of the RFC 6962 hash. */
  readonly hash: string;
}
export const treeNodes = table<TreeNodeRow>("tree_node", { id: "text", hash: "text" });

/** The number that the index of tokens uses for the entry is the database's own; see `search-store.ts`. */
export const searchEntries = table<SearchEntry>("search_entry", {
  id: "text",
  recordingId: "text",
  kind: "text",
  atUs: "integer",
  at: "integer",
  sealed: "text",
});
