import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadPolicy } from "./index.js";

const DEFAULT = fileURLToPath(new URL("../../policies/default", import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bundle-"));
  cpSync(DEFAULT, folder, { recursive: true });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});
const file = (name: string): string => join(folder, "declarations", name);

test("the bundle carries both texts in both languages, each with the digest of what is shown", async () => {
  const policy = await loadPolicy(folder);
  expect(policy.declarations.map((one) => one.kind)).toEqual(["confidentiality", "recording"]);
  for (const { kind, texts } of policy.declarations)
    for (const locale of ["zh-CN", "en"] as const) {
      const bytes = readFileSync(file(`${kind}.${locale}.md`));
      expect(texts[locale].text).toBe(bytes.toString("utf8"));
      expect(texts[locale].digest).toBe(createHash("sha256").update(bytes).digest("hex"));
      expect(texts[locale].text.length).toBeGreaterThan(400);
    }
});

test("another text is another digest of the text and of the bundle", async () => {
  const before = await loadPolicy(folder);
  writeFileSync(file("recording.en.md"), "Everything is recorded.\n");
  const after = await loadPolicy(folder);
  expect(after.digest).not.toBe(before.digest);
  expect(after.declarations[1]?.texts.en.digest).not.toBe(before.declarations[1]?.texts.en.digest);
  expect(after.declarations[1]?.texts["zh-CN"]).toEqual(before.declarations[1]?.texts["zh-CN"]);
});

test.each([
  ["empty", "\n \n"],
  ["too long to be read", "x".repeat(20_001)],
  ["holding what is not seen", "You may\u202e not sign.\n"],
])("a text %s refuses the bundle", async (_, text) => {
  writeFileSync(file("confidentiality.zh-CN.md"), text);
  await expect(loadPolicy(folder)).rejects.toThrow("confidentiality.zh-CN.md");
});

test("a text that is missing, and one that is not known, refuse the bundle", async () => {
  writeFileSync(file("loyalty.en.md"), "I am loyal.\n");
  await expect(loadPolicy(folder)).rejects.toThrow("loyalty.en.md: this file is not part of a bundle");
  unlinkSync(file("loyalty.en.md"));
  unlinkSync(file("recording.zh-CN.md"));
  await expect(loadPolicy(folder)).rejects.toThrow("recording.zh-CN.md: the file is missing");
});
