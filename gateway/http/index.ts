/** What the composition root may see of the HTTP door. */
export { createHttp, type HttpConfig, type HttpDeps, type HttpDoor } from "./server.js";
export type { Metrics } from "./operations.js";
export type { UpgradeCall, UpgradeHandler } from "./upgrade.js";
