import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runningHash } from "../../../../test/support/running-hash.js";
import type { TransferRecord } from "../../../domain/index.js";
import { ScpViolation, ScpWatch } from "./scp-watch.js";
import type { ScpWatchOptions } from "./scp-watch.js";

const sha = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Says lines of `source: …` and `sink: …` to a watch in the given direction, cut into pieces of `size` bytes. */
class Talk {
  readonly transfers: TransferRecord[] = [];
  readonly watch: ScpWatch;
  readonly #direction: "download" | "upload";
  readonly #size: number;

  constructor(options: Partial<ScpWatchOptions> = {}, size = Infinity) {
    this.#direction = options.direction ?? "upload";
    this.#size = size;
    this.watch = new ScpWatch({
      direction: this.#direction,
      path: "/srv/in/",
      intoDirectory: true,
      hash: runningHash,
      onTransfer: (record) => this.transfers.push(record),
      ...options,
    });
  }
  source(text: string): this {
    return this.#say(text, this.#direction === "upload");
  }
  sink(text: string): this {
    return this.#say(text, this.#direction === "download");
  }
  #say(text: string, operator: boolean): this {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += this.#size) {
      const part = bytes.subarray(at, at + this.#size);
      if (operator) this.watch.fromOperator(part);
      else this.watch.fromTarget(part);
    }
    return this;
  }
}

/** One directory with two files, with times, as `scp -rp` sends it. */
function tree(talk: Talk): Talk {
  return talk
    .sink("\0")
    .source("T1 0 2 0\n")
    .sink("\0")
    .source("D0755 0 dir\n")
    .sink("\0")
    .source("C0644 5 a.txt\n")
    .sink("\0")
    .source("hello\0")
    .sink("\0")
    .source("D0755 0 sub\n")
    .sink("\0")
    .source("C0600 0 empty\n")
    .sink("\0")
    .source("\0")
    .sink("\0")
    .source("E\n")
    .sink("\0")
    .source("E\n")
    .sink("\0");
}

describe("legacy scp", () => {
  it.each([Infinity, 1, 2, 3])("logs each file of a tree both ways, in pieces of %d bytes", (size) => {
    const up = tree(new Talk({}, size));
    const down = tree(new Talk({ direction: "download", path: "/var/dir" }, size));
    const files = (direction: string, root: string): unknown => [
      { direction, path: `${root}/dir/a.txt`, size: 5, sha256: sha("hello"), sequential: true },
      { direction, path: `${root}/dir/sub/empty`, size: 0, sha256: sha(""), sequential: true },
    ];
    expect(up.transfers).toEqual(files("upload", "/srv/in"));
    expect(down.transfers).toEqual(files("download", "/var"));
    up.watch.end();
    expect(up.transfers).toHaveLength(2);
  });

  it.each<[string, Partial<ScpWatchOptions>, string]>([
    ["upload to a name", { path: "/srv/a.txt", intoDirectory: false }, "/srv/a.txt"],
    ["upload to another name", { path: "/srv/b.txt", intoDirectory: false }, "/srv/b.txt (sent as a.txt)"],
    ["upload into a directory", { path: "/srv", intoDirectory: true }, "/srv/a.txt"],
    ["download", { direction: "download", path: "/var/a.txt" }, "/var/a.txt"],
    ["download by a pattern", { direction: "download", path: "/var/*.txt" }, "/var/a.txt"],
    ["download from the home", { direction: "download", path: "a.txt" }, "a.txt"],
    ["download from the root", { direction: "download", path: "/a.txt" }, "/a.txt"],
  ])("names the file of an %s", (_, options, path) => {
    const talk = new Talk(options).sink("\0").source("C0644 1 a.txt\n").sink("\0").source("x\0").sink("\0");
    expect(talk.transfers.map((transfer) => transfer.path)).toEqual([path]);
  });

  it("goes on after a file the sink refused, and after one the source could not open", () => {
    const talk = new Talk()
      .sink("\0")
      .source("C0644 5 a.txt\n")
      .sink("\x01scp: a.txt: Permission denied\n")
      .source("\x01scp: b.txt: No such file\n")
      .source("D0755 0 refused\n")
      .sink("\x01no\n")
      .source("C0644 2 c.txt\n")
      .sink("\0")
      .source("ok\0")
      .sink("\0");
    expect(talk.transfers.map(({ path, size }) => [path, size])).toEqual([["/srv/in/c.txt", 2]]);
  });

  it("marks a file whose source failed half way, and one cut off by the end", () => {
    const failed = new Talk().sink("\0").source("C0644 5 a\n").sink("\0").source("hel\0\0\x01read error\n").sink("\0");
    expect(failed.transfers).toMatchObject([{ size: 5, sequential: false }]);
    const cut = new Talk().sink("\0").source("C0644 5 a\n").sink("\0").source("hel");
    cut.watch.end();
    expect(cut.transfers).toEqual([
      { direction: "upload", path: "/srv/in/a", size: 3, sha256: sha("hel"), sequential: false },
    ]);
  });

  it("logs nothing for a file that was announced and never sent", () => {
    const talk = new Talk().sink("\0").source("C0644 5 a\n");
    talk.watch.end();
    expect(talk.transfers).toEqual([]);
  });

  it.each<[string, (talk: Talk) => unknown]>([
    ["content before the answer", (talk) => talk.sink("\0").source("C0644 5 a\nhello")],
    ["a record before the sink is ready", (talk) => talk.source("C0644 5 a\n")],
    ["a name with a slash", (talk) => talk.sink("\0").source("C0644 5 ../../etc/passwd\n")],
    ["the name ..", (talk) => talk.sink("\0").source("D0755 0 ..\n")],
    ["the name .", (talk) => talk.sink("\0").source("C0644 0 .\n")],
    ["no name", (talk) => talk.sink("\0").source("C0644 0 \n")],
    ["a name with a NUL", (talk) => talk.sink("\0").source("C0644 0 a\0b\n")],
    ["a negative size", (talk) => talk.sink("\0").source("C0644 -1 a\n")],
    ["a size beyond 2^53", (talk) => talk.sink("\0").source("C0644 9999999999999999 a\n")],
    ["no mode", (talk) => talk.sink("\0").source("C 5 a\n")],
    ["an unknown record", (talk) => talk.sink("\0").source("X0644 5 a\n")],
    ["an empty line", (talk) => talk.sink("\0").source("\n")],
    ["malformed times", (talk) => talk.sink("\0").source("T1 2\n")],
    ["the end of no directory", (talk) => talk.sink("\0").source("E\n")],
    ["more content than declared", (talk) => talk.sink("\0").source("C0644 1 a\n").sink("\0").source("xyz\n")],
    ["bytes after a fatal answer", (talk) => talk.sink("\0").source("C0644 1 a\n").sink("\x02disk full\n").source("x")],
    ["an answer of another kind", (talk) => talk.sink("hello\n")],
    ["a line of 8,193 bytes", (talk) => talk.sink("\0").source(`C0644 1 ${"a".repeat(8185)}`)],
    ["an answer of 8,193 bytes", (talk) => talk.sink("\x01".repeat(8193))],
    ["65 answers to nothing", (talk) => talk.sink("\0".repeat(65))],
    [
      "257 directories deep",
      (talk) => {
        talk.sink("\0");
        for (let depth = 0; depth < 257; depth++) talk.source("D0755 0 d\n").sink("\0");
      },
    ],
  ])("is a violation with %s", (_, act) => {
    const talk = new Talk();
    expect(() => act(talk)).toThrow(ScpViolation);
    expect(() => talk.source("x")).toThrow(ScpViolation);
    expect(() => talk.sink("\0")).toThrow(ScpViolation);
  });

  it("ends in nothing but ScpViolation for any bytes", () => {
    const chunk = fc.oneof(
      fc.constantFrom("\0", "E\n", "C0644 3 a\n", "D0755 0 d\n", "T1 0 1 0\n", "\x01x\n", "abc", "abc\0"),
      fc.string({ unit: "binary", maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), chunk), { maxLength: 30 }), (talkative) => {
        const talk = new Talk();
        try {
          for (const [source, text] of talkative)
            if (source) talk.source(text);
            else talk.sink(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ScpViolation);
        }
        talk.watch.end();
        for (const { path } of talk.transfers) expect(path.includes("/../")).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });
});
