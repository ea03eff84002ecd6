export { createLdap, type LdapConfig } from "./ldap.js";
export { createOidc, type OidcConfig } from "./oidc.js";
export { openDirectories, type DirectoriesConfig, type OpenedDirectories } from "./open-directories.js";
