/** What the person signed in may open now, and the line that opens it. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/access.js";
import type { Access } from "../api/types.js";

export const useAccessStore = defineStore("access", () => {
  const mine = ref<Access>();
  async function load(): Promise<void> {
    mine.value = await api.myAccess();
  }
  return { mine, load };
});
