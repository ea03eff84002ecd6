/**
 * Importing vendors, contracts and people from a spreadsheet's file. Every line is tried in one transaction, which is taken
 * back when any of them is at fault or it was only a trial: all or nothing. A file gives nobody what two persons must give.
 */
import { createHash } from "node:crypto";
import { done, type Actor, type Outcome, type Stores, type UnitId } from "../../domain/index.js";
import { CSV_LINES, readCsv, type CsvFile, type CsvReading } from "../../text/index.js";
import type { ImportFaultCode, ImportKind, ImportReport, RegistryUseCases } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { notice } from "../notices.js";
import { requireStepUp } from "../step-up.js";
import { tellEnded, type Hanging } from "./ending.js";
import { readHeader, type Line } from "./import-columns.js";
import { importContracts } from "./import-contracts.js";
import { Faults } from "./import-faults.js";
import { unitFinder } from "./import-lookup.js";
import { importPeople } from "./import-people.js";
import { importVendors } from "./import-vendors.js";
import { keeperOf, tellRegister, type Keeper } from "./register-deps.js";
import { queueOnTop } from "./unit-tree.js";

export type ImportDeps = Pick<BrokerDeps, "database" | "clock" | "ids" | "calendar" | "policy" | "vault" | "notify">;

export interface Outcomes {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
}

/** What the lines of one file share. */
export interface Importing {
  readonly deps: ImportDeps;
  readonly keeper: Keeper;
  unitOf(cell: string): UnitId | undefined;
  /** Whether an earlier line is about the same. */
  seenTwice(key: string): boolean;
  /** Writes the fault down; `value` is the cell unless told. */
  fault(line: Line, column: string, code: ImportFaultCode, value?: string): undefined;
  readonly enrolments: { readonly login: string; readonly token: string }[];
  /** What narrowed contracts, and people under another one, ended; told after commit. */
  readonly ended: Hanging[];
}

type Input = Parameters<RegistryUseCases["importCsv"]>[1];
interface Tried {
  readonly report: ImportReport;
  readonly ended: readonly Hanging[];
}

/** One file is one transaction, and nobody else writes meanwhile: a second or two of it. Contracts ask for more than people do. */
const MOST_LINES: Readonly<Record<ImportKind, number>> = { vendors: 500, contracts: 500, people: CSV_LINES };

const APPLY: Readonly<Record<ImportKind, (at: Importing, tx: Stores, lines: readonly Line[]) => Promise<Outcomes>>> = {
  vendors: importVendors,
  contracts: importContracts,
  people: importPeople,
};

/** By a security administrator who showed a second factor a short while ago. Faults are the report's; nothing is written then. */
export async function importCsv(deps: ImportDeps, actor: Actor, input: Input): Promise<Outcome<ImportReport>> {
  const { read } = deps.database;
  const keeper = await keeperOf(read, actor);
  if (!keeper.ok) return keeper;
  const recent = await requireStepUp(read, deps.clock, deps.policy, actor);
  if (!recent.ok) return recent;
  const reading = notTooLong(input.kind, await readCsv(input.bytes));
  if (!reading.ok) {
    const faults = new Faults();
    faults.add(reading.fault.line, null, reading.fault.code, "");
    const report = reportOf(faults, { lines: 0, encoding: "utf-8" });
    await logImport(deps, actor, input, report);
    return done(report);
  }
  const tried = await tryFile(deps, actor, input, reading.file);
  if (!tried.ok) return tried;
  const { report, ended } = tried.value;
  if (input.dryRun || report.faultsInAll > 0) {
    await logImport(deps, actor, input, report);
    return done(report);
  }
  for (const hanging of ended) tellEnded(deps, hanging);
  tellRegister(deps, input.kind);
  if (input.kind === "people") deps.notify(notice("people", input.kind, [], [], ["security"]));
  return done(report);
}

function notTooLong(kind: ImportKind, reading: CsvReading): CsvReading {
  const tooMany = reading.ok ? reading.file.rows[MOST_LINES[kind]] : undefined;
  return tooMany === undefined ? reading : { ok: false, fault: { line: tooMany.line, code: "csv-too-many-lines" } };
}

/** Thrown so that the transaction is taken back; carries what was found. */
class TakenBack extends Error {
  override readonly name = "TakenBack";
  readonly tried: Tried;
  constructor(tried: Tried) {
    super("an import was taken back");
    this.tried = tried;
  }
}

async function tryFile(deps: ImportDeps, actor: Actor, input: Input, file: CsvFile): Promise<Outcome<Tried>> {
  try {
    return await deps.database.write(async (tx): Promise<Outcome<Tried>> => {
      await queueOnTop(tx);
      const keeper = await keeperOf(tx, actor);
      if (!keeper.ok) return keeper;
      const tried = await applyFile(deps, tx, keeper.value, input.kind, file);
      if (input.dryRun || tried.report.faultsInAll > 0) throw new TakenBack(tried);
      await append(tx, actor, input, tried.report);
      return done(tried);
    });
  } catch (error) {
    if (!(error instanceof TakenBack)) throw error;
    return done({ report: { ...error.tried.report, enrolments: [] }, ended: [] });
  }
}

async function applyFile(
  deps: ImportDeps,
  tx: Stores,
  keeper: Keeper,
  kind: ImportKind,
  file: CsvFile,
): Promise<Tried> {
  const faults = new Faults();
  const toLine = readHeader(kind, file.header, faults);
  const lines = toLine === undefined ? [] : file.rows.map(toLine);
  const seen = new Set<string>();
  const unitOf = await unitFinder(tx, keeper);
  const at: Importing = {
    deps,
    keeper,
    unitOf,
    seenTwice(key) {
      const isSeen = seen.has(key);
      seen.add(key);
      return isSeen;
    },
    fault(line, column, code, value) {
      faults.add(line.line, column, code, value ?? line.cell(column));
      return undefined;
    },
    enrolments: [],
    ended: [],
  };
  const outcomes = await APPLY[kind](at, tx, lines);
  const { encoding } = file;
  const report = reportOf(faults, { lines: file.rows.length, encoding, outcomes, enrolments: at.enrolments });
  return { report, ended: at.ended };
}

function reportOf(
  faults: Faults,
  of: Pick<ImportReport, "lines" | "encoding"> & {
    readonly outcomes?: Outcomes;
    readonly enrolments?: ImportReport["enrolments"];
  },
): ImportReport {
  const { lines, encoding, outcomes = { created: 0, changed: 0, unchanged: 0 }, enrolments = [] } = of;
  return { lines, ...outcomes, faults: faults.shown, faultsInAll: faults.inAll, encoding, enrolments };
}

/** A file that was refused is an event too; a trial without faults changed nothing and tells nothing. */
async function logImport(deps: ImportDeps, actor: Actor, input: Input, report: ImportReport): Promise<void> {
  if (report.faultsInAll > 0) await deps.database.write((tx) => append(tx, actor, input, report));
}

async function append(tx: Stores, actor: Actor, { kind, bytes, dryRun }: Input, report: ImportReport): Promise<void> {
  const isRefused = report.faultsInAll > 0;
  const { lines, faultsInAll: faults, encoding } = report;
  const { created, changed, unchanged } = isRefused ? { created: 0, changed: 0, unchanged: 0 } : report;
  await tx.audit.append({
    verb: "people.imported",
    actorId: actor.personId,
    object: { kind: "import", id: kind },
    sourceAddress: actor.sourceAddress,
    decidedBy: isRefused ? "import-refused" : "import",
    detail: {
      kind,
      lines,
      created,
      changed,
      unchanged,
      faults,
      encoding,
      dryRun,
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    },
  });
}
