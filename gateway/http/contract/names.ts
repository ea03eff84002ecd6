/** A person and a session as they are named beside other things: never without the vendor chain. */
import { z } from "zod";
import { outId, outTime } from "./fields.js";
import { sessionSnapshot } from "./sessions.js";

export const namedPerson = z.object({
  id: outId,
  login: z.string(),
  displayName: z.string(),
  /** Vendor names from his own up to the outermost; empty for a unit's own person. */
  vendorChain: z.array(z.string()).readonly(),
  contractNumber: z.string().nullable(),
});
export type NamedPersonView = z.infer<typeof namedPerson>;

/** `asThen`: chain and contract as they were written down when it happened; otherwise as they are now. */
export const tracedPerson = namedPerson.extend({ asThen: z.boolean() });
export type TracedPersonView = z.infer<typeof tracedPerson>;

export const namedSession = z.object({
  id: outId,
  startedAt: outTime,
  endedAt: outTime.nullable(),
  snapshot: sessionSnapshot,
});
export type NamedSessionView = z.infer<typeof namedSession>;
