/** The columns of the files that are imported and exported, named in Chinese or English, in any order, each once. */
import type { CsvRow } from "../../text/index.js";
import type { ImportKind } from "../broker.js";
import type { Faults } from "./import-faults.js";

interface Column {
  readonly name: string;
  readonly zh: string;
  readonly needed: boolean;
}

/** The API's contract says the same; `http/contract-check.ts` holds the two equal. */
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
} as const satisfies Readonly<Record<ImportKind, readonly Column[]>>;

export type ImportColumns = typeof IMPORT_COLUMNS;

/** A column's name is shorter, however it is typed. */
const LONGEST_NAME = 100;

/** One line of a file by the English names of its columns; a cell that is not there is empty. */
export interface Line {
  readonly line: number;
  cell(name: string): string;
}

/** How to read the lines below a header; undefined, with faults, when the header is not one of that kind. */
export function readHeader(kind: ImportKind, header: CsvRow, faults: Faults): ((row: CsvRow) => Line) | undefined {
  const places = new Map<string, number>();
  const known: readonly Column[] = IMPORT_COLUMNS[kind];
  let good = true;
  const fault = (code: "column-unknown" | "column-twice" | "column-missing", value: string): void => {
    good = false;
    faults.add(header.line, value === "" ? null : value, code, value);
  };
  header.values.forEach((value, place) => {
    const typed = value.slice(0, LONGEST_NAME).normalize("NFKC").trim().toLowerCase();
    const found = known.find((one) => one.name === typed || one.zh === typed);
    if (found === undefined) fault("column-unknown", value);
    else if (places.has(found.name)) fault("column-twice", value);
    else places.set(found.name, place);
  });
  for (const one of known) if (one.needed && !places.has(one.name)) fault("column-missing", one.name);
  if (!good) return undefined;
  return ({ line, values }) => {
    if (values.slice(header.values.length).some((value) => value.trim() !== ""))
      faults.add(line, null, "values-too-many", String(values.length));
    return { line, cell: (name) => values[places.get(name) ?? -1]?.trim() ?? "" };
  };
}
