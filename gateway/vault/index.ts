export * from "./contract.js";
export { openVault, type VaultOptions } from "./open-vault.js";
