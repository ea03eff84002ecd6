/** How a terminal takes a player's events: bytes, sizes and the gate's own lines. Codes of other pictures are passed over. */
import type { ScreenEvent } from "../core/screen.js";

export interface TerminalScreen {
  write(data: string | Uint8Array): void;
  resize(cols: number, rows: number): void;
}

export function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

/** The gate's own line for the screen: control characters other than line breaks and tabs are dropped, breaks return the carriage. */
export function gateText(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "").replace(/\r?\n/g, "\r\n");
}

/** Draws one event. A size that is no size is ignored. */
export function drawOnTerminal(screen: TerminalScreen, [, code, data]: ScreenEvent): void {
  if (code === "o") {
    screen.write(typeof data === "string" ? decodeBase64(data) : data);
  } else if (typeof data !== "string") {
    return;
  } else if (code === "g") {
    screen.write(gateText(data));
  } else if (code === "r") {
    const size = /^(\d{1,4})x(\d{1,4})$/.exec(data);
    if (size !== null) screen.resize(Math.max(1, Number(size[1])), Math.max(1, Number(size[2])));
  }
}
