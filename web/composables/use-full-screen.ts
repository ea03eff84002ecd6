/** The whole screen for the page, and with it, where the browser can, the keys it otherwise keeps for itself. */
import { onBeforeUnmount, onMounted, ref, type Ref } from "vue";

/** Keyboard Lock (WICG), in Chromium alone. */
interface LockingNavigator {
  readonly keyboard?: { readonly lock?: () => Promise<void>; readonly unlock?: () => void };
}

export function useFullScreen(): { readonly full: Ref<boolean>; readonly toggle: () => Promise<void> } {
  const full = ref(false);
  const { keyboard } = navigator as LockingNavigator;
  const look = (): void => {
    full.value = document.fullscreenElement !== null;
    if (!full.value) keyboard?.unlock?.();
  };
  async function toggle(): Promise<void> {
    try {
      if (document.fullscreenElement !== null) await document.exitFullscreen();
      else {
        // The document, not a part of it: dialogs live beside the page's own elements.
        await document.documentElement.requestFullscreen();
        await keyboard?.lock?.();
      }
    } catch {
      // The browser or its owner forbids it; the button then says what is so.
    }
    look();
  }
  onMounted(() => document.addEventListener("fullscreenchange", look));
  onBeforeUnmount(() => {
    document.removeEventListener("fullscreenchange", look);
    if (full.value) void document.exitFullscreen().catch(() => undefined); // Already left.
  });
  return { full, toggle };
}
