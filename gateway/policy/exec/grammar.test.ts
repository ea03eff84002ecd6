/** Bundles that are loaded at the same time share one grammar. */
import { Language, Parser } from "web-tree-sitter";
import { expect, test, vi } from "vitest";
import { createReader } from "./syntax.js";

test("the grammar is begun and loaded once, however many ask at once, and serves them all", async () => {
  const begun = vi.spyOn(Parser, "init");
  const loaded = vi.spyOn(Language, "load");
  const readers = await Promise.all(Array.from({ length: 4 }, () => createReader()));
  for (const read of [...readers, await createReader()])
    expect(read("ls -l /tmp")).toMatchObject({ ok: true, alone: true });
  expect(begun).toHaveBeenCalledTimes(1);
  expect(loaded).toHaveBeenCalledTimes(1);
});
