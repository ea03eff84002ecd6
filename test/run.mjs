/**
 * Runs everything there is to run: what the tests need is installed or named, the house is built and checked, all suites
 * run, and one closing line counts them. Fails when anything fails or when no test ran.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { guacdIsThere, guacdName, installGuacd } from "./desktop-lab/guacd-folder.mjs";

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

/** Needs root, as the packages do. */
function unpackGuacd() {
  if (guacdIsThere()) return true;
  console.log(`\n── unpacking ${guacdName}`);
  try {
    installGuacd();
    return true;
  } catch (problem) {
    console.error(`the tests need ${guacdName}, and it could not be had: ${problem.message}`);
    return false;
  }
}

/** Runs some of the suites; answers how many tests passed and failed. A suite that could not even load counts as a failure. */
function suites(title, name, args) {
  const report = join(artifacts, `${name}.json`);
  rmSync(report, { force: true });
  const output = [`--outputFile.json=${report}`, "--reporter=default", "--reporter=json"];
  const ok = run(title, "npx", ["--no-install", "vitest", "run", ...output, ...args]);
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests: passed, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, "utf8"));
  const failed = Math.max(numFailedTests, numFailedTestSuites > 0 && numFailedTests === 0 ? numFailedTestSuites : 0);
  return { passed, failed: ok ? failed : Math.max(failed, 1) };
}

const extra = process.argv.slice(2);
mkdirSync(artifacts, { recursive: true });
if (![installPackages(), unpackGuacd()].every(Boolean)) process.exit(1);
if (!run("install and build", process.execPath, ["gateway/start.mjs", "--build-only"])) process.exit(1);
const results =
  extra.length > 0
    ? [suites("the chosen tests", "chosen", extra)]
    : [
        { passed: 0, failed: run("static checks", "npm", ["run", "--silent", "check:static"]) ? 0 : 1 },
        suites("unit and contract tests", "inner", ["--project", "unit", "--project", "contract"]),
        // By themselves: they measure seconds, and start programs that want the machine.
        suites("end-to-end tests", "e2e", ["--project", "e2e"]),
      ];
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
