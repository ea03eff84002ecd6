/**
 * Lines of people. A file makes operators at most: a power, approver or confirmer in it is refused unless the person holds it
 * already. Someone who is here is changed in name and bonds; what is left empty stays.
 */
import {
  asId,
  isPersonLogin,
  type Contract,
  type ErrorCode,
  type Person,
  type PersonId,
  type Role,
  type RoleHolding,
  type Stores,
  type Vendor,
} from "../../domain/index.js";
import { BATCH, batches } from "../batches.js";
import type { ImportFaultCode } from "../broker.js";
import { insertPerson } from "../create-person.js";
import { covers } from "../scope.js";
import { newToken } from "../secrets-shown-once.js";
import { endAfterChange } from "./after-change.js";
import type { Line } from "./import-columns.js";
import { batchOf, type ImportBatch } from "./import-batch.js";
import type { Importing, Outcomes } from "./import-csv.js";
import { identityKey, normalIdentity } from "./identity-number.js";
import { contractNumbered, listed, personCalled, roleElsewhere, unitPath, vendorNamed } from "./import-lookup.js";
import { PeopleNames } from "./people-names.js";
import { checkPersonBonds, type BondsAsked, type BondStores, type PersonBonds } from "./person-bonds.js";
import { remembered } from "./remembered.js";
import { unitsById } from "./unit-tree.js";
import { vendorIdsUp } from "./vendor-chain.js";

/** Lines between which others get their turn, and after which what is held is written. */
const LINES_A_TURN = 50;

export async function importPeople(at: Importing, tx: Stores, lines: readonly Line[]): Promise<Outcomes> {
  const outcomes = { created: 0, changed: 0, unchanged: 0 };
  const shared: Shared = {
    names: new PeopleNames(),
    batch: batchOf(tx),
    bonds: remembered(tx),
    people: await peopleCalled(tx, lines),
    owners: await ownersOf(at, tx, lines),
  };
  for (const [index, line] of lines.entries()) {
    if (index % LINES_A_TURN === 0) {
      await shared.batch.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const what = await importOne(at, tx, line, shared);
    if (what !== undefined) outcomes[what] += 1;
  }
  await shared.batch.flush();
  return outcomes;
}

/** What the lines share, read once. */
interface Shared {
  readonly names: PeopleNames;
  readonly batch: ImportBatch;
  readonly bonds: BondStores;
  /** By login, as they were before the file. */
  readonly people: ReadonlyMap<string, Person>;
  /** Who has which identity number; new ones are added. */
  readonly owners: Map<string, PersonId>;
}

async function peopleCalled(tx: Stores, lines: readonly Line[]): Promise<ReadonlyMap<string, Person>> {
  const logins = lines.map((line) => line.cell("login")).filter(isPersonLogin);
  return new Map((await peopleWith(tx, "login", logins)).map((person) => [person.login, person]));
}

async function ownersOf(at: Importing, tx: Stores, lines: readonly Line[]): Promise<Map<string, PersonId>> {
  const keys = lines.flatMap((line) => {
    const number = normalIdentity(line.cell("identity number"));
    return number === undefined ? [] : [identityKey(at.deps.vault, number)];
  });
  const owners = await peopleWith(tx, "identityKey", keys);
  return new Map(owners.flatMap(({ id, identityKey: key }) => (key === null ? [] : [[key, id]])));
}

async function peopleWith(
  tx: Stores,
  column: "login" | "identityKey",
  values: readonly string[],
): Promise<readonly Person[]> {
  const people: Person[] = [];
  for (const batch of batches(values))
    people.push(...(await tx.people.find({ [column]: { in: batch } }, { limit: BATCH })));
  return people;
}

interface Found {
  readonly before: Person | null;
  readonly vendor: Vendor | null;
  readonly contract: Contract | null;
  readonly asked: BondsAsked;
}

async function importOne(at: Importing, tx: Stores, line: Line, shared: Shared): Promise<keyof Outcomes | undefined> {
  const login = line.cell("login");
  if (!isPersonLogin(login)) return at.fault(line, "login", login === "" ? "value-missing" : "login-form");
  if (at.seenTwice(login)) return at.fault(line, "login", "line-twice");
  const before = shared.people.get(login) ?? null;
  if (before !== null && (before.state === "retired" || !covers(at.keeper.scope, before.unitId)))
    return at.fault(line, "login", "login-taken");
  const roles = await rolesOf(at, tx, line, before);
  const found = roles === undefined ? undefined : await find(at, tx, line, before, shared);
  if (roles === undefined || found === undefined) return undefined;
  const bonds = await checkPersonBonds(at.deps, shared.bonds, at.keeper.scope, found.asked);
  if (!bonds.ok) return refuse(at, tx, line, found, bonds);
  const { personId, displayName } = found.asked;
  const named = { id: personId, displayName, unitId: bonds.value.unitId, vendorId: bonds.value.vendorId };
  const what =
    before === null
      ? await create(at, shared.batch.stores, line, found.asked, bonds.value, roles)
      : await change(at, tx, line, before, displayName, bonds.value);
  if (what === undefined) return undefined;
  await shared.names.add(tx, named);
  if (bonds.value.identityKey !== null) shared.owners.set(bonds.value.identityKey, personId);
  return what;
}

/** The roles to give to a new person; undefined, with a fault, for what no file gives. */
async function rolesOf(
  at: Importing,
  tx: Stores,
  line: Line,
  before: Person | null,
): Promise<readonly Role[] | undefined> {
  const power = line.cell("power");
  const held = before === null ? undefined : await tx.powers.get(before.id);
  if (power !== "" && power !== held?.power) return at.fault(line, "power", "power-not-importable");
  const rows = before === null ? [] : await tx.roles.find({ personId: before.id }, { limit: 1000 });
  const has = new Set<string>(rows.filter((row) => row.unitId === before?.unitId).map((row) => row.role));
  const seen = rows.filter((row) => covers(at.keeper.scope, row.unitId));
  if (await namesMoreElsewhere(tx, line, before, seen))
    return at.fault(line, "roles elsewhere", "power-not-importable", line.cell("roles elsewhere"));
  const roles = listed(line.cell("roles"));
  for (const role of roles) {
    if (has.has(role)) continue;
    if (role === "approver" || role === "confirmer") return at.fault(line, "roles", "power-not-importable", role);
    if (role !== "operator") return at.fault(line, "roles", "role-unknown", role);
    if (before !== null) return at.fault(line, "roles", "value-not-changeable", role);
  }
  return roles.length === 0 ? [] : ["operator"];
}

/** Whether the line names a role for another unit that is not among these of the person: a file gives none, and tells none. */
async function namesMoreElsewhere(
  tx: Stores,
  line: Line,
  before: Person | null,
  rows: readonly RoleHolding[],
): Promise<boolean> {
  const named = listed(line.cell("roles elsewhere"));
  if (named.length === 0) return false;
  const elsewhere = rows.filter((row) => row.unitId !== before?.unitId);
  if (elsewhere.length === 0) return true;
  const units = await unitsById(tx);
  const has = new Set(elsewhere.map((row) => roleElsewhere(row.role, unitPath(units, row.unitId))));
  return !named.every((one) => has.has(one));
}

async function find(
  at: Importing,
  tx: Stores,
  line: Line,
  before: Person | null,
  { names, owners, batch, bonds }: Shared,
): Promise<Found | undefined> {
  const unitCell = line.cell("unit");
  const unitId = at.unitOf(unitCell);
  if (unitId === undefined) return at.fault(line, "unit", "unit-unknown");
  const vendor = line.cell("vendor") === "" ? null : ((await vendorNamed(bonds, line.cell("vendor"))) ?? null);
  if (line.cell("vendor") !== "" && vendor?.name !== line.cell("vendor"))
    return at.fault(line, "vendor", "vendor-unknown");
  if (before !== null && vendor !== null && vendor.id !== before.vendorId)
    return at.fault(line, "vendor", "value-not-changeable");
  const number = line.cell("contract");
  const contract = number === "" ? null : ((await contractNumbered(bonds, number)) ?? null);
  if (number !== "" && contract?.number !== number) return at.fault(line, "contract", "contract-unknown");
  if (vendor === null && before === null && contract !== null) return at.fault(line, "vendor", "vendor-needed");
  if (batch.knows(line.cell("sponsor"))) await batch.flush();
  const sponsor = line.cell("sponsor") === "" ? null : ((await personCalled(bonds, line.cell("sponsor"))) ?? null);
  if (line.cell("sponsor") !== "" && sponsor === null) return at.fault(line, "sponsor", "sponsor-unknown");
  const ofVendor = (before === null ? (vendor?.id ?? null) : before.vendorId) !== null;
  if (before !== null && !ofVendor && unitCell !== "" && unitId !== before.unitId)
    return at.fault(line, "unit", "value-not-changeable");
  const identityNumber = line.cell("identity number");
  const email = line.cell("email");
  const asked: BondsAsked = {
    personId: before?.id ?? asId<PersonId>(at.deps.ids.next()),
    before,
    names,
    owners,
    displayName: line.cell("name"),
    ...(before === null ? { vendorId: vendor?.id ?? null } : {}),
    ...(ofVendor ? (unitCell === "" ? {} : { unitId }) : { unitId: before?.unitId ?? unitId }),
    ...(contract === null ? {} : { contractId: contract.id }),
    ...(sponsor === null ? {} : { sponsorId: sponsor.id }),
    ...(identityNumber === "" ? {} : { identityNumber }),
    ...(email === "" ? {} : { email }),
  };
  return { before, vendor, contract, asked };
}

async function create(
  at: Importing,
  tx: Stores,
  line: Line,
  asked: BondsAsked,
  bonds: PersonBonds,
  roles: readonly Role[],
): Promise<"created" | undefined> {
  const language = line.cell("language");
  if (!["", "en", "zh-CN"].includes(language)) return at.fault(line, "language", "language-unknown");
  const { token, hash } = newToken();
  const login = line.cell("login");
  await insertPerson(at.deps, tx, {
    id: asked.personId,
    unitId: bonds.unitId,
    login,
    displayName: asked.displayName,
    locale: language === "en" ? "en" : language === "zh-CN" ? "zh-CN" : at.keeper.person.locale,
    power: null,
    roles,
    enrolmentHash: hash,
    by: { personId: at.keeper.person.personId, sourceAddress: at.keeper.person.sourceAddress, decidedBy: "import" },
    bonds,
  });
  at.enrolments.push({ login, token });
  return "created";
}

const BOND_KEYS = ["unitId", "contractId", "sponsorId", "identityKey", "email"] as const;

async function change(
  at: Importing,
  tx: Stores,
  line: Line,
  before: Person,
  displayName: string,
  bonds: PersonBonds,
): Promise<"changed" | "unchanged" | undefined> {
  const differ = BOND_KEYS.filter((key) => bonds[key] !== before[key]);
  if (differ.length === 0 && displayName === before.displayName) return "unchanged";
  // Nobody changes himself, and rights are held for a unit: whoever moves holds none there.
  if (before.id === at.keeper.person.personId) return at.fault(line, "login", "value-not-changeable");
  const held = (await tx.roles.count({ personId: before.id })) > 0 || (await tx.powers.get(before.id)) !== undefined;
  if (bonds.unitId !== before.unitId && held) return at.fault(line, "contract", "value-not-changeable");
  const expected = { state: before.state, credentialEpoch: before.credentialEpoch };
  if (!(await tx.people.update(before.id, { ...bonds, displayName }, expected)))
    return at.fault(line, "login", "value-not-changeable");
  await tx.audit.append({
    verb: "person.changed",
    actorId: at.keeper.person.personId,
    object: { kind: "person", id: before.id },
    sourceAddress: at.keeper.person.sourceAddress,
    decidedBy: "import",
    detail: { displayName, changed: differ },
  });
  const by = at.keeper.person;
  at.ended.push(...(await endAfterChange(at.deps, tx, by, before, { ...before, ...bonds })));
  return "changed";
}

const FIELDS: Readonly<Record<string, readonly [string, ImportFaultCode]>> = {
  displayName: ["name", "name-form"],
  unitId: ["unit", "unit-unknown"],
  vendorId: ["vendor", "vendor-unknown"],
  contractId: ["contract", "contract-unknown"],
  sponsorId: ["sponsor", "sponsor-unknown"],
  identityNumber: ["identity number", "identity-number-form"],
  email: ["email", "email-form"],
};

async function refuse(
  at: Importing,
  tx: Stores,
  line: Line,
  { vendor, contract }: Found,
  { code, field = "displayName" }: { readonly code: ErrorCode; readonly field?: string },
): Promise<undefined> {
  const [column, fault] = FIELDS[field] ?? ["name", "name-form"];
  if (code === "name-taken") return at.fault(line, "name", "name-look-alike");
  if (code === "conflict") return at.fault(line, column, "identity-number-taken");
  if (code === "not-under-contract" && field === "vendorId") return at.fault(line, column, "vendor-retired");
  if (code === "not-under-contract" && field === "contractId" && contract !== null) {
    const chain = await vendorIdsUp(tx, vendor?.id ?? null);
    return at.fault(line, column, chain.includes(contract.vendorId) ? "contract-over" : "contract-of-another-vendor");
  }
  if (code === "invalid-input" && line.cell(column) === "") return at.fault(line, column, "value-missing");
  return at.fault(line, column, fault);
}
