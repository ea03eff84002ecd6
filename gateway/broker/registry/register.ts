/** Binds the use cases of units, vendors and contracts to what they stand on. Only names and arguments; no rule lives here. */
import type { RegistryUseCases } from "../broker.js";
import { acceptDuties, dutiesDocument } from "./contract-documents.js";
import { getContract, listContracts } from "./contract-views.js";
import { changeContract, createContract } from "./contracts.js";
import { contractEnding, endContract, retireVendor, vendorEnding } from "./end-contract.js";
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
    createUnit: (actor, input) => createUnit(deps, actor, input),
    renameUnit: (actor, id, name) => renameUnit(deps, actor, id, name),
    retireUnit: (actor, id) => retireUnit(deps, actor, id),
    vendors: (actor, page) => listVendors(deps, actor, page),
    vendor: (actor, id) => getVendor(deps, actor, id),
    createVendor: (actor, input) => createVendor(deps, actor, input),
    changeVendor: (actor, id, input) => changeVendor(deps, actor, id, input),
    vendorEnding: (actor, id) => vendorEnding(deps, actor, id),
    retireVendor: (actor, id, reason) => retireVendor(deps, actor, id, reason),
    contracts: (actor, page) => listContracts(deps, actor, page),
    contract: (actor, id) => getContract(deps, actor, id),
    createContract: (actor, input) => createContract(deps, actor, input),
    changeContract: (actor, id, input) => changeContract(deps, actor, id, input),
    acceptDuties: (actor, id, input) => acceptDuties(deps, actor, id, input),
    dutiesDocument: (actor, id) => dutiesDocument(deps, actor, id),
    contractEnding: (actor, id) => contractEnding(deps, actor, id),
    endContract: (actor, id, reason) => endContract(deps, actor, id, reason),
  };
}
