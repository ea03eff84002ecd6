#!/usr/bin/env node
/** The `gatehouse` command: runs the built command line, or says how to build it. */
import { existsSync } from "node:fs";

const entry = new URL("../dist/gateway/cli/main.js", import.meta.url);
if (!existsSync(entry)) {
  console.error("gatehouse: not built yet; run `npm start -- --build-only` in its folder first");
  process.exit(1);
}
await import(entry.href);
