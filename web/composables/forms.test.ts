import { expect, test } from "vitest";
import { parseForwardLines } from "./forward-lines.js";
import { enrolmentLink, linkToken } from "./link-token.js";
import { passwordFault } from "./password-rules.js";
import { risksOf, touchesNight } from "./request-risks.js";
import { readFilter, writeFilter } from "./use-query-filter.js";

test("forward targets are read one a line, empty lines aside", () => {
  expect(parseForwardLines("db:5432\n\n [2001:db8::1]:443 ")).toEqual([
    { host: "db", port: 5432 },
    { host: "2001:db8::1", port: 443 },
  ]);
  expect(parseForwardLines("")).toEqual([]);
});

test.each(["db", "db:", "db:0", "db:70000", ":22", "a b:22", "db:22:33", "2001:db8::1:443"])(
  "%j is no forward target",
  (line) => {
    expect(parseForwardLines(`ok:1\n${line}`)).toBeUndefined();
  },
);

test("a link's token is read from the fragment first, then from the query", () => {
  expect(linkToken("q", "#token=a%2Bb")).toBe("a+b");
  expect(linkToken("q", "#bare")).toBe("bare");
  expect(linkToken("q", "")).toBe("q");
  expect(linkToken(undefined, "")).toBe("");
});

test("a link that is handed over carries its token in the fragment and comes back whole", () => {
  const link = new URL(enrolmentLink("https://gate", "a/b+c=d"));
  expect([link.pathname, link.search, linkToken(undefined, link.hash)]).toEqual(["/enrol", "", "a/b+c=d"]);
});

test("a password is refused when it is short, of too few kinds, or holds the login", () => {
  const modern = { leastCharacters: 12, leastKinds: 0 };
  const dengbao = { leastCharacters: 10, leastKinds: 3 };
  expect(passwordFault("elevenchars", "alice", modern)).toBe("tooShort");
  expect(passwordFault("my-ALICE-password", "alice", modern)).toBe("hasLogin");
  expect(passwordFault("纸上得来终觉浅绝知此事要躬行", "alice", modern)).toBeUndefined();
  expect(passwordFault("correct horse battery", "al", modern)).toBeUndefined();
  expect(passwordFault("elevenchars", "alice", dengbao)).toBe("fewKinds");
  expect(passwordFault("eleven-Chars", "alice", dengbao)).toBeUndefined();
  expect(passwordFault("纸上得来终觉浅绝知此事要躬行", "alice", dengbao)).toBe("fewKinds");
});

const HOUR = 3_600_000;
const noon = new Date(2026, 5, 1, 12).getTime();
const item = {
  id: "i",
  requestId: "r",
  accountId: "a",
  assetId: "s",
  assetPin: "",
  actions: ["ssh.exec" as const],
  limits: { forwardTo: [] },
  accountLogin: "deploy",
  assetName: "web",
  assetHost: "h",
  assetPort: 22,
  hostKeyFingerprint: "SHA256:x",
  legacyAlgorithms: false,
  protocol: "ssh" as const,
  certificate: null,
  desktop: null,
};
const calm = { items: [item], durationMs: HOUR, windowFrom: noon, workOrder: "WO-1", contractEndsAt: null };
const codes = (request: Parameters<typeof risksOf>[0]): string[] => risksOf(request, noon).map((risk) => risk.code);

test("a plain request by day has nothing to mind", () => {
  expect(codes(calm)).toEqual([]);
});

test("each thing to mind is named, the wrong ones first and as dangerous", () => {
  const items = [
    {
      ...item,
      accountLogin: "Root",
      hostKeyFingerprint: null,
      legacyAlgorithms: true,
      actions: ["ssh.shell" as const, "sftp.write" as const, "ssh.forward" as const],
    },
  ];
  const request = {
    ...calm,
    items,
    durationMs: 9 * HOUR,
    workOrder: "",
    contractEndsAt: noon + HOUR,
    windowFrom: noon + 6 * HOUR,
  };
  expect(codes(request)).toEqual([
    "riskNoKey",
    "riskLegacy",
    "riskRoot",
    "riskContract",
    "riskShell",
    "riskWrite",
    "riskForward",
    "riskLong",
    "riskNight",
    "riskNoOrder",
  ]);
  expect(risksOf(request, noon).filter((risk) => risk.danger)).toHaveLength(2);
});

test("what a desktop brings with it is named: a certificate nobody checks, missing restrictions, each way out and in", () => {
  const desktop = {
    ...item,
    protocol: "rdp" as const,
    hostKeyFingerprint: null,
    certificate: "unchecked" as const,
    desktop: { security: "any" as const, acceptsMissing: true },
    actions: [
      "rdp.connect" as const,
      "rdp.copy" as const,
      "rdp.paste" as const,
      "rdp.upload" as const,
      "rdp.download" as const,
    ],
  };
  expect(codes({ ...calm, items: [desktop] })).toEqual([
    "riskCertificate",
    "riskMissing",
    "riskCopy",
    "riskPaste",
    "riskUpload",
    "riskDownload",
  ]);
  const plain = {
    ...desktop,
    certificate: "pinned" as const,
    hostKeyFingerprint: "aa",
    desktop: null,
    actions: ["rdp.connect" as const],
  };
  expect(codes({ ...calm, items: [plain] })).toEqual([]);
  expect(codes({ ...calm, items: [{ ...plain, certificate: null, hostKeyFingerprint: null }] })).toEqual(["riskNoKey"]);
});

test("night is 22:00 to 6:00, touched from either side", () => {
  const at = (hour: number): number => new Date(2026, 5, 1, hour).getTime();
  expect(touchesNight(at(8), 2 * HOUR)).toBe(false);
  expect(touchesNight(at(21), 2 * HOUR)).toBe(true);
  expect(touchesNight(at(5), HOUR)).toBe(true);
  expect(touchesNight(at(6), HOUR)).toBe(false);
  expect(touchesNight(at(8), 16 * HOUR)).toBe(true);
});

test("a filter goes into the address and comes back, without what is empty", () => {
  expect(writeFilter({ person: "zhang", asset: "" })).toEqual({ person: "zhang" });
  expect(readFilter({ person: ["a", "b"], other: "x", asset: null }, ["person", "asset", "q"])).toEqual({
    person: "a",
    asset: "",
    q: "",
  });
});
