/** What two bundles' settings differ in, told in words. */
import { expect, test } from "vitest";
import { changedSettings } from "./changed-settings.js";

const bundle = (signIn: string): ReadonlyMap<string, string> => new Map([["sign-in.yaml", signIn]]);
const differ = (before: string, after: string) => changedSettings(bundle(before), bundle(after));

test("a value that changes, comes or goes is named with its place", () => {
  expect(
    differ("deviceKeys:\n  longestHours: 8\n  old: 1\n", "deviceKeys:\n  longestHours: 12\n  list: [a]\n"),
  ).toEqual([
    { file: "sign-in.yaml", name: "deviceKeys.longestHours", before: "8", after: "12" },
    { file: "sign-in.yaml", name: "deviceKeys.old", before: "1", after: null },
    { file: "sign-in.yaml", name: "deviceKeys.list[0]", before: null, after: "a" },
  ]);
});

test("a list that is set and empty is told", () => {
  expect(differ("list: [a]\n", "list: []\nmap: {}\n")).toEqual([
    { file: "sign-in.yaml", name: "list[0]", before: "a", after: null },
    { file: "sign-in.yaml", name: "list", before: null, after: "[]" },
    { file: "sign-in.yaml", name: "map", before: null, after: "{}" },
  ]);
});

test("another comment or order changes no setting; another file is told by its text alone", () => {
  expect(differ("a: 1\nb: 2\n", "# why\nb: 2\na: 1\n")).toEqual([]);
  expect(changedSettings(new Map([["access.cedar", "a"]]), new Map([["access.cedar", "b"]]))).toEqual([]);
});

test("a file too long to be read quickly is told by its text alone", () => {
  expect(differ("a: 1\n", `a: 2\n${"#".repeat(16_384)}\n`)).toEqual([]);
});
