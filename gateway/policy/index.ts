export * from "./contract.js";
export { loadPolicy } from "./load-policy.js";
