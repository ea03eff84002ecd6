/**
 * How the page and the desktop door speak: the path, the subprotocols, and what stands beside Guacamole's own instructions.
 *
 * The browser opens a WebSocket at `DESKTOP_PATH` offering `DESKTOP_PROTOCOL` and `TICKET_PROTOCOL_PREFIX + ticket`; the door selects
 * the first. Every message, both ways, is binary and holds whole or partial Guacamole instructions in UTF-8. Instructions with the
 * empty opcode are the tunnel's own: the door sends `["", "session", sessionId]` first, echoes `["", "ping", timestamp]`, and says `["", "drain", endsAt]`
 * (epoch ms) when the gate goes down and the desktop ends with it. An end is
 * `["error", code, status]` (a stable code of ours, a numeric Guacamole status) and a close whose reason is that status; after
 * `["disconnect"]` the operator has left.
 */
export const DESKTOP_PATH = "/desktop";
export const DESKTOP_PROTOCOL = "gatehouse.desktop";
export const TICKET_PROTOCOL_PREFIX = "ticket.";
/** How long a desktop waits for its operator to come back. */
export const DESKTOP_RETURN_SECONDS = 30;

/** What a browser may choose. Pixels, and dots an inch. */
export const DESKTOP_BOUNDS = {
  width: { least: 320, most: 7_680 },
  height: { least: 240, most: 4_320 },
  dpi: { least: 48, most: 384 },
} as const;
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
