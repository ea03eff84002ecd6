import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { i18n } from "../locales/index.js";
import { detailParts, fieldText } from "./event-detail.js";
import { localTime } from "./format.js";
import type { Words } from "./marker-text.js";

const words: Words = { t: (key, values) => i18n.global.t(key, values ?? {}), te: (key) => i18n.global.te(key) };
const say = (detail: Readonly<Record<string, unknown>>, kind = "person"): string =>
  detailParts(words, detail, kind)
    .map(({ label, value }) => `${label} ${value}`)
    .join(" · ");
const ID = "01900000-0000-7000-8000-0123456789ab";
const AT = Date.UTC(2026, 10, 22);

const KNOWN = [
  ["person", { state: "disabled", by: "scim" }, "状态 停用 · 由 SCIM", "state Disabled · by SCIM"],
  ["person", { decidedBy: `scim:${ID}`, by: `scim:${ID}` }, "依据 SCIM 0123456789ab · 由 SCIM 0123456789ab", ""],
  ["person", { decidedBy: "wrong-code" }, "依据 动态口令不对", "because wrong code"],
  ["session", { decidedBy: "no-grant" }, "依据 目前没有有效的临时授权", "because There is no grant that holds now"],
  ["ticket", { why: "expired" }, "原因 已过期", "why expired"],
  ["session", { decidedBy: "expired" }, "依据 授权到期", "because grant expired"],
  ["person", { purpose: "device-key" }, "用途 设备密钥", "purpose device key"],
  ["import", { kind: "people" }, "类型 人员", "kind People"],
  ["person", { field: "identityNumber" }, "字段 证件号码", "field identity number"],
  ["alert", { subject: "directory:ldap" }, "关于 目录 LDAP", "about directory LDAP"],
  ["alert", { subject: "envelopes:never:audit" }, "关于 应急信封", "about break-glass envelopes"],
  ["grant", { actions: ["ssh.shell", "sftp.read"] }, "操作 命令行, 读取文件", "actions Shell, Read files"],
  ["grant", { expiresAt: AT }, `有效至 ${localTime(AT)}`, `until ${localTime(AT)}`],
  ["retention", { from: 180, to: 365 }, "从 180 · 到 365", "from 180 · to 365"],
  ["transfer", { direction: "upload", size: 2048 }, "方向 上传 · 大小 2.0 KiB", "direction upload · size 2.0 KiB"],
  ["recording", { durationUs: 65_000_000 }, "时长 1:05", "length 1:05"],
  ["proposal", { kind: "person.rights", subject: `person:${ID}` }, "类型 变更权限或角色 · 关于 人员 0123456789ab", ""],
  ["alert", { subject: "power:audit" }, "关于 权限 审计管理员", "about power Auditor"],
  ["seal", { powers: "system audit" }, "权限 系统管理员, 审计管理员", "powers System administrator, Auditor"],
  [
    "session",
    { decidedBy: "revoked", vendorChain: ["Brook", "Northwind"] },
    "依据 授权撤销 · 供应商链 Brook › Northwind",
    "",
  ],
  ["alert", { sourceAddress: "10.0.0.9" }, "来源地址 10.0.0.9", "source address 10.0.0.9"],
  ["person", { via: "ssh-device-key" }, "方式 SSH 设备密钥", "by SSH, device key"],
  ["import", { dryRun: true, faults: 0 }, "试运行 是 · 错误数 0", "trial only yes · faults 0"],
  [
    "proposal",
    { content: `{"personId":"${ID}","roles":[{"role":"approver","unitId":"${ID}"}]}`, digest: "ab".repeat(32) },
    "操作内容 人员 0123456789ab · 角色 角色 审批人 · 单位 0123456789ab · 摘要 abababababab…",
    "",
  ],
  ["account", { accounts: [ID, ID] }, "资产账号 0123456789ab, 0123456789ab", ""],
] as const;

describe.each(["zh-CN", "en"] as const)("in %s", (locale) => {
  beforeEach(() => {
    i18n.global.locale.value = locale;
  });

  test.each(KNOWN)("of a %s what has words is said in them", (kind, detail, chinese, english) => {
    if (locale === "zh-CN") expect(say(detail, kind)).toBe(chinese);
    else if (english !== "") expect(say(detail, kind)).toBe(english);
  });

  test("what has no word stays as it is, and what is empty is left out", () => {
    expect(say({ zebra: "stripes", odd: { deep: 1 }, none: null, blank: "", list: [] })).toBe(
      "zebra stripes · odd deep 1",
    );
  });

  test("names that every object has are no words", () => {
    const hostile = JSON.parse('{"constructor":"a","__proto__":"b","toString":"c"}') as Record<string, unknown>;
    expect(say(hostile)).toBe("constructor a · __proto__ b · toString c");
    expect(say({ why: "constructor", state: "constructor" })).toMatch(/ constructor · .* constructor$/);
  });
});

test("every code that the gate gives as the reason of an event has words", () => {
  i18n.global.locale.value = "zh-CN";
  const broker = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "gateway", "broker");
  const names = readdirSync(broker, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const text = files.map((name) => readFileSync(join(broker, name), "utf8")).join("\n");
  const written =
    /\b(?:decidedBy|why|unfit|because)(?::| \?\?) (?:[\w.]+ \? )?"[a-z][a-z0-9-]*"(?: [|:] "[a-z][a-z0-9-]*")*/g;
  const endings = /\bend(?:Hanging|Grants|OfDisabled)\([^;]*?"[a-z]+-[a-z-]+"\)/g;
  const found = [...text.matchAll(written), ...text.matchAll(endings)].flatMap(([whole]) =>
    [...whole.matchAll(/"([a-z][a-z0-9-]*)"/g)].map(([, code = ""]) => code),
  );
  // Given by a name.
  found.push("challenge", "known-passkey", "linked-already", "no-user-handle", "unknown-passkey");
  const codes = [...new Set(found)].filter((code) => !["revoked", "suspended"].includes(code));
  expect(codes.length).toBeGreaterThan(40);
  const told = (code: string): string | undefined => detailParts(words, { why: code }, "person")[0]?.value;
  expect(codes.filter((code) => told(code) === code)).toEqual([]);
});

test("a field is told by what its form calls it, and one without a word by its own name", () => {
  i18n.global.locale.value = "zh-CN";
  expect(fieldText(words, "displayName")).toBe("姓名");
  expect(fieldText(words, "items.0.actions")).toBe("操作");
  expect(fieldText(words, "zebra.1")).toBe("zebra.1");
  expect(fieldText(words, "constructor")).toBe("constructor");
});

test("an id that was shortened is there in full", () => {
  expect(detailParts(words, { sessionId: ID }, "person")[0]).toMatchObject({ value: "0123456789ab", full: ID });
});
