/** What a browser may choose about its desktop, held against the bounds. Nothing else of a desktop's settings comes from a page. */
import { DESKTOP_BOUNDS, KEYBOARD_LAYOUTS, refused, type DesktopChoices } from "../domain/index.js";

const ZONE_LONGEST = 64;
/** IANA names alone: no offsets such as `+08:00`, which the formatter would take as well. */
const ZONE = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;

/** Why these cannot be chosen, with the field at fault; undefined when they can. */
export function choicesFault(choices: DesktopChoices): ReturnType<typeof refused> | undefined {
  for (const field of ["width", "height", "dpi"] as const) {
    const { least, most } = DESKTOP_BOUNDS[field];
    const value = choices[field];
    if (!Number.isInteger(value) || value < least || value > most) return refused("invalid-input", { field });
  }
  if (!KEYBOARD_LAYOUTS.includes(choices.keyboardLayout)) return refused("invalid-input", { field: "keyboardLayout" });
  return isTimeZone(choices.timeZone) ? undefined : refused("invalid-input", { field: "timeZone" });
}

/** The choices and nothing beside them. */
export function plainChoices({ width, height, dpi, keyboardLayout, timeZone }: DesktopChoices): DesktopChoices {
  return { width, height, dpi, keyboardLayout, timeZone };
}

function isTimeZone(name: string): boolean {
  if (name.length > ZONE_LONGEST || !ZONE.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
