/** Who is signed in, and what that person may see. Holds no secret; the cookie is the browser's. */
import { defineStore } from "pinia";
import { computed, ref } from "vue";
import * as api from "../api/identity.js";
import { Problem } from "../api/http.js";
import { connect, disconnect } from "../api/live-socket.js";
import type { Locale, Me, PasswordBody, AddKeyBody, SignInBody } from "../api/types.js";

export const useIdentityStore = defineStore("identity", () => {
  const me = ref<Me>();
  const signedIn = computed(() => me.value !== undefined);

  async function load(): Promise<void> {
    me.value = await api.me();
    // An overdue password opens no socket: there is nothing to be told yet.
    if (!me.value.mustChangePassword) connect(lookAgain);
  }
  /** The gate did not take the socket: where that is because nobody is signed in any more, asking it says so. */
  function lookAgain(): void {
    void api.me().catch((cause: unknown) => {
      if (!(cause instanceof Problem)) throw cause;
    });
  }
  async function signIn(input: SignInBody): Promise<void> {
    await api.signIn(input);
    await load();
  }
  /** Forgets the person here; the gate's side is `signOut`. */
  function forget(): void {
    me.value = undefined;
    disconnect();
  }
  async function signOut(): Promise<void> {
    try {
      await api.signOut();
    } finally {
      forget();
    }
  }
  async function setLocale(locale: Locale): Promise<void> {
    await api.setLocale(locale);
  }
  async function changePassword(input: PasswordBody): Promise<void> {
    await api.changePassword(input);
  }
  async function addKey(input: AddKeyBody): Promise<void> {
    await api.addKey(input);
    await load();
  }
  async function retireKey(id: string): Promise<void> {
    await api.retireKey(id);
    await load();
  }
  return { me, signedIn, load, signIn, signOut, forget, setLocale, changePassword, addKey, retireKey };
});
