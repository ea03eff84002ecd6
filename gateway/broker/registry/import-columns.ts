/** The columns of the files that are imported and exported, named in Chinese or English, in any order, each once. */
import type { CsvRow } from "../../text/index.js";
import type { ImportKind } from "../broker.js";
import type { Faults } from "./import-faults.js";

interface Column {
  readonly name: string;
  readonly zh: string;
  readonly needed: boolean;
}

const column = (name: string, zh: string, needed = false): Column => ({ name, zh, needed });

export const IMPORT_COLUMNS: Readonly<Record<ImportKind, readonly Column[]>> = {
  vendors: [
    column("name", "名称", true),
    column("registration number", "统一社会信用代码"),
    column("parent vendor", "上级供应商"),
    column("unit", "单位"),
  ],
  contracts: [
    column("number", "合同编号", true),
    column("title", "合同名称", true),
    column("vendor", "供应商", true),
    column("unit", "单位"),
    column("from", "开始日期", true),
    column("to", "结束日期", true),
    column("owner", "负责人", true),
    column("assets", "资产", true),
    column("accounts", "账号"),
    column("actions", "操作", true),
  ],
  people: [
    column("login", "登录名", true),
    column("name", "姓名", true),
    column("language", "语言"),
    column("unit", "单位"),
    column("vendor", "供应商"),
    column("contract", "合同编号"),
    column("sponsor", "担保人"),
    column("identity number", "证件号码"),
    column("identity tail", "证件尾号"),
    column("email", "邮箱"),
    column("roles", "角色"),
    column("power", "权限"),
  ],
};

/** One line of a file by the English names of its columns; a cell that is not there is empty. */
export interface Line {
  readonly line: number;
  cell(name: string): string;
}

/** How to read the lines below a header; undefined, with faults, when the header is not one of that kind. */
export function readHeader(kind: ImportKind, header: CsvRow, faults: Faults): ((row: CsvRow) => Line) | undefined {
  const places = new Map<string, number>();
  const known = IMPORT_COLUMNS[kind];
  let good = true;
  const fault = (code: "column-unknown" | "column-twice" | "column-missing", value: string): void => {
    good = false;
    faults.add(header.line, value === "" ? null : value, code, value);
  };
  header.values.forEach((value, place) => {
    const typed = value.normalize("NFKC").trim().toLowerCase();
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
