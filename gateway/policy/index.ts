export { changedSettings, type ChangedSetting } from "./changed-settings.js";
export * from "./contract.js";
export { digestOf, loadPolicy, readBundle, type BundleFiles } from "./load-policy.js";
export { openPolicy, POLICY_SETTING, readKept, slotOf, writeKept, type Bundles, type OpenPolicy } from "./slot.js";
