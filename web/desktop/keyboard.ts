/**
 * The keyboard of a desktop: keys from a text field that nobody sees, so that the page's own input method works in it. Says what
 * was pressed, what was composed, what is to be pasted, and when somebody asks for the bar by Ctrl+Alt+Shift. Sends nothing.
 */
import Guacamole from "guacamole-common-js";
import { composedText, type FieldEvent } from "./composed.js";

export interface KeyboardListener {
  readonly onKey: (pressed: boolean, keysym: number) => void;
  readonly onText: (text: string) => void;
  /** A paste by the browser's own means; whether a key is to follow it. */
  readonly onPaste: (text: string) => void;
  readonly onEscape: () => void;
  /** Whether Ctrl+V first brings this computer's clipboard along. */
  readonly pastes: () => boolean;
}
export interface DesktopKeyboard {
  /** Releases every key that is held. */
  readonly reset: () => void;
  readonly dispose: () => void;
}

const V = 0x76;
/** Where a browser lets nothing be pasted no event comes; the key then goes on alone. */
const PASTE_WAIT_MS = 200;

export function listenKeyboard(field: HTMLTextAreaElement, on: KeyboardListener): DesktopKeyboard {
  const off = new AbortController();
  const keyboard = readComposition(field, on, off.signal);
  let held: ReturnType<typeof setTimeout> | undefined;
  /** The V of a paste is down: pressed and let go of for the desktop already, or about to be. */
  let pasting = false;
  /** All three of the chord are down, and nothing else has been since. */
  let chord = false;

  function pressHeld(): void {
    clearTimeout(held);
    held = undefined;
    on.onKey(true, V);
    on.onKey(false, V);
  }
  keyboard.onkeydown = (keysym) => {
    const { ctrl, alt, shift, meta } = keyboard.modifiers;
    if (keysym === V && ctrl && !alt && !shift && !meta && on.pastes()) {
      clearTimeout(held);
      held = setTimeout(pressHeld, PASTE_WAIT_MS);
      pasting = true;
      return true; // Left to the browser, which answers with a paste event.
    }
    on.onKey(true, keysym);
    chord = isModifier(keysym) && modifiersDown(keyboard.pressed) === 3;
    return false;
  };
  keyboard.onkeyup = (keysym) => {
    if (keysym === V && pasting) {
      pasting = false;
      return;
    }
    on.onKey(false, keysym);
    if (!chord || !isModifier(keysym)) return;
    chord = false;
    keyboard.reset();
    on.onEscape();
  };
  field.addEventListener(
    "paste",
    (event) => {
      event.preventDefault();
      on.onPaste(event.clipboardData?.getData("text/plain") ?? "");
      if (held !== undefined) pressHeld();
    },
    { signal: off.signal },
  );
  const reset = (): void => keyboard.reset();
  field.addEventListener("blur", reset, { signal: off.signal });
  window.addEventListener("blur", reset, { signal: off.signal });
  return {
    reset,
    dispose: () => {
      clearTimeout(held);
      keyboard.onkeydown = null;
      keyboard.onkeyup = null;
      off.abort();
    },
  };
}

/** Listens before the library does, and keeps from it what belongs to a composition: it would type some of it twice. */
function readComposition(
  field: HTMLTextAreaElement,
  on: Pick<KeyboardListener, "onText">,
  signal: AbortSignal,
): Guacamole.Keyboard {
  const take = (event: Event): void => {
    event.stopImmediatePropagation();
    const text = composedText(event as Event & FieldEvent);
    if (!(event as Event & FieldEvent).isComposing) field.value = "";
    field.classList.toggle(
      "composing",
      event.type === "compositionstart" || (event as InputEvent).isComposing === true,
    );
    if (text !== "") on.onText(text);
  };
  const pass = (event: KeyboardEvent): void => {
    if (event.isComposing) event.stopImmediatePropagation();
  };
  for (const type of ["compositionstart", "compositionend", "input"]) field.addEventListener(type, take, { signal });
  for (const type of ["keydown", "keypress", "keyup"] as const)
    field.addEventListener(type, pass, { capture: true, signal });
  return new Guacamole.Keyboard(field);
}

/** Shift, Ctrl and Alt, left and right; AltGr and Meta (what Alt becomes under Shift) among them. */
const CHORD: readonly (readonly number[])[] = [
  [0xffe1, 0xffe2],
  [0xffe3, 0xffe4],
  [0xffe9, 0xffea, 0xffe7, 0xffe8, 0xfe03],
];
const isModifier = (keysym: number): boolean => CHORD.some((sides) => sides.includes(keysym));
const modifiersDown = (pressed: Readonly<Record<number, unknown>>): number =>
  CHORD.filter((sides) => sides.some((keysym) => pressed[keysym] !== undefined)).length;
