/** Lines of contracts. One that is here is changed by what its line says; its vendor and unit stay. */
import {
  ACTIONS,
  type Account,
  type Action,
  type Asset,
  type Contract,
  type ContractScope,
  type Stores,
} from "../../domain/index.js";
import { isPlainName, nameKey } from "../../text/index.js";
import type { ImportFaultCode } from "../broker.js";
import { covers } from "../scope.js";
import { MOST_ACCOUNTS, MOST_ASSETS } from "./contract-rules.js";
import { changeContractIn, createContractIn } from "./contracts.js";
import type { Line } from "./import-columns.js";
import type { Importing, Outcomes } from "./import-csv.js";
import { accountNamed, assetNamed, contractNumbered, listed, personCalled, vendorNamed } from "./import-lookup.js";

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const FIELDS: Readonly<Record<string, readonly [string, ImportFaultCode]>> = {
  number: ["number", "number-form"],
  title: ["title", "title-form"],
  unitId: ["unit", "unit-unknown"],
  vendorId: ["vendor", "vendor-retired"],
  fromDate: ["from", "date-form"],
  toDate: ["to", "dates-reversed"],
  scope: ["assets", "asset-unknown"],
  ownerId: ["owner", "owner-unknown"],
};

export async function importContracts(at: Importing, tx: Stores, lines: readonly Line[]): Promise<Outcomes> {
  const outcomes = { created: 0, changed: 0, unchanged: 0 };
  const found: Found = { assets: new Map(), accounts: new Map() };
  for (const line of lines) {
    const what = await importOne(at, tx, line, found);
    if (what !== undefined) outcomes[what] += 1;
  }
  return outcomes;
}

/** What lines named so far, as it is written in them: a contract may list hundreds, and each is looked up once a file. */
interface Found {
  readonly assets: Map<string, Asset>;
  readonly accounts: Map<string, Account>;
}

async function importOne(at: Importing, tx: Stores, line: Line, found: Found): Promise<keyof Outcomes | undefined> {
  const number = line.cell("number");
  for (const name of ["number", "title", "vendor", "from", "to", "owner", "assets", "actions"])
    if (line.cell(name) === "") return at.fault(line, name, "value-missing");
  if (!isPlainName(number)) return at.fault(line, "number", "number-form");
  if (at.seenTwice(nameKey(number))) return at.fault(line, "number", "line-twice");
  const vendor = await vendorNamed(tx, line.cell("vendor"));
  if (vendor?.name !== line.cell("vendor") || !covers(at.keeper.scope, vendor.unitId))
    return at.fault(line, "vendor", "vendor-unknown");
  const unitId = at.unitOf(line.cell("unit"));
  if (unitId === undefined) return at.fault(line, "unit", "unit-unknown");
  const [fromDate, toDate] = [dateOf(at, line.cell("from")), dateOf(at, line.cell("to"))];
  if (fromDate === undefined) return at.fault(line, "from", "date-form");
  if (toDate === undefined) return at.fault(line, "to", "date-form");
  const owner = await personCalled(tx, line.cell("owner"));
  if (owner === undefined) return at.fault(line, "owner", "owner-unknown");
  const known = await contractNumbered(tx, number);
  const scope = await scopeOfLine(at, tx, line, known?.scope, found);
  if (scope === undefined) return undefined;
  const wanted = { title: line.cell("title"), scope, fromDate, toDate, ownerId: owner.id };
  if (known === undefined) {
    const input = { ...wanted, unitId, vendorId: vendor.id, number };
    const made = await createContractIn(at.deps, tx, at.keeper, input);
    return made.ok ? "created" : refuse(at, line, made);
  }
  if (known.number !== number || !covers(at.keeper.scope, known.unitId))
    return at.fault(line, "number", "name-look-alike");
  if (known.vendorId !== vendor.id) return at.fault(line, "vendor", "value-not-changeable");
  if (line.cell("unit") !== "" && known.unitId !== unitId) return at.fault(line, "unit", "value-not-changeable");
  if (isSame(known, wanted)) return "unchanged";
  const changed = await changeContractIn(at.deps, tx, at.keeper, known.id, wanted);
  if (!changed.ok) return refuse(at, line, changed);
  at.ended.push(changed.value.ended);
  return "changed";
}

/** `YYYY-MM-DD` of a day that there is, also as spreadsheets write it: `2027/1/5`. */
function dateOf(at: Importing, cell: string): string | undefined {
  const [year = "", month = "", day = ""] = cell.split(/[-/.]/);
  const text = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const isDay = DATE.test(text) && cell.split(/[-/.]/).length === 3 && at.deps.calendar.day(text) !== undefined;
  return isDay ? text : undefined;
}

/** What was in the scope `before` may have been retired since, as where a contract is changed by hand. */
async function scopeOfLine(
  at: Importing,
  tx: Stores,
  line: Line,
  before: ContractScope | undefined,
  found: Found,
): Promise<ContractScope | undefined> {
  const [names, logins] = [listed(line.cell("assets")), listed(line.cell("accounts"))];
  if (names.length > MOST_ASSETS) return at.fault(line, "assets", "values-too-many", String(names.length));
  if (logins.length > MOST_ACCOUNTS) return at.fault(line, "accounts", "values-too-many", String(logins.length));
  const assets: Asset[] = [];
  for (const name of names) {
    const asset = found.assets.get(name) ?? (await assetNamed(tx, at.keeper, name));
    if (asset === undefined) return at.fault(line, "assets", "asset-unknown", name);
    found.assets.set(name, asset);
    assets.push(asset);
  }
  const accountIds: ContractScope["accountIds"][number][] = [];
  for (const text of logins) {
    const account = found.accounts.get(text) ?? (await accountNamed(tx, assets, text));
    const isHere = account !== undefined && assets.some((asset) => asset.id === account.assetId);
    if (!isHere || !(account.state === "active" || before?.accountIds.includes(account.id) === true))
      return at.fault(line, "accounts", "account-unknown", text);
    found.accounts.set(text, account);
    accountIds.push(account.id);
  }
  const actions: Action[] = [];
  for (const text of listed(line.cell("actions"))) {
    const action = ACTIONS.find((one) => one === text);
    if (action === undefined) return at.fault(line, "actions", "action-unknown", text);
    actions.push(action);
  }
  return { assetIds: assets.map((asset) => asset.id), accountIds, actions };
}

type Wanted = Pick<Contract, "title" | "scope" | "fromDate" | "toDate" | "ownerId">;

function isSame(known: Contract, wanted: Wanted): boolean {
  const same = (["title", "fromDate", "toDate", "ownerId"] as const).every((key) => known[key] === wanted[key]);
  const texts = ({ assetIds, accountIds, actions }: ContractScope): string =>
    JSON.stringify([assetIds, accountIds, actions].map((all: readonly string[]) => [...new Set(all)].sort()));
  return same && texts(known.scope) === texts(wanted.scope);
}

function refuse(
  at: Importing,
  line: Line,
  { code, field }: { readonly code: string; readonly field?: string },
): undefined {
  if (code === "name-taken") return at.fault(line, "number", "name-look-alike");
  if (code === "conflict") return at.fault(line, "number", "contract-over");
  const [from = "", to = ""] = [dateOf(at, line.cell("from")), dateOf(at, line.cell("to"))];
  if (field === "toDate" && from <= to) return at.fault(line, "to", "contract-over");
  const [column, fault] = FIELDS[field ?? "number"] ?? ["number", "number-form"];
  return at.fault(line, column, fault);
}
