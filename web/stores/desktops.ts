/** Desktops: opening one, going back to one, and what this browser remembers of them: the keyboard layout, and which session a tab holds. */
import { defineStore } from "pinia";
import { ref, watch } from "vue";
import * as api from "../api/desktop.js";
import { isKeyboardLayout, type KeyboardLayout } from "../desktop/choices.js";

const LAYOUT_KEY = "gatehouse.keyboard-layout";
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
  const kept = withStorage(() => localStorage.getItem(LAYOUT_KEY));
  const layout = ref<KeyboardLayout>(isKeyboardLayout(kept) ? kept : "en-us-qwerty");
  watch(layout, (value) => withStorage(() => localStorage.setItem(LAYOUT_KEY, value)));

  /** The session this tab holds on an account, so that a reloaded page goes back to it. A session's id lets nobody in. */
  const heldSession = (accountId: string): string | undefined =>
    withStorage(() => sessionStorage.getItem(SESSION_KEY + accountId)) ?? undefined;
  function holdSession(accountId: string, sessionId: string | undefined): void {
    const key = SESSION_KEY + accountId;
    withStorage(() =>
      sessionId === undefined ? sessionStorage.removeItem(key) : sessionStorage.setItem(key, sessionId),
    );
  }
  return {
    layout,
    heldSession,
    holdSession,
    open: api.openDesktop,
    comeBack: api.returnToDesktop,
    dial: api.dialDesktop,
  };
});
