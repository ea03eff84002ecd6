/** What other rooms may see of the broker. */
export * from "./broker.js";
export { Admission } from "./admission.js";
export type { BrokerConfig, BrokerDeps, Log, TargetProbe } from "./deps.js";
export { createBroker } from "./create-broker.js";
export { envelopesOf } from "./proposals/watch-seals.js";
export type { RunningBroker } from "./assemble-broker.js";
export type { ImportColumns } from "./registry/import-columns.js";
