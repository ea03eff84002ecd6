import { monitorEventLoopDelay } from "node:perf_hooks";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCsv, type CsvFile } from "./read-csv.js";
import { writeCsv } from "./write-csv.js";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function read(bytes: Uint8Array): Promise<CsvFile> {
  const reading = await readCsv(bytes);
  if (!reading.ok) throw new Error(`${reading.fault.code} ${String(reading.fault.line)}`);
  return reading.file;
}

async function written(rows: readonly (readonly string[])[]): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeCsv(rows)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe("reading", () => {
  test("counts lines as an editor does, over blank lines, quoted line breaks and all three line ends", async () => {
    const file = await read(encode('a,b\r\n\r\n1,"x\r\ny"\n\n2,z\r3\n4,"q""r"'));
    expect(file.header).toEqual({ line: 1, values: ["a", "b"] });
    expect(file.rows).toEqual([
      { line: 3, values: ["1", "x\r\ny"] },
      { line: 6, values: ["2", "z"] },
      { line: 7, values: ["3"] },
      { line: 8, values: ["4", 'q"r'] },
    ]);
  });

  test("takes UTF-8 with and without a BOM", async () => {
    for (const text of ["\ufeff名称\n某公司", "名称\n某公司"]) {
      const file = await read(encode(text));
      expect([file.encoding, file.header.values, file.rows[0]?.values]).toEqual(["utf-8", ["名称"], ["某公司"]]);
    }
  });

  test("takes GB18030 as a Chinese spreadsheet saves it", async () => {
    const file = await read(Buffer.from("c3fbb3c60ac4b3b9abcbbe", "hex"));
    expect([file.encoding, file.header.values, file.rows[0]?.values]).toEqual(["gb18030", ["名称"], ["某公司"]]);
  });

  test.each([
    ["neither encoding", Buffer.from("610aff80ff", "hex"), "csv-encoding", 1],
    ["a wrong byte behind a BOM, which GB18030 would take", Buffer.from("efbbbf610ac3fb", "hex"), "csv-encoding", 1],
    ["NUL characters, as in UTF-16", Buffer.from("a,b\n", "utf16le"), "csv-encoding", 1],
    ["nothing", new Uint8Array(), "csv-empty", 1],
    ["only blank lines", encode("\n\r\n , \n"), "csv-empty", 1],
    ["a quote that never closes", encode('a,b\n1,2\n"x,3\n4,5\n'), "csv-form", 3],
    ["a quote in the middle", encode('a,b\nx"y,2\n'), "csv-form", 2],
    ["one endless value", encode(`a\n${"x".repeat(70_000)}\n`), "csv-form", 2],
    ["columns without end", encode(`a\n${",".repeat(100)}\n`), "csv-columns", 2],
  ])("refuses %s", async (_, bytes, code, line) => {
    expect(await readCsv(bytes)).toEqual({ ok: false, fault: { code, line } });
  });

  test("takes four bytes of GB18030 that lie over the edge of two slices", async () => {
    const four = Buffer.from("8139ee39", "hex");
    const lead = Buffer.concat([Buffer.from("c3fb0a", "hex"), Buffer.from("x\n".repeat(1000))]);
    const filler = Buffer.from(`${",".repeat(10)}${"y".repeat(1000)}\n`.repeat(300)).subarray(
      0,
      262_144 - lead.length - 3,
    );
    const file = await read(Buffer.concat([lead, filler, Buffer.from("\n"), four, Buffer.from("\n")]));
    expect([file.encoding, file.rows.at(-1)?.values]).toEqual(["gb18030", [new TextDecoder("gb18030").decode(four)]]);
  });

  test("refuses 16 MiB of one value, and of quotes, holding nobody up", async () => {
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    for (const character of ["x", '"', "字"]) {
      const bytes = Buffer.alloc(16 * 1024 * 1024, character).subarray(0, 16 * 1024 * 1024 - 1);
      expect((await readCsv(bytes)).ok, character).toBe(false);
    }
    delay.disable();
    expect(delay.max / 1e6).toBeLessThan(500);
  });

  test("refuses 16 MiB and a byte", async () => {
    const reading = await readCsv(new Uint8Array(16 * 1024 * 1024 + 1));
    expect(reading).toEqual({ ok: false, fault: { code: "csv-too-large", line: 1 } });
  });

  test("takes 5,000 lines and refuses 100,000 at the first too many, holding nobody up", async () => {
    expect((await read(encode("a,b\n".repeat(5_000)))).rows).toHaveLength(4_999);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const reading = await readCsv(encode(`a,b\n${"one value,another value of some length\n".repeat(100_000)}`));
    delay.disable();
    expect(reading).toEqual({ ok: false, fault: { code: "csv-too-many-lines", line: 5_001 } });
    expect(delay.max / 1e6).toBeLessThan(500);
  });

  test("answers any bytes with a file or a fault", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const reading = await readCsv(bytes);
        expect(reading.ok ? reading.file.header.values.length : reading.fault.line).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe("writing", () => {
  const value = fc.oneof(
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed() && !text.includes("\0")),
    fc.constantFrom("=1+1", "'=x", "''@y", "-2", "+3", "\tq", "\rq", "＝A1", "'", '"', 'a"b', ",", "a\r\nb", "名称"),
    fc
      .array(fc.constantFrom("a", "'", ";", " ", "=", "+", "\t", "\n", "；", "－"), { maxLength: 9 })
      .map((all) => all.join("")),
  );

  test("every value comes back as it was", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(value, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        async (rows) => {
          const file = await read(await written([["first", "second"], ...rows]));
          const full = rows.filter((row) => row.some((text) => text.trim() !== ""));
          expect(file.rows.map((row) => row.values)).toEqual(full);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("opens with a BOM, and nothing in it runs in a spreadsheet", async () => {
    const bytes = Buffer.from(await written([["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", "\rx", "＝1", "plain"]]));
    expect(bytes.subarray(0, 3).toString("hex")).toBe("efbbbf");
    expect(bytes.toString("utf8")).toBe(
      '\ufeff"\'=cmd|\' /C calc\'!A0","\'+1","\'-1","\'@x","\'\tx","\'\rx","\'＝1","plain"\r\n',
    );
  });

  test("nothing runs behind a semicolon or a line's end either, where a spreadsheet of another setting begins a cell", async () => {
    const bytes = Buffer.from(await written([["Ltd;=1+1;x", "a; +1", "b\n-1", "c；@x", "d;'=1", "e; f"]]));
    expect(bytes.toString("utf8").slice(1)).toBe(`"Ltd;'=1+1;x","a; '+1","b\n'-1","c；'@x","d;''=1","e; f"\r\n`);
  });
});
