import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepSession } from "./client.js";
import { writeWhole } from "./write-whole.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-whole-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test("a secret replaces what lay there, and is read by its owner alone, whoever could read that", () => {
  const file = join(folder, "secret");
  writeFileSync(file, "old", { mode: 0o644 });
  writeWhole(file, "new");
  expect(readFileSync(file, "utf8")).toBe("new");
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("the kept page session follows no link that somebody laid in its place", () => {
  vi.stubEnv("XDG_STATE_HOME", folder);
  const kept = { url: "http://localhost:8080", cookie: "gatehouse=secret" };
  keepSession(kept);
  const file = join(folder, "gatehouse", "session.json");
  rmSync(file);
  const elsewhere = join(folder, "elsewhere");
  writeFileSync(elsewhere, "mine", { mode: 0o644 });
  symlinkSync(elsewhere, file);
  keepSession(kept);
  expect(readFileSync(elsewhere, "utf8")).toBe("mine");
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
