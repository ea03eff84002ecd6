/** What lets me in: passkeys, device keys, and where I am signed in. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/factors.js";
import { makePasskey } from "../api/passkeys.js";
import type { DeviceKeyView, PasskeyView } from "../api/types.js";
import { useListing } from "../composables/use-listing.js";

export const useFactorsStore = defineStore("factors", () => {
  const passkeys = ref<readonly PasskeyView[]>([]);
  const deviceKeys = ref<readonly DeviceKeyView[]>([]);
  /** Whether the keys are known yet. */
  const loaded = ref(false);
  const sessions = useListing((cursor) => api.pageSessions(cursor));

  async function load(): Promise<void> {
    const [keys, devices] = await Promise.all([api.passkeys(), api.deviceKeys()]);
    passkeys.value = keys.items.filter((one) => one.retiredAt === null);
    deviceKeys.value = devices.items.filter((one) => one.retiredAt === null && one.expiresAt > Date.now());
    loaded.value = true;
  }
  async function addPasskey(name: string): Promise<void> {
    await api.addPasskey({ name, ...(await makePasskey(await api.passkeyOptions())) });
    await load();
  }
  async function renamePasskey(id: string, name: string): Promise<void> {
    await api.renamePasskey(id, name);
    await load();
  }
  async function retirePasskey(id: string): Promise<void> {
    await api.retirePasskey(id);
    await load();
  }
  async function retireDeviceKey(id: string): Promise<void> {
    await api.retireDeviceKey(id);
    await load();
  }
  async function endSession(id: string): Promise<void> {
    await api.endPageSession(id);
    await sessions.load();
  }
  return {
    passkeys,
    deviceKeys,
    loaded,
    sessions,
    load,
    addPasskey,
    renamePasskey,
    passkeyEnding: api.passkeyEnding,
    retirePasskey,
    retireDeviceKey,
    endSession,
    signOutEverywhere: api.signOutEverywhere,
  };
});
