/**
 * `npm start`: installs and builds what is missing, with progress, then hands over to `gatehouse start`. Quick when nothing
 * changed: two stamps in `dist/` tell (the lock file's hash, and the newest source's time). Plain JavaScript, because it
 * runs before anything is installed.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const SOURCES = ["gateway", "recordings", "policies", "web", "package.json", "tsconfig.base.json"];

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`gatehouse: needs Node 20.19 or newer, this is ${process.version}`);
  process.exit(1);
}

function step(title, command, args, env = process.env) {
  const began = Date.now();
  process.stdout.write(`gatehouse: ${title} …\n`);
  const run = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) {
    process.stderr.write(`${run.stdout ?? ""}${run.stderr ?? ""}\ngatehouse: ${title} failed\n`);
    process.exit(1);
  }
  process.stdout.write(`gatehouse: ${title}: done in ${((Date.now() - began) / 1000).toFixed(0)} s\n`);
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  let latest = stat.mtimeMs;
  for (const name of readdirSync(path)) {
    if (name !== "node_modules") latest = Math.max(latest, newest(join(path, name)));
  }
  return latest;
}

const stamps = join(root, "dist");
const installStamp = join(root, "node_modules", ".gatehouse-lock");
const buildStamp = join(stamps, ".built");
const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

if (!existsSync(installStamp) || readFileSync(installStamp, "utf8") !== lock) {
  const env = { ...process.env };
  // Node's own headers, where the system has them: native parts then compile without fetching anything.
  if (existsSync("/usr/include/node/node.h")) env.npm_config_nodedir ??= "/usr";
  step("installing packages (about two minutes the first time)", "npm", ["ci", "--no-audit", "--no-fund"], env);
  writeFileSync(installStamp, lock);
}

const sourceTime = Math.max(...SOURCES.map((name) => newest(join(root, name))));
if (!existsSync(buildStamp) || Number(readFileSync(buildStamp, "utf8")) < sourceTime) {
  step("building", "npm", ["run", "--silent", "build"]);
  mkdirSync(stamps, { recursive: true });
  writeFileSync(buildStamp, String(sourceTime));
}

if (!process.argv.includes("--build-only")) {
  const child = spawn(process.execPath, [join(root, "gateway", "gatehouse.mjs"), "start", ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}
