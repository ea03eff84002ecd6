/** The desktop door: what operators reach from the page, through guacd. */
export { askGuacd, type GuacdAnswer } from "./ask-guacd.js";
export type { DesktopDoorDeps } from "./door-deps.js";
export type { DesktopDoorLimits } from "./limits.js";
export { createDesktopDoor, type DesktopDoor, type UpgradeCall } from "./listen.js";
export { createDesktopProbe, type DesktopProbe } from "./probe.js";
