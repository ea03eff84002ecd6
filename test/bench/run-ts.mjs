/** Runs one TypeScript program of the benchmarks: `node test/bench/run-ts.mjs FILE [ARGUMENT…]`. */
import { resolve } from "node:path";
import process from "node:process";
import { runnerImport } from "vite";

await runnerImport(resolve(process.argv[2] ?? ""), { configFile: false, logLevel: "error" });
