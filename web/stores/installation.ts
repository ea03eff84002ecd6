/** What kind of installation this is: whether anybody exists, whether the three powers are filled, whether it is a demo. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/identity.js";
import type { Installation } from "../api/types.js";

export const useInstallationStore = defineStore("installation", () => {
  const state = ref<Installation>();
  async function load(): Promise<void> {
    state.value = await api.installation();
  }
  return {
    state,
    load,
    bootstrap: api.bootstrap,
    beginEnrolment: api.beginEnrolment,
    completeEnrolment: api.completeEnrolment,
  };
});
