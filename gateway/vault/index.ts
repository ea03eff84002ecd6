export * from "./contract.js";
export { openVault, type VaultOptions } from "./open-vault.js";
export { isPassphrase, openExport } from "./sealed-export.js";
