/** Units, vendors and contracts, as the security administrator keeps them. */
import { defineStore } from "pinia";
import { ref, shallowRef } from "vue";
import * as api from "../api/registry.js";
import type { UnitView } from "../api/types.js";
import { useListing } from "../composables/use-listing.js";

export const useRegistryStore = defineStore("registry", () => {
  const q = ref("");
  const units = shallowRef<readonly UnitView[]>([]);
  const vendors = useListing((cursor) => api.listVendors(q.value, cursor));
  const contracts = useListing((cursor) => api.listContracts(q.value, cursor));
  async function loadUnits(): Promise<void> {
    const { items } = await api.listUnits();
    units.value = [...items].sort((a, b) => a.path.join("\n").localeCompare(b.path.join("\n")));
  }
  return {
    q,
    units,
    vendors,
    contracts,
    loadUnits,
    createUnit: api.createUnit,
    renameUnit: api.renameUnit,
    retireUnit: api.retireUnit,
    findVendors: api.findVendors,
    createVendor: api.createVendor,
    changeVendor: api.changeVendor,
    vendorEnding: api.vendorEnding,
    retireVendor: api.retireVendor,
    findContracts: api.findContracts,
    createContract: api.createContract,
    changeContract: api.changeContract,
    acceptDuties: api.acceptDuties,
    dutiesDocument: api.dutiesDocument,
    contractEnding: api.contractEnding,
    endContract: api.endContract,
    personEnding: api.personEnding,
    leave: api.leave,
    importFile: api.importFile,
    exportFile: api.exportFile,
  };
});
