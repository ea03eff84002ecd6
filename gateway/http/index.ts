/** What the composition root may see of the HTTP door. */
export { createHttp, type HttpConfig, type HttpDeps, type HttpDoor } from "./server.js";
export type { Readiness } from "./operations.js";
export type { UpgradeCall, UpgradeHandler } from "./upgrade.js";
