/** Lines of vendors. All are entered first and put under their parents then, so that the order of lines does not matter. */
import type { Stores, VendorId } from "../../domain/index.js";
import { isPlainName, nameKey } from "../../text/index.js";
import type { ImportFaultCode } from "../broker.js";
import { covers } from "../scope.js";
import type { Line } from "./import-columns.js";
import type { Importing, Outcomes } from "./import-csv.js";
import { vendorNamed } from "./import-lookup.js";
import { changeVendorIn, createVendorIn } from "./vendors.js";

const FIELDS: Readonly<Record<string, readonly [string, ImportFaultCode]>> = {
  name: ["name", "name-form"],
  registrationNumber: ["registration number", "registration-number-form"],
  unitId: ["unit", "unit-unknown"],
  parentId: ["parent vendor", "vendor-retired"],
};

interface Entered {
  readonly line: Line;
  readonly id: VendorId;
  what: keyof Outcomes;
}

export async function importVendors(at: Importing, tx: Stores, lines: readonly Line[]): Promise<Outcomes> {
  const entered: Entered[] = [];
  for (const line of lines) {
    const one = await enter(at, tx, line);
    if (one !== undefined) entered.push(one);
  }
  for (const one of entered) await putUnder(at, tx, one);
  const count = (what: keyof Outcomes): number => entered.filter((one) => one.what === what).length;
  return { created: count("created"), changed: count("changed"), unchanged: count("unchanged") };
}

async function enter(at: Importing, tx: Stores, line: Line): Promise<Entered | undefined> {
  const name = line.cell("name");
  if (!isPlainName(name)) return at.fault(line, "name", name === "" ? "value-missing" : "name-form");
  if (at.seenTwice(nameKey(name))) return at.fault(line, "name", "line-twice");
  const registrationNumber = line.cell("registration number") === "" ? null : line.cell("registration number");
  const unitId = at.unitOf(line.cell("unit"));
  if (unitId === undefined) return at.fault(line, "unit", "unit-unknown");
  const known = await vendorNamed(tx, name);
  if (known === undefined) {
    const made = await createVendorIn(at.deps, tx, at.keeper, { unitId, name, registrationNumber, parentId: null });
    return made.ok ? { line, id: made.value.id, what: "created" } : refuse(at, line, made);
  }
  if (known.name !== name || !covers(at.keeper.scope, known.unitId)) return at.fault(line, "name", "name-look-alike");
  if (known.state !== "active") return at.fault(line, "name", "vendor-retired");
  if (line.cell("unit") !== "" && known.unitId !== unitId) return at.fault(line, "unit", "value-not-changeable");
  if (registrationNumber === null || registrationNumber === known.registrationNumber)
    return { line, id: known.id, what: "unchanged" };
  const changed = await changeVendorIn(tx, at.keeper, known.id, { registrationNumber });
  return changed.ok ? { line, id: known.id, what: "changed" } : refuse(at, line, changed);
}

async function putUnder(at: Importing, tx: Stores, one: Entered): Promise<void> {
  const { line, id } = one;
  const name = line.cell("parent vendor");
  if (name === "") return;
  const parent = await vendorNamed(tx, name);
  if (parent?.name !== name || !covers(at.keeper.scope, parent.unitId)) {
    at.fault(line, "parent vendor", "vendor-unknown");
    return;
  }
  if ((await tx.vendors.get(id))?.parentId === parent.id) return;
  const moved = await changeVendorIn(tx, at.keeper, id, { parentId: parent.id });
  if (!moved.ok) refuse(at, line, moved);
  else if (one.what === "unchanged") one.what = "changed";
}

function refuse(
  at: Importing,
  line: Line,
  { code, field }: { readonly code: string; readonly field?: string },
): undefined {
  if (code === "vendor-cycle") return at.fault(line, "parent vendor", "vendor-cycle");
  if (code === "not-under-contract") return at.fault(line, "parent vendor", "value-not-changeable");
  if (code === "name-taken" && field === "registrationNumber")
    return at.fault(line, "registration number", "registration-number-taken");
  if (code === "name-taken") return at.fault(line, "name", "name-look-alike");
  const [column, fault] = FIELDS[field ?? "name"] ?? ["name", "name-form"];
  return at.fault(line, column, fault);
}
