import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as lists from "../../gateway/http/contract/constants.js";
import { en } from "./en.js";
import { i18n } from "./index.js";
import { zhCN } from "./zh-CN.js";

type Tree = { readonly [key: string]: string | Tree };

function leaves(tree: Tree, path = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[path + key, value] as [string, string]] : leaves(value, `${path}${key}.`),
  );
}
const chinese = new Map(leaves(zhCN));
const english = new Map(leaves(en));

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(?:vue|ts)$/.test(entry.name) && !entry.name.endsWith(".test.ts") ? [path] : [];
  });
}
const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const code = sources(web).map((path) => readFileSync(path, "utf8"));

test("both languages have the same keys", () => {
  expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort());
  expect(chinese.size).toBeGreaterThan(400);
});

test("no message is empty, and both languages name the same values in it", () => {
  const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();
  for (const [key, text] of chinese) {
    expect(text, key).not.toBe("");
    expect(names(english.get(key) ?? ""), key).toEqual(names(text));
  }
});

test("every message is shown as it is written, with its values put in", () => {
  for (const [locale, messages] of [
    ["zh-CN", chinese],
    ["en", english],
  ] as const) {
    i18n.global.locale.value = locale;
    for (const [key, text] of messages) {
      const names = [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
      const values = Object.fromEntries(names.map((name) => [name, `<${name}>`]));
      expect(i18n.global.t(key, values), key).toBe(text.replace(/\{(\w+)\}/g, "<$1>"));
    }
  }
});

test("every key that the page names exists", () => {
  const used = code.flatMap((text) => [...text.matchAll(/\bt\(\s*["']([\w.-]+)["']/g)].map(([, key]) => key ?? ""));
  expect(used.length).toBeGreaterThan(300);
  expect([...new Set(used)].filter((key) => !chinese.has(key))).toEqual([]);
});

test("every key that the page puts together begins with a branch that exists", () => {
  const heads = code.flatMap((text) => [...text.matchAll(/\bt\(\s*`([\w.]+)\.\$\{/g)].map(([, key]) => key ?? ""));
  expect(heads.length).toBeGreaterThan(20);
  expect([...new Set(heads)].filter((head) => ![...chinese.keys()].some((key) => key.startsWith(`${head}.`)))).toEqual(
    [],
  );
});

test("every message is used", () => {
  const text = code.join("\n");
  const heads = new Set([...text.matchAll(/\bt\(\s*`([\w.]+)\.\$\{/g)].map(([, key]) => key ?? ""));
  const named = (key: string): boolean => text.includes(`"${key}"`) || text.includes(`'${key}'`);
  const composed = (key: string): boolean => [...heads].some((head) => key.startsWith(`${head}.`));
  expect([...chinese.keys()].filter((key) => !named(key) && !composed(key))).toEqual([]);
});

describe("each closed list of the contract has its words", () => {
  test.each([
    ["power", lists.POWERS],
    ["role", lists.ROLES],
    ["personState", lists.PERSON_STATES],
    ["assetState", lists.ASSET_STATES],
    ["action", lists.ACTIONS],
    ["actionHelp", lists.ACTIONS],
    ["requestState", lists.REQUEST_STATES],
    ["grantState", lists.GRANT_STATES],
    ["sessionState", lists.SESSION_STATES],
    ["endReason", lists.END_REASONS],
    ["channelKind", lists.CHANNEL_KINDS],
    ["channelOutcome", lists.CHANNEL_OUTCOMES],
    ["direction", lists.TRANSFER_DIRECTIONS],
    ["recordingState", lists.RECORDING_STATES],
    ["marker", lists.MARKER_KINDS],
    ["markerOne", lists.MARKER_KINDS],
    ["protocol", lists.PROTOCOLS],
    ["certificate", lists.CERTIFICATES],
    ["dataClass", lists.DATA_CLASSES],
    ["certificateHelp", lists.CERTIFICATES],
    ["desktopSecurity", lists.DESKTOP_SECURITY],
    ["clipboardDirection", lists.CLIPBOARD_DIRECTIONS],
    ["obligation", lists.OBLIGATIONS],
    ["searchKind", lists.SEARCH_KINDS],
    ["alertState", lists.ALERT_STATES],
    ["alertKind", lists.ALERT_KINDS],
    ["alertHelp", lists.ALERT_KINDS],
    ["credential", lists.CREDENTIAL_KINDS],
    ["verdict", lists.VERDICTS],
    ["proposalKind", lists.PROPOSAL_KINDS],
    ["proposalState", lists.PROPOSAL_STATES],
    ["proposalLabel", lists.PROPOSAL_LABELS],
  ] as const)("%s", (head, values) => {
    expect(values.filter((value) => !chinese.has(`${head}.${value}`))).toEqual([]);
  });

  test("problems say what happened and what to do", () => {
    const missing = lists.PROBLEM_CODES.filter(
      (problem) => !chinese.has(`error.${problem}.what`) || !chinese.has(`error.${problem}.next`),
    );
    expect(missing).toEqual([]);
  });
});
