/** Vendors, contracts and people in and out as CSV; and someone's leaving. */
import { z } from "zod";
import { id, lines, optional, queryFlag } from "./fields.js";

export const IMPORT_KINDS = ["vendors", "contracts", "people"] as const;
export const importParams = z.strictObject({ kind: z.enum(IMPORT_KINDS) });
export type ImportKind = z.infer<typeof importParams>["kind"];

/** The body of an import is the file itself, `application/octet-stream`. */
export const IMPORT_MOST_BYTES = 16 * 1024 * 1024;
/** `dryRun=true`: nothing is written, and every fault is told. */
export const importQuery = z.strictObject({ dryRun: optional(queryFlag) });
export type ImportQuery = z.input<typeof importQuery>;

/** The columns of each file, by the names that the files carry; either language is read, English is the stable name. */
export const IMPORT_COLUMNS = {
  vendors: [
    { name: "name", zh: "名称", needed: true },
    { name: "registration number", zh: "统一社会信用代码", needed: false },
    { name: "parent vendor", zh: "上级供应商", needed: false },
    { name: "unit", zh: "单位", needed: false },
  ],
  contracts: [
    { name: "number", zh: "合同编号", needed: true },
    { name: "title", zh: "合同名称", needed: true },
    { name: "vendor", zh: "供应商", needed: true },
    { name: "unit", zh: "单位", needed: false },
    { name: "from", zh: "开始日期", needed: true },
    { name: "to", zh: "结束日期", needed: true },
    { name: "owner", zh: "负责人", needed: true },
    { name: "assets", zh: "资产", needed: true },
    { name: "accounts", zh: "账号", needed: false },
    { name: "actions", zh: "操作", needed: true },
  ],
  people: [
    { name: "login", zh: "登录名", needed: true },
    { name: "name", zh: "姓名", needed: true },
    { name: "language", zh: "语言", needed: false },
    { name: "unit", zh: "单位", needed: false },
    { name: "vendor", zh: "供应商", needed: false },
    { name: "contract", zh: "合同编号", needed: false },
    { name: "sponsor", zh: "责任人", needed: false },
    { name: "identity number", zh: "证件号码", needed: false },
    { name: "identity tail", zh: "证件尾号", needed: false },
    { name: "email", zh: "邮箱", needed: false },
    { name: "roles", zh: "角色", needed: false },
    { name: "roles elsewhere", zh: "其他单位角色", needed: false },
    { name: "power", zh: "权限", needed: false },
  ],
} as const satisfies Record<
  ImportKind,
  readonly { readonly name: string; readonly zh: string; readonly needed: boolean }[]
>;

/** Why a line, or a whole file, was not taken. */
export const IMPORT_FAULTS = [
  "csv-too-large",
  "csv-too-many-lines",
  "csv-encoding",
  "csv-empty",
  "csv-columns",
  "csv-form",
  "column-unknown",
  "column-twice",
  "column-missing",
  "values-too-many",
  "value-missing",
  "value-not-changeable",
  "line-twice",
  "name-form",
  "name-look-alike",
  "registration-number-form",
  "registration-number-taken",
  "number-form",
  "title-form",
  "date-form",
  "dates-reversed",
  "unit-unknown",
  "vendor-unknown",
  "vendor-retired",
  "vendor-cycle",
  "contract-unknown",
  "contract-over",
  "contract-of-another-vendor",
  "owner-unknown",
  "asset-unknown",
  "account-unknown",
  "action-unknown",
  "login-form",
  "login-taken",
  "language-unknown",
  "sponsor-unknown",
  "vendor-needed",
  "identity-number-form",
  "identity-number-taken",
  "email-form",
  "role-unknown",
  "power-not-importable",
] as const;
export type ImportFaultCode = (typeof IMPORT_FAULTS)[number];

export const importReport = z.object({
  lines: z.number(),
  created: z.number(),
  changed: z.number(),
  unchanged: z.number(),
  faults: z
    .array(
      z.object({
        /** As an editor counts lines, from 1. */
        line: z.number(),
        column: z.string().nullable(),
        code: z.enum(IMPORT_FAULTS),
        value: z.string(),
      }),
    )
    .readonly(),
  faultsInAll: z.number(),
  encoding: z.enum(["utf-8", "gb18030"]),
  /** Tokens of the links by which those created set themselves up; shown once. */
  enrolments: z.array(z.object({ login: z.string(), token: z.string() })).readonly(),
});
export type ImportReport = z.infer<typeof importReport>;

export const personParams = z.strictObject({ id });
/** Why someone leaves, or something ends: written into the audit log. */
export const endingBody = z.strictObject({ reason: lines(1000) });
export type EndingBody = z.infer<typeof endingBody>;
