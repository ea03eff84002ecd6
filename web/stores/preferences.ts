/** Language and theme of this browser. The theme is only here; the language is also kept with the person. */
import { defineStore } from "pinia";
import { ref, watch } from "vue";
import type { Locale } from "../api/types.js";

export type Theme = "light" | "dark" | "system";
const THEME_KEY = "gatehouse.theme";
const LOCALE_KEY = "gatehouse.locale";

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // A browser that refuses storage still gets a page.
  }
}
function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The choice then lasts as long as the page.
  }
}
function firstLocale(): Locale {
  const kept = stored(LOCALE_KEY);
  if (kept === "zh-CN" || kept === "en") return kept;
  return navigator.language.toLowerCase().startsWith("en") ? "en" : "zh-CN";
}
function firstTheme(): Theme {
  const kept = stored(THEME_KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export const usePreferencesStore = defineStore("preferences", () => {
  const locale = ref<Locale>(firstLocale());
  const theme = ref<Theme>(firstTheme());
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = ref(false);
  const decide = (): void => {
    dark.value = theme.value === "dark" || (theme.value === "system" && system.matches);
    document.documentElement.classList.toggle("dark", dark.value);
  };
  system.addEventListener("change", decide);
  watch(theme, (value) => {
    keep(THEME_KEY, value);
    decide();
  });
  watch(
    locale,
    (value) => {
      keep(LOCALE_KEY, value);
      document.documentElement.lang = value;
    },
    { immediate: true },
  );
  decide();
  return { locale, theme, dark };
});
