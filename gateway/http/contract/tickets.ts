/** Tickets: what a page sends to get one, and what it gets. A ticket lets one WebSocket in at `DESKTOP_PATH`, once. */
import { z } from "zod";
import { ACTIONS, OBLIGATIONS } from "./constants.js";
import { DESKTOP_BOUNDS, KEYBOARD_LAYOUTS } from "./desktop.js";
import { id, outTime } from "./fields.js";

const between = ({ least, most }: { readonly least: number; readonly most: number }) => z.int().min(least).max(most);

function isKnownZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
/** An IANA name that is known here: never a path, an offset or a rule. */
const timeZone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/)
  .refine(isKnownZone, { error: "unknown time zone" });

export const desktopChoices = z.strictObject({
  width: between(DESKTOP_BOUNDS.width),
  height: between(DESKTOP_BOUNDS.height),
  dpi: between(DESKTOP_BOUNDS.dpi),
  keyboardLayout: z.enum(KEYBOARD_LAYOUTS),
  timeZone,
});
export type DesktopChoices = z.infer<typeof desktopChoices>;

/** Opens a desktop under a live grant. */
export const openSessionBody = z.strictObject({ accountId: id, choices: desktopChoices });
export type OpenSessionBody = z.infer<typeof openSessionBody>;
/** Returns to one's own running desktop. */
export const returnTicketBody = z.strictObject({ choices: desktopChoices });
export type ReturnTicketBody = z.infer<typeof returnTicketBody>;

/** `ticket` is shown once and kept nowhere; `endsAt` is the grant's end. */
export const issuedTicket = z.object({
  ticket: z.string(),
  expiresAt: outTime,
  accountLogin: z.string(),
  assetName: z.string(),
  endsAt: outTime,
  actions: z.array(z.enum(ACTIONS)).readonly(),
  obligations: z.array(z.enum(OBLIGATIONS)).readonly(),
});
export type IssuedTicket = z.infer<typeof issuedTicket>;
