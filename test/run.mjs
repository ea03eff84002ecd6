/**
 * Runs everything there is to run: what the tests need is installed or named, the house is built and checked, all suites
 * run, and one closing line counts them. Fails when anything fails or when no test ran.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
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

/** Runs a program whose every line is marked with `mark`, so that two can be read side by side. */
function runMarked(mark, command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => console.log(`${mark} │ ${line}`));
  }
  return new Promise((resolve) => child.once("close", (status) => resolve(status === 0)));
}

/** What a report counts. A suite that could not even load counts as a failure, and so does a file that was not run. */
function count(report, ok, files) {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const {
    numPassedTests: passed,
    numFailedTests,
    numFailedTestSuites,
    testResults,
  } = JSON.parse(readFileSync(report, "utf8"));
  const notRun = Math.max(0, (files?.length ?? 0) - testResults.length);
  const failed = Math.max(numFailedTests, numFailedTestSuites > 0 && numFailedTests === 0 ? numFailedTestSuites : 0);
  return { passed, failed: (ok ? failed : Math.max(failed, 1)) + notRun };
}

function vitest(name) {
  const report = join(artifacts, `${name}.json`);
  rmSync(report, { force: true });
  const output = [`--outputFile.json=${report}`, "--reporter=default", "--reporter=json"];
  return { report, args: ["--no-install", "vitest", "run", ...output] };
}

/** Runs some of the suites; answers how many tests passed and failed. */
function suites(title, name, more) {
  const { report, args } = vitest(name);
  return count(report, run(title, "npx", [...args, ...more]));
}

/**
 * End-to-end tests that work little, so that desktops have their time beside them: a minute must pass, a silent database be given
 * up, a clock be believed, or there are a few terminals to open and close.
 */
const WAITING =
  /^(faults-(database|target|start)|promise-[1356789]|organisation|directories|powers-from-outside|ask-on-terminal|grown|bad-input-imitation)/;
/** Those that look at page after page, and at one replay after the other. */
const PAGES = /^(page|replay-desktop)\./;

/**
 * The end-to-end tests, by themselves: they measure seconds, and start programs that want the machine. They mostly wait, so lines
 * of them run side by side, each about as long as the one beside it, and within a line one file after another: the desktops, which
 * share one session manager and its displays; what waits; the pages; and all others. With less than eight cores two lines run at a
 * time: with more on two cores, a desktop was once not there in time.
 */
async function endToEnd() {
  const folder = join("test", "e2e");
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(folder, file));
  const isDesktop = (file) => basename(file).startsWith("desktop");
  const isWaiting = (file) => WAITING.test(basename(file));
  const isPages = (file) => PAGES.test(basename(file));
  const isOther = (file) => ![isDesktop, isWaiting, isPages].some((is) => is(file));
  const desktops = { name: "desktops", files: files.filter(isDesktop) };
  const waiting = { name: "waiting ", files: files.filter(isWaiting) };
  const pages = { name: "pages   ", files: files.filter(isPages) };
  const others = { name: "others  ", files: files.filter(isOther) };
  const both = [
    [desktops, waiting],
    [pages, others],
  ];
  const turns = availableParallelism() >= 8 ? [both.flat()] : both;
  console.log(`\n── end-to-end tests, ${files.length} files in ${turns.flat().length} lines`);
  const results = [];
  const runLine = async ({ name, files }) => {
    const { report, args } = vitest(`e2e-${name.trim()}`);
    // Both would write down in the same place how long a file took.
    const ok = await runMarked(name, "npx", [...args, "--project", "e2e", "--cache=false", ...files]);
    results.push(count(report, ok, files));
  };
  for (const turn of turns) await Promise.all(turn.map(runLine));
  return results;
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
        ...(await endToEnd()),
      ];
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
