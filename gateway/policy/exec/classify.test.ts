/**
 * What the classifier says against what real shells do: random texts of shell signs and harmless stub programs. Whatever it
 * calls readable is run by dash and by bash; the stub that is called `vi` must never have run.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Policy } from "../contract.js";
import { createExecClassifier } from "./classify.js";

const SIGNS =
  `vi|vi|vi|a|b| | | | |;|&|&&|\n|(|)|((|))|{ |}|'|"|\\|\`|$(|$'|$"|$((|\${x:-|<|>|<<|<<<|<(|>(|&>|#| #|! |[ | ]|[[ | ]]|if |then |fi|for x in |do |done|while |case a in |a)|;;| esac|x=|=|~|*|EOF|2>|$x|f()|\t|--|\\'|''|'\\''|time |coproc |elif |else `
    .split("|")
    .concat(["|", "||", "|&"]);
const RUNS = 150;

let classify: Policy["classifyExec"];
let folder: string;
beforeAll(async () => {
  classify = await createExecClassifier();
  folder = mkdtempSync(join(tmpdir(), "gatehouse-exec-"));
  mkdirSync(join(folder, "bin"));
  for (const [name, script] of [
    ["a", "exit 0"],
    ["b", "exit 0"],
    ["vi", `: > ${folder}/ran`],
  ] as const) {
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "bin", name), 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function runsVi(shell: string, text: string): boolean {
  const ran = join(folder, "ran");
  rmSync(ran, { force: true });
  spawnSync(shell, ["-c", text], { cwd: folder, env: { PATH: join(folder, "bin") }, stdio: "ignore", timeout: 2000 });
  return existsSync(ran);
}

test("the stub is seen when it runs", () => {
  expect(runsVi("/bin/dash", "a; vi")).toBe(true);
  expect(runsVi("/bin/bash", "a 'vi'")).toBe(false);
});

test("no shell finds an editor in what was called readable", () => {
  const readable: string[] = [];
  const text = fc.array(fc.constantFrom(...SIGNS), { minLength: 2, maxLength: 10 }).map((signs) => signs.join(""));
  for (const candidate of fc.sample(text, { numRuns: 40_000, seed: 20_261_122 })) {
    if (readable.length === RUNS) break;
    if (candidate.includes("vi") && classify(candidate, { pty: false }).kind !== "shell") readable.push(candidate);
  }
  expect(readable.length).toBeGreaterThan(RUNS / 2);
  const escaped = readable.filter((candidate) => ["/bin/dash", "/bin/bash"].some((shell) => runsVi(shell, candidate)));
  expect(escaped).toEqual([]);
}, 60_000);
