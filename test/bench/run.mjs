/** `npm run bench`: see main.ts. Build first. */
import process from "node:process";

process.argv.splice(2, 0, "test/bench/main.ts");
await import("./run-ts.mjs");
