export * from "./contract.js";
export { openVault, type VaultOptions } from "./open-vault.js";
export { isPassphrase, openExport, SHORTEST_PASSPHRASE } from "./sealed-export.js";
