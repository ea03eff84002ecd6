/** Binds the use cases of units, vendors and contracts to what they stand on; what they do not take is told to the log. */
import type { RegistryUseCases } from "../broker.js";
import { acceptDuties, dutiesDocument } from "./contract-documents.js";
import { getContract, listContracts } from "./contract-views.js";
import { changeContract, createContract } from "./contracts.js";
import { contractEnding, endContract, retireVendor, vendorEnding } from "./end-contract.js";
import { noteFault } from "./note-fault.js";
import type { RegisterDeps } from "./register-deps.js";
import { createUnit, listUnits, renameUnit, retireUnit } from "./units.js";
import { changeVendor, createVendor, getVendor, listVendors } from "./vendors.js";

type RegisterUseCases = Pick<
  RegistryUseCases,
  | "units"
  | "createUnit"
  | "renameUnit"
  | "retireUnit"
  | "vendors"
  | "vendor"
  | "createVendor"
  | "changeVendor"
  | "vendorEnding"
  | "retireVendor"
  | "contracts"
  | "contract"
  | "createContract"
  | "changeContract"
  | "acceptDuties"
  | "dutiesDocument"
  | "contractEnding"
  | "endContract"
>;

export function bindRegister(deps: RegisterDeps): RegisterUseCases {
  return {
    units: (actor) => listUnits(deps, actor),
    createUnit: async (actor, input) =>
      noteFault(deps, actor, { kind: "unit", id: null, name: input.name }, await createUnit(deps, actor, input)),
    renameUnit: async (actor, id, name) =>
      noteFault(deps, actor, { kind: "unit", id, name }, await renameUnit(deps, actor, id, name)),
    retireUnit: (actor, id) => retireUnit(deps, actor, id),
    vendors: (actor, page) => listVendors(deps, actor, page),
    vendor: (actor, id) => getVendor(deps, actor, id),
    createVendor: async (actor, input) =>
      noteFault(deps, actor, { kind: "vendor", id: null, name: input.name }, await createVendor(deps, actor, input)),
    changeVendor: async (actor, id, input) =>
      noteFault(deps, actor, { kind: "vendor", id, name: input.name }, await changeVendor(deps, actor, id, input)),
    vendorEnding: (actor, id) => vendorEnding(deps, actor, id),
    retireVendor: (actor, id, reason) => retireVendor(deps, actor, id, reason),
    contracts: (actor, page) => listContracts(deps, actor, page),
    contract: (actor, id) => getContract(deps, actor, id),
    createContract: async (actor, input) =>
      noteFault(
        deps,
        actor,
        { kind: "contract", id: null, name: input.number },
        await createContract(deps, actor, input),
      ),
    changeContract: async (actor, id, input) =>
      noteFault(deps, actor, { kind: "contract", id, name: undefined }, await changeContract(deps, actor, id, input)),
    acceptDuties: (actor, id, input) => acceptDuties(deps, actor, id, input),
    dutiesDocument: (actor, id) => dutiesDocument(deps, actor, id),
    contractEnding: (actor, id) => contractEnding(deps, actor, id),
    endContract: (actor, id, reason) => endContract(deps, actor, id, reason),
  };
}
