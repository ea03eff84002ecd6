/**
 * How composed text (Chinese, accents, emoji) comes to a desktop. Windows takes such characters as keys; many a Linux desktop
 * (xrdp 0.9) drops them, and there they go through its clipboard and a paste. Plain ASCII is always keys. Pure.
 */
import { KEYS } from "./keysyms.js";

export const TEXT_WAYS = ["keys", "clipboard"] as const;
export type TextWay = (typeof TEXT_WAYS)[number];

/** The keys that paste on the desktop, in the order they are pressed. */
export const PASTE_CHORDS = {
  "ctrl-v": [KEYS.ctrl, 0x76],
  "shift-insert": [KEYS.shift, KEYS.insert],
} as const;
export type PasteChord = keyof typeof PASTE_CHORDS;

export function isTextWay(value: unknown): value is TextWay {
  return (TEXT_WAYS as readonly unknown[]).includes(value);
}
export function isPasteChord(value: unknown): value is PasteChord {
  return typeof value === "string" && Object.hasOwn(PASTE_CHORDS, value);
}

/** Whether a desktop may fail to take a text as keys: a keyboard of its own has nothing beyond ASCII for sure. */
export function isBeyondKeys(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- exactly the range of ASCII
  return !/^[\x00-\x7f]*$/.test(text);
}
