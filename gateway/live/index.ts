/** What the composition root may see of the live room. */
export { createLive, type Live, type UpgradeCall } from "./live.js";
