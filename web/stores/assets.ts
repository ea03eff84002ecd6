/** Assets and the accounts on them. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/assets.js";
import { useListing } from "../composables/use-listing.js";

export const useAssetsStore = defineStore("assets", () => {
  const q = ref("");
  const list = useListing((cursor) => api.listAssets(q.value, cursor));
  return {
    q,
    list,
    find: api.findAssets,
    findOwners: api.findOwners,
    findAccounts: api.findAccounts,
    get: api.getAsset,
    create: api.createAsset,
    change: api.changeAsset,
    scan: api.scanHostKey,
    confirmHostKey: api.confirmHostKey,
    confirmChange: api.confirmChange,
    retire: api.retireAsset,
    createAccount: api.createAccount,
    setCredential: api.setCredential,
    retireAccount: api.retireAccount,
  };
});
