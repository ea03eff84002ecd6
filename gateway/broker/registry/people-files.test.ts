import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { must, type House } from "../../../test/support/access-house.js";
import { buildSisterUnits, type SisterUnits } from "../../../test/support/sister-units.js";
import type { Actor, Person } from "../../domain/index.js";
import type { ImportKind, ImportReport } from "../broker.js";
import { importCsv } from "./import-csv.js";

const DAY_MS = 86_400_000;
let units: SisterUnits;
let house: House;
let sec: Actor;
let from: string;
let to: string;

beforeEach(async () => {
  units = await buildSisterUnits();
  ({ house } = units);
  sec = house.people.sec1;
  const { calendar, clock } = house.deps;
  from = calendar.dateOf(clock.now());
  to = calendar.dateOf(clock.now() + 100 * DAY_MS);
});
afterEach(() => {
  house.close();
});

async function load(kind: ImportKind, text: string | Uint8Array, more: { dryRun?: boolean; actor?: Actor } = {}) {
  const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
  const { dryRun = false, actor = sec } = more;
  return must(await house.broker.registry.importCsv(actor, { kind, bytes, dryRun }));
}

async function unload(kind: ImportKind, actor: Actor = sec): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of must(await house.broker.registry.exportCsv(actor, kind)).bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

async function loadVendorAndContract(): Promise<void> {
  await load("vendors", "name,parent vendor,unit\n乙公司,甲公司,局甲\n甲公司,,局甲\n");
  await load(
    "contracts",
    `合同编号,合同名称,供应商,单位,开始日期,结束日期,负责人,资产,账号,操作\n` +
      `HT-2027-1,运维服务,甲公司,局甲,${from},${to},bob,web-01,root@web-01,ssh.shell；ssh.exec\n`,
  );
}

const people = async (where: object = {}): Promise<readonly Person[]> =>
  house.deps.database.read.people.find(where, { limit: 1000, orderBy: "id" });
const faultsOf = (report: ImportReport): readonly (readonly unknown[])[] =>
  report.faults.map(({ line, column, code }) => [line, column, code]);

describe("a file that is too much", () => {
  test("is refused by its lines before any is tried: contracts and vendors cost more than people", async () => {
    const rows = Array.from({ length: 501 }, (_, at) => `厂${String(at)}`);
    for (const kind of ["vendors", "contracts"] as const) {
      const report = await load(kind, `name\n${rows.join("\n")}\n`);
      expect(faultsOf(report)).toEqual([[502, null, "csv-too-many-lines"]]);
    }
    expect(await house.deps.database.read.vendors.count({})).toBe(0);
  });

  test("is told its faults in no time where cells are heaps of marks", async () => {
    const heap = `a${"\u0316\u0301".repeat(15_000)}`;
    const began = performance.now();
    const header = "number,title,vendor,from,to,owner,assets,actions\n";
    for (const cells of [`${heap},t,v,f,t,o,a,a`, `n,t,${heap},${from},${to},bob,web-01,ssh.shell`])
      expect((await load("contracts", `${header}${`${cells}\n`.repeat(20)}`)).faultsInAll).toBe(20);
    expect((await load("people", `login,name,unit\n${`p,n,${heap}\n`}`)).faultsInAll).toBe(1);
    expect((await load("people", `login,name,${heap}\np,n,x\n`)).faults).toMatchObject([{ code: "column-unknown" }]);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test("looks each asset up once, however often it is named, and takes no more of them than a contract may have", async () => {
    await load("vendors", "name,unit\n甲公司,局甲\n");
    const { database } = house.deps;
    let asked = 0;
    const write: typeof database.write = (work) =>
      database.write((tx) => {
        const find: typeof tx.assets.find = (where, options) => {
          asked += "name" in where ? 1 : 0;
          return tx.assets.find(where, options);
        };
        return work({ ...tx, assets: { ...tx.assets, find, get: (id) => tx.assets.get(id) } });
      });
    const deps = { ...house.deps, database: { ...database, read: database.read, write } };
    const lines = Array.from({ length: 40 }, (_, at) => {
      const days = `${from},${to}`;
      return `HT ${String(at)},运维,甲公司,局甲,${days},bob,${"web-01;".repeat(5_000)},${"root@web-01;".repeat(500)},ssh.shell`;
    });
    const head = "number,title,vendor,unit,from,to,owner,assets,accounts,actions\n";
    const bytes = Buffer.from(head + lines.join("\n"));
    const report = must(await importCsv(deps, sec, { kind: "contracts", bytes, dryRun: false }));
    expect([report.created, report.faults]).toEqual([40, []]);
    expect(asked).toBe(1);
    const names = Array.from({ length: 501 }, (_, at) => `a-${String(at)}`).join(";");
    const many = `${head}HT x,运维,甲公司,局甲,${from},${to},bob,${names},,ssh.shell\n`;
    expect(faultsOf(await load("contracts", many))).toEqual([[2, "assets", "values-too-many"]]);
  });

  test("asks few things of the database for many people, who may name one another as sponsors", async () => {
    await loadVendorAndContract();
    const lines = Array.from({ length: 600 }, (_, at) => {
      const name = `人${String(at)}`;
      if (at === 0) return `p0,${name},,,,局甲,X0000000`;
      return `p${String(at)},${name},甲公司,HT-2027-1,p0,,X${String(1_000_000 + at)}`;
    });
    const head = "login,name,vendor,contract,sponsor,unit,identity number\n";
    let statements = 0;
    const counted = <T extends object>(stores: T): T =>
      new Proxy(stores, {
        get: (all, name) => {
          const store = Reflect.get(all, name) as object;
          return new Proxy(store, {
            get: (one, method) => {
              const member = Reflect.get(one, method) as unknown;
              if (typeof member !== "function") return member;
              return (...given: unknown[]): unknown => {
                statements += 1;
                return Reflect.apply(member, one, given) as unknown;
              };
            },
          });
        },
      });
    const { database } = house.deps;
    const write: typeof database.write = (work) => database.write((tx) => work(counted(Object.assign({}, tx))));
    const deps = { ...house.deps, database: { ...database, read: database.read, write } };
    const bytes = Buffer.from(head + lines.join("\n"));
    const report = must(await importCsv(deps, sec, { kind: "people", bytes, dryRun: false }));
    expect([report.created, report.faults]).toEqual([600, []]);
    expect(statements).toBeLessThan(200);
    const [first] = await people({ login: "p0" });
    expect(await database.read.people.count({ sponsorId: first?.id ?? null })).toBe(599);
    const twice = `${head}q1,甲乙,甲公司,HT-2027-1,p0,,Y9999999\nq2,丙丁,甲公司,HT-2027-1,p0,,Y9999999\nq3,戊己,甲公司,HT-2027-1,p0,,X1000001\n`;
    expect(faultsOf(await load("people", twice))).toEqual([
      [3, "identity number", "identity-number-taken"],
      [4, "identity number", "identity-number-taken"],
    ]);
    const events = await database.read.audit.find({ objectId: first?.id ?? "", verb: "person.created" });
    expect(events).toMatchObject([{ unitId: units.here }]);
  });
});

describe("importing", () => {
  test("vendors, their contracts and people come in, whatever the order of lines and the language of columns", async () => {
    await loadVendorAndContract();
    const [top] = await house.deps.database.read.vendors.find({ name: "甲公司" });
    const [under] = await house.deps.database.read.vendors.find({ name: "乙公司" });
    expect([top?.unitId, under?.parentId]).toEqual([units.here, top?.id]);
    const report = await load(
      "people",
      "登录名,姓名,供应商,合同编号,责任人,证件号码,角色,邮箱\nzhang.san,张三,乙公司,HT-2027-1,bob,１１０１０119900101123x,operator,z@example.com\n",
    );
    expect([report.created, report.faultsInAll, report.enrolments.map((one) => one.login)]).toEqual([
      1,
      0,
      ["zhang.san"],
    ]);
    const [person] = await people({ login: "zhang.san" });
    expect(person).toMatchObject({
      unitId: units.here,
      vendorId: under?.id,
      sponsorId: house.people.bob.personId,
      identityTail: "123X",
      state: "active",
    });
    expect(person?.identitySealed).not.toContain("1101");
    const roles = await house.deps.database.read.roles.find(person === undefined ? {} : { personId: person.id });
    expect(roles.map((row) => [row.role, row.unitId])).toEqual([["operator", units.here]]);
    const token = report.enrolments[0]?.token ?? "";
    expect(person?.enrolmentHash).toBe(createHash("sha256").update(token).digest("hex"));
  });

  test("a trial tells every fault by line and column, and writes nothing", async () => {
    await loadVendorAndContract();
    const before = [await people(), await house.audit()].map((rows) => rows.length);
    const text = [
      "login,name,vendor,contract,sponsor,identity number,roles,power",
      "good.one,李四,乙公司,HT-2027-1,bob,110101199001011234,,",
      "Bad Login,王五,乙公司,HT-2027-1,bob,110101199001011235,,",
      "no.vendor,王五,丙公司,HT-2027-1,bob,110101199001011236,,",
      "no.contract,王五,乙公司,HT-2027-9,bob,110101199001011237,,",
      "no.sponsor,王五,乙公司,HT-2027-1,nobody,110101199001011238,,",
      "no.number,王五,乙公司,HT-2027-1,bob,,,",
      "bad.number,王五,乙公司,HT-2027-1,bob,12-3,,",
      "same.number,赵六,乙公司,HT-2027-1,bob,110101199001011234,,",
      "same.name,李 四,乙公司,HT-2027-1,bob,110101199001011239,,",
      "good.one,孙七,乙公司,HT-2027-1,bob,110101199001011240,,",
      "approver,周八,乙公司,HT-2027-1,bob,110101199001011241,approver,",
      "confirmer,吴九,乙公司,HT-2027-1,bob,110101199001011242,operator；confirmer,",
      "admin,郑十,乙公司,HT-2027-1,bob,110101199001011243,,security",
      "other,钱一,乙公司,HT-2027-1,bob,110101199001011244,wizard,",
      "mixed,Аcme,乙公司,HT-2027-1,bob,110101199001011245,,",
    ].join("\r\n");
    const report = await load("people", text, { dryRun: true });
    expect(faultsOf(report)).toEqual([
      [3, "login", "login-form"],
      [4, "vendor", "vendor-unknown"],
      [5, "contract", "contract-unknown"],
      [6, "sponsor", "sponsor-unknown"],
      [7, "identity number", "value-missing"],
      [8, "identity number", "identity-number-form"],
      [9, "identity number", "identity-number-taken"],
      [10, "name", "name-look-alike"],
      [11, "login", "line-twice"],
      [12, "roles", "power-not-importable"],
      [13, "roles", "power-not-importable"],
      [14, "power", "power-not-importable"],
      [15, "roles", "role-unknown"],
      [16, "name", "name-form"],
    ]);
    expect(report.enrolments).toEqual([]);
    expect([await people(), await house.audit()].map((rows) => rows.length)).toEqual([before[0], (before[1] ?? 0) + 1]);
    expect((await house.audit("people.imported")).at(-1)?.leaf).toContain('"decidedBy":"import-refused"');
  });

  test("one fault keeps every line out, and is an event", async () => {
    await loadVendorAndContract();
    const before = (await people()).length;
    const report = await load("people", "login,name\nfirst,第一人\nSecond!,第二人\n");
    expect([report.faultsInAll, report.enrolments]).toEqual([1, []]);
    expect((await people()).length).toBe(before);
  });

  test("a power, approver or confirmer never comes by a file, nor does a change of oneself", async () => {
    const report = await load(
      "people",
      `login,name,roles,power\nmallory,mallory renamed,approver,\nalice,alice renamed,,audit\nsec1,Somebody Else,,security\n`,
    );
    expect(faultsOf(report)).toEqual([
      [2, "roles", "power-not-importable"],
      [3, "power", "power-not-importable"],
      [4, "login", "value-not-changeable"],
    ]);
  });

  test("cyclic sub-contracting, look-alikes and dates that end before they begin are told", async () => {
    const vendors = await load("vendors", "name,parent vendor\n甲公司,乙公司\n乙公司,甲公司\nAcme,\nАсmе,\n");
    expect(faultsOf(vendors)).toEqual([
      [5, "name", "name-form"],
      [3, "parent vendor", "vendor-cycle"],
    ]);
    await loadVendorAndContract();
    const line = (number: string, first: string, last: string): string =>
      `${number},运维,甲公司,局甲,${first},${last},bob,web-01,ssh.shell`;
    const contracts = await load(
      "contracts",
      ["number,title,vendor,unit,from,to,owner,assets,actions"]
        .concat(line("HT-A", to, from), line("HT-B", "2027-02-30", to), line("ht-2O27-l", from, to))
        .concat(line("HT-C", from, "2027-02-29"), line("HT-D", "2026-01-01", "2026-12-31"))
        .join("\n"),
    );
    expect(faultsOf(contracts)).toEqual([
      [2, "to", "dates-reversed"],
      [3, "from", "date-form"],
      [4, "number", "name-look-alike"],
      [5, "to", "date-form"],
      [6, "to", "contract-over"],
    ]);
  });

  test("unknown, doubled and missing columns are told before any line", async () => {
    const report = await load("people", "login,login,shoe size\nx,y,43\n");
    expect(faultsOf(report)).toEqual([
      [1, "login", "column-twice"],
      [1, "shoe size", "column-unknown"],
      [1, "name", "column-missing"],
    ]);
  });

  test("GB18030 is read; neither encoding, and 100,000 rows, are one clear fault", async () => {
    const gb = Buffer.concat([Buffer.from("login,name\nwang.wu,"), Buffer.from("cdf5cee5", "hex")]);
    expect(await load("people", gb)).toMatchObject({ created: 1, encoding: "gb18030" });
    expect((await people({ login: "wang.wu" }))[0]?.displayName).toBe("王五");
    expect(faultsOf(await load("people", Buffer.from("610aff80ff", "hex")))).toEqual([[1, null, "csv-encoding"]]);
    const many = await load("people", `login,name\n${"a,b\n".repeat(100_000)}`);
    expect([many.lines, faultsOf(many)]).toEqual([0, [[5_001, null, "csv-too-many-lines"]]]);
  });

  test("two thousand people come in at once, and the same file again changes nothing", async () => {
    const lines = Array.from({ length: 2000 }, (_, n) => `user-${String(n)},用户 ${String(n)}`);
    const text = ["login,name", ...lines].join("\n");
    expect(await load("people", text)).toMatchObject({ created: 2000, faultsInAll: 0 });
    expect(await load("people", text)).toMatchObject({ created: 0, changed: 0, unchanged: 2000 });
  }, 60_000);
});

describe("who may", () => {
  test("only a security administrator imports; an auditor exports; both after a second factor", async () => {
    const { registry } = house.broker;
    const bytes = Buffer.from("login,name\n");
    for (const actor of [house.people.sys1, house.people.aud1, house.people.bob, house.people.alice])
      expect(await registry.importCsv(actor, { kind: "people", bytes, dryRun: true })).toMatchObject({
        code: "forbidden",
      });
    expect(await registry.exportCsv(house.people.bob, "people")).toMatchObject({ code: "forbidden" });
    // Whoever is not shown the list of people takes none of them out either.
    expect(await registry.exportCsv(house.people.sys1, "people")).toMatchObject({ code: "forbidden" });
    expect((await registry.exportCsv(house.people.sys1, "contracts")).ok).toBe(true);
    await house.deps.database.write((tx) =>
      tx.webSessions.update(sec.webSessionId as never, { steppedUpAt: house.clock.now() - DAY_MS }),
    );
    const stale = { ok: false, code: "step-up-needed" };
    expect(await registry.importCsv(sec, { kind: "people", bytes, dryRun: true })).toEqual(stale);
    expect(await registry.exportCsv(sec, "people")).toEqual(stale);
  });
});

describe("exporting", () => {
  test("gives the columns that the import reads, and never an identity number", async () => {
    await loadVendorAndContract();
    await load(
      "people",
      "login,name,vendor,contract,sponsor,identity number,roles\nzhang.san,张三,乙公司,HT-2027-1,bob,110101199001011234,operator\n",
    );
    const text = await unload("people");
    expect(text).toContain('"zhang.san","张三"');
    expect(text).toContain('"1234"');
    expect(text).not.toContain("110101199001011234");
    for (const kind of ["vendors", "contracts", "people"] as const) {
      const again = await load(kind, await unload(kind));
      expect([kind, again.created, again.changed, again.faults]).toEqual([kind, 0, 0, []]);
    }
  });

  test("of a contract whose account was retired since comes in again; a new contract takes no such account", async () => {
    await loadVendorAndContract();
    await house.deps.database.write((tx) => tx.accounts.update(house.accountId, { state: "retired" }));
    const text = await unload("contracts");
    expect(await load("contracts", text)).toMatchObject({ unchanged: 1, faults: [] });
    const another = await load("contracts", text.replace("HT-2027-1", "HT-2027-2"));
    expect(faultsOf(another)).toEqual([[2, "accounts", "account-unknown"]]);
  });

  test("is an event with the digest of exactly what went out", async () => {
    const text = await unload("people", house.people.aud1);
    const [event] = await house.audit("people.exported");
    expect(event?.leaf).toContain(createHash("sha256").update(text, "utf8").digest("hex"));
  });

  test("a name that a spreadsheet would run is disarmed, and comes back as it was", async () => {
    await load("people", 'login,name\nformula,"=1+1"\n');
    expect(await unload("people")).toContain(`"formula","'=1+1"`);
    expect(await load("people", await unload("people"))).toMatchObject({ changed: 0, faultsInAll: 0 });
  });
});
