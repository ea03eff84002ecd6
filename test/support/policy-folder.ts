/** A policy folder of a test's own: the one that is shipped, with another `sign-in.yaml` and the case that holds for it. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./gatehouse.js";

/** Passwords of the preset dengbao that last `everyDays`, and a review as often. Answers the folder, which is the caller's to remove. */
export function policyFolder(everyDays: number): string {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-policies-"));
  cpSync(join(ROOT, "policies", "default"), folder, { recursive: true });
  const file = join(folder, "sign-in.yaml");
  const rules = readFileSync(file, "utf8")
    .replace(/^password: .*$/m, `password: { preset: dengbao, longestDays: ${everyDays} }`)
    .replace(/^review: .*$/m, `review: { everyDays: ${everyDays}, remindDays: 7, answerDays: 14 }`);
  writeFileSync(file, rules);
  const asked =
    "preset: dengbao, characters: 10, kinds: 3, history: 5, dormantDays: 90, stepUp: 10m, idle: 30m, longest: 12h";
  writeFileSync(
    join(folder, "sign-in.cases.yaml"),
    `signIn: [{ name: this house, ask: { installation: en }, expect: { ${asked}, changeDays: ${everyDays} } }]\n`,
  );
  return folder;
}
