/** Starts the page: asks who is here before the first picture, so that nobody sees a page flash that is not theirs. */
import "./theme/index.js";
import { createPinia } from "pinia";
import { createApp, watch } from "vue";
import { watchAttention } from "./api/attention.js";
import { onSignedOut, onStepUp, Problem } from "./api/http.js";
import AppRoot from "./app-root.vue";
import { i18n } from "./locales/index.js";
import { router } from "./router.js";
import { useIdentityStore } from "./stores/identity.js";
import { useInstallationStore } from "./stores/installation.js";
import { usePreferencesStore } from "./stores/preferences.js";
import { useStepUpStore } from "./stores/step-up.js";

watchAttention(window);
const app = createApp(AppRoot).use(createPinia()).use(i18n);
const identity = useIdentityStore();
const preferences = usePreferencesStore();

watch(
  () => preferences.locale,
  (locale) => {
    i18n.global.locale.value = locale;
  },
  { immediate: true },
);
onSignedOut(() => {
  const wasHere = identity.signedIn;
  identity.forget();
  const route = router.currentRoute.value;
  if (wasHere && route.meta.open !== true) void router.push({ name: "sign-in", query: { next: route.fullPath } });
});

onStepUp(() => useStepUpStore().ask());

/** A gate that cannot be asked leaves the reader signed out; the sign-in page then says what is wrong. */
async function begin(): Promise<void> {
  const steps = [useInstallationStore().load(), identity.load()];
  for (const step of await Promise.allSettled(steps)) {
    if (step.status === "rejected" && !(step.reason instanceof Problem)) throw step.reason;
  }
  if (identity.me !== undefined) preferences.locale = identity.me.locale;
  app.use(router);
  await router.isReady();
  app.mount("#app");
}

void begin();
