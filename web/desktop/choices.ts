/** What this browser asks of a desktop: its picture in device pixels, its dots an inch, keyboard and time zone; always within the gate's bounds. Pure. */
import { DESKTOP_BOUNDS, KEYBOARD_LAYOUTS } from "../../gateway/http/contract/desktop.js";
import type { DesktopChoices } from "../api/types.js";

export type KeyboardLayout = (typeof KEYBOARD_LAYOUTS)[number];

/** A screen's room in CSS pixels, and how many device pixels one of them has. */
export interface Room {
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
}

function within({ least, most }: { readonly least: number; readonly most: number }, value: number): number {
  return Math.min(most, Math.max(least, Math.floor(value)));
}

/** Even, because RDP sizes a display by even widths (MS-RDPEDISP §2.2.2.2.1). */
export function pixelsOf(room: Room): { readonly width: number; readonly height: number } {
  const width = within(DESKTOP_BOUNDS.width, room.width * room.ratio);
  return { width: width - (width % 2), height: within(DESKTOP_BOUNDS.height, room.height * room.ratio) };
}

export function choicesFor(room: Room, keyboardLayout: KeyboardLayout, timeZone: string | undefined): DesktopChoices {
  return {
    ...pixelsOf(room),
    dpi: within(DESKTOP_BOUNDS.dpi, Math.round(96 * room.ratio)),
    keyboardLayout,
    timeZone: timeZone ?? "UTC",
  };
}

/** How large a desktop of these pixels is shown in a room, as CSS pixels for each of its own: whole, and never blown up. */
export function scaleFor(desktop: { readonly width: number; readonly height: number }, room: Room): number {
  if (desktop.width === 0 || desktop.height === 0) return 1;
  return Math.min(room.width / desktop.width, room.height / desktop.height, Math.max(1, 1 / room.ratio));
}

export function isKeyboardLayout(value: unknown): value is KeyboardLayout {
  return (KEYBOARD_LAYOUTS as readonly unknown[]).includes(value);
}
