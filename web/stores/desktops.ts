/** Desktops: opening one, going back to one, and what this browser remembers of them: keyboard layout, how composed text goes, and which session a tab holds. */
import { defineStore } from "pinia";
import { customRef } from "vue";
import * as api from "../api/desktop.js";
import { getSession } from "../api/sessions.js";
import { isKeyboardLayout, type KeyboardLayout } from "../desktop/choices.js";
import { isPasteChord, isTextWay, type PasteChord, type TextWay } from "../desktop/texts.js";

const LAYOUT_KEY = "gatehouse.keyboard-layout";
const TEXT_WAY_KEY = "gatehouse.text-way";
const PASTE_CHORD_KEY = "gatehouse.paste-chord";
const SESSION_KEY = "gatehouse.desktop.";

/** A browser that refuses storage still gets a desktop; it then remembers nothing. */
function withStorage<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

export const useDesktopsStore = defineStore("desktops", () => {
  /** What was kept under a key, kept again whenever it changes. */
  function remembered<T extends string | undefined>(key: string, is: (value: unknown) => value is T, otherwise: T) {
    const kept = withStorage(() => localStorage.getItem(key));
    let value: T = is(kept) ? kept : otherwise;
    return customRef<T>((track, trigger) => ({
      get: () => {
        track();
        return value;
      },
      set: (next) => {
        value = next;
        withStorage(() => (next === undefined ? localStorage.removeItem(key) : localStorage.setItem(key, next)));
        trigger();
      },
    }));
  }
  const layout = remembered<KeyboardLayout>(LAYOUT_KEY, isKeyboardLayout, "en-us-qwerty");
  /** undefined: not chosen yet. */
  const textWay = remembered<TextWay | undefined>(TEXT_WAY_KEY, isTextWay, undefined);
  const pasteChord = remembered<PasteChord>(PASTE_CHORD_KEY, isPasteChord, "ctrl-v");

  /** The session this tab holds on an account, so that a reloaded page goes back to it. A session's id lets nobody in. */
  const heldSession = (accountId: string): string | undefined =>
    withStorage(() => sessionStorage.getItem(SESSION_KEY + accountId)) ?? undefined;
  function holdSession(accountId: string, sessionId: string | undefined): void {
    const key = SESSION_KEY + accountId;
    withStorage(() =>
      sessionId === undefined ? sessionStorage.removeItem(key) : sessionStorage.setItem(key, sessionId),
    );
  }
  /** Why a session ended; undefined while it runs. */
  async function endOf(sessionId: string): Promise<string | undefined> {
    const { session } = await getSession(sessionId);
    return session.live ? undefined : (session.because ?? "session-over");
  }
  return {
    layout,
    textWay,
    pasteChord,
    heldSession,
    holdSession,
    open: api.openDesktop,
    comeBack: api.returnToDesktop,
    endOf,
    dial: api.dialDesktop,
  };
});
