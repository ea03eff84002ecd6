/** Audit events, checkpoints and alerts. */
import { z } from "zod";
import { ALERT_KINDS, ALERT_STATES } from "./constants.js";
import { id, line, lines, listing, optional, outId, outTime, pageQuery, queryFlag, queryTime } from "./fields.js";
import { namedPerson, tracedPerson } from "./names.js";
import { AUDIT_VERBS } from "./verbs.js";

export const auditRow = z.object({
  id: outId,
  seq: z.number().nullable(),
  at: outTime,
  verb: z.string(),
  actorId: outId.nullable(),
  objectKind: z.string(),
  objectId: z.string(),
  /** RFC 8785 text, exactly as it was hashed. */
  leaf: z.string(),
  actorLogin: z.string().nullable(),
  actor: tracedPerson.nullable(),
  /** Whom it is about, where that is another than who did it. */
  about: tracedPerson.nullable(),
});
export type AuditRowView = z.infer<typeof auditRow>;
const range = { from: optional(queryTime), to: optional(queryTime) };
export const auditQuery = z.strictObject({
  ...pageQuery,
  verb: optional(line(80).refine((verb) => AUDIT_VERBS.some((one) => one === verb), { error: "unknown verb" })),
  objectId: optional(line(200)),
  /** What this person did, and what was done to him as the object. */
  person: optional(id),
  ...range,
});
export type AuditQuery = z.input<typeof auditQuery>;
export const auditListing = listing(auditRow);
export type AuditListing = z.infer<typeof auditListing>;
export const auditExportQuery = z.strictObject(range);
export type AuditExportQuery = z.input<typeof auditExportQuery>;

export const checkpoint = z.object({
  id: z.string(),
  size: z.number(),
  root: z.string(),
  note: z.string(),
  at: outTime,
});
export type CheckpointView = z.infer<typeof checkpoint>;
export const checkpointListing = listing(checkpoint);
export type CheckpointListing = z.infer<typeof checkpointListing>;

export const alert = z.object({
  id: outId,
  unitId: outId,
  kind: z.enum(ALERT_KINDS),
  state: z.enum(ALERT_STATES),
  subject: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  at: outTime,
  lastAt: outTime,
  count: z.number(),
  acknowledgedBy: outId.nullable(),
  acknowledgedAt: outTime.nullable(),
  resolution: z.string().nullable(),
  /** The person, or the person of the session, that `subject` names. */
  about: namedPerson.nullable(),
  acknowledger: namedPerson.nullable(),
});
export type AlertView = z.infer<typeof alert>;
export const alertsQuery = z.strictObject({ ...pageQuery, open: optional(queryFlag) });
export type AlertsQuery = z.input<typeof alertsQuery>;
export const alertListing = listing(alert);
export type AlertListing = z.infer<typeof alertListing>;
export const resolutionBody = z.strictObject({ resolution: lines(2000) });
export type ResolutionBody = z.infer<typeof resolutionBody>;
