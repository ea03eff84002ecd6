/**
 * Runs everything there is to run: what the tests need is installed or named, the house is built and checked, all suites
 * run, and one closing line counts them. Fails when anything fails or when no test ran.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const artifacts = join(root, "test", ".artifacts");

function run(title, command, args, env = process.env) {
  console.log(`\n── ${title}`);
  const done = spawnSync(command, args, { cwd: root, env, stdio: "inherit" });
  return done.status === 0;
}

function missingPackages() {
  const lines = readFileSync(join(root, "test", "requirements.txt"), "utf8").split("\n");
  const wanted = lines.filter((line) => line.trim() !== "" && !line.startsWith("#")).map((line) => line.split(" "));
  return wanted.filter(([, path]) => !existsSync(path)).map(([name]) => name);
}

function installPackages() {
  let missing = missingPackages();
  if (missing.length === 0) return true;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    run(`installing ${missing.join(" ")}`, "apt-get", ["update", "-q"], env);
    run("apt-get install", "apt-get", ["install", "-y", "-q", "--no-install-recommends", ...missing], env);
    missing = missingPackages();
  }
  if (missing.length > 0) {
    console.error(`the tests need these Debian packages, and they could not be installed: ${missing.join(" ")}`);
    return false;
  }
  return true;
}

function counts() {
  const report = join(artifacts, "vitest.json");
  if (!existsSync(report)) return { passed: 0, failed: 0 };
  const {
    numPassedTests: passed,
    numFailedTests: failed,
    numFailedTestSuites: suites,
  } = JSON.parse(readFileSync(report, "utf8"));
  return { passed, failed: failed === 0 && suites > 0 && passed === 0 ? suites : failed };
}

const extra = process.argv.slice(2);
mkdirSync(artifacts, { recursive: true });
if (!installPackages()) process.exit(1);
if (!run("install and build", process.execPath, ["gateway/start.mjs", "--build-only"])) process.exit(1);
const checked = extra.length > 0 || run("static checks", "npm", ["run", "--silent", "check:static"]);
const tested = run("tests", "npx", [
  "--no-install",
  "vitest",
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${join(artifacts, "vitest.json")}`,
  ...extra,
]);
const { passed, failed } = counts();
const failures = failed + (checked ? 0 : 1) + (tested || failed > 0 ? 0 : 1);
console.log(`\n${checked ? "" : "static checks failed\n"}${passed} passed, ${failures} failed`);
process.exit(failures === 0 && passed > 0 ? 0 : 1);
