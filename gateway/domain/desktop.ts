/** What a desktop's door needs to know: the ticket that lets a browser in, and what a browser may choose. Pure. */
import type { AccountId, PersonId, SessionId, WebSessionId } from "./ids.js";

/** Lets one WebSocket in, once. Kept as its hash only. */
export interface Ticket {
  /** SHA-256 of the ticket, hex. */
  readonly id: string;
  readonly webSessionId: WebSessionId;
  readonly personId: PersonId;
  readonly accountId: AccountId;
  /** The running session it returns to; null: it opens one. */
  readonly sessionId: SessionId | null;
  readonly choices: DesktopChoices;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedAt: number | null;
}

/** All that a browser may choose about its desktop; each is checked against `DESKTOP_BOUNDS`. */
export interface DesktopChoices {
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
  readonly keyboardLayout: KeyboardLayout;
  /** IANA name. */
  readonly timeZone: string;
}
export const DESKTOP_BOUNDS = {
  width: { least: 320, most: 7_680 },
  height: { least: 240, most: 4_320 },
  dpi: { least: 48, most: 384 },
} as const;
/** What guacd's `server-layout` knows and people here use. `failsafe` sends Unicode. */
export const KEYBOARD_LAYOUTS = [
  "en-us-qwerty",
  "en-gb-qwerty",
  "de-de-qwertz",
  "fr-fr-azerty",
  "es-es-qwerty",
  "it-it-qwerty",
  "ja-jp-qwerty",
  "pt-br-qwerty",
  "failsafe",
] as const;
export type KeyboardLayout = (typeof KEYBOARD_LAYOUTS)[number];

/** The wire between page and desktop door; `gateway/http/contract/desktop.ts` says how it is spoken and repeats these for the page. */
export const DESKTOP_PATH = "/desktop";
export const DESKTOP_PROTOCOL = "gatehouse.desktop";
export const TICKET_PROTOCOL_PREFIX = "ticket.";
/** How long a desktop waits for its operator to come back. */
export const DESKTOP_RETURN_SECONDS = 30;
