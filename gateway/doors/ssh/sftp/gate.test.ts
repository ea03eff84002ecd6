import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runningHash } from "../../../../test/support/running-hash.js";
import { SftpTarget } from "../../../../test/support/sftp-target.js";
import type { TransferRecord } from "../../../domain/index.js";
import { SftpGate } from "./gate.js";
import type { SftpGateOptions } from "./options.js";
import {
  BODY_AT,
  FieldReader,
  Fx,
  Fxf,
  Fxp,
  PacketSplitter,
  SftpViolation,
  build,
  buildHello,
  buildStatus,
  decode,
  encode,
  idOf,
  stringField,
  typeOf,
  u32Field,
} from "./packets.js";
import { EXTENSIONS, REQUESTS } from "./table.js";

const BOTH = { read: true, write: true };
const text = (value: string): Uint8Array => stringField(encode(value));
const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const init = (version = 3): Uint8Array => buildHello(Fxp.init, version, []);
const open = (id: number, path: string, flags: number): Uint8Array =>
  build(Fxp.open, id, [text(path), u32Field(flags), u32Field(0)]);
const close = (id: number, handle: string): Uint8Array => build(Fxp.close, id, [text(handle)]);
const u64 = (value: number): Uint8Array => {
  const field = new Uint8Array(8);
  new DataView(field.buffer).setBigUint64(0, BigInt(value));
  return field;
};
const read = (id: number, handle: string, offset: number, length: number): Uint8Array =>
  build(Fxp.read, id, [text(handle), u64(offset), u32Field(length)]);
const write = (id: number, handle: string, offset: number, bytes: Uint8Array): Uint8Array =>
  build(Fxp.write, id, [text(handle), u64(offset), stringField(bytes)]);

/** A gate between a scripted operator and the small target; answers are read back as packets. */
class Bench {
  readonly target = new SftpTarget();
  readonly transfers: TransferRecord[] = [];
  readonly refusals: { what: string; path: string; because: string }[] = [];
  readonly gate: SftpGate;
  readonly #answers = new PacketSplitter("target", 1 << 20);

  constructor(options: Partial<SftpGateOptions> = {}) {
    this.gate = new SftpGate({
      rights: BOTH,
      hash: runningHash,
      onTransfer: (record) => this.transfers.push(record),
      onRefused: (refusal) => this.refusals.push(refusal),
      ...options,
    });
  }
  /** Sends and lets the target answer until all is quiet; `size` splits both streams. */
  send(bytes: Uint8Array, size = Infinity): Uint8Array[] {
    const answers: Uint8Array[] = [];
    for (const part of pieces(bytes, size)) {
      const out = this.gate.fromOperator(part);
      answers.push(...this.#settle(out, size));
    }
    return answers;
  }
  #settle(out: { toTarget: Uint8Array[]; toOperator: Uint8Array[] }, size: number): Uint8Array[] {
    const answers = out.toOperator.flatMap((bytes) => this.#answers.push(bytes));
    for (const request of out.toTarget) {
      for (const answer of this.target.push(request)) {
        for (const part of pieces(answer, size)) answers.push(...this.#settle(this.gate.fromTarget(part), size));
      }
    }
    return answers;
  }
  begin(): this {
    this.send(init());
    return this;
  }
}

function* pieces(bytes: Uint8Array, size: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function status(packet: Uint8Array | undefined): { id: number; code: number; message: string } {
  if (packet === undefined || typeOf(packet) !== Fxp.status) throw new Error("no status");
  const reader = new FieldReader("target", packet, BODY_AT);
  return { id: idOf("target", packet), code: reader.u32(), message: decode(reader.string()) };
}

function handleIn(packet: Uint8Array | undefined): string {
  if (packet === undefined || typeOf(packet) !== Fxp.handle) throw new Error("no handle");
  return decode(new FieldReader("target", packet, BODY_AT).string());
}

/** One request of each kind in the table, with a handle where it needs one. */
const SAMPLES: readonly (readonly [
  name: string,
  needs: string,
  make: (handle: string, directory: string) => Uint8Array,
])[] = [
  ["open for reading", "read", () => open(9, "/etc/hosts", Fxf.read)],
  ["open with no flags", "read", () => open(9, "/etc/hosts", 0)],
  ["open for writing", "write", () => open(9, "/tmp/new", Fxf.write | Fxf.creat | Fxf.trunc)],
  ["open for both", "both", () => open(9, "/etc/hosts", Fxf.read | Fxf.write)],
  ["open read-only that empties", "both", () => open(9, "/etc/hosts", Fxf.read | Fxf.trunc)],
  ["open that creates without the write flag", "both", () => open(9, "/tmp/new", Fxf.creat)],
  ["read", "read", (handle) => read(9, handle, 0, 10)],
  ["write", "write", (handle) => write(9, handle, 0, Uint8Array.of(1))],
  ["lstat", "either", () => build(Fxp.lstat, 9, [text("/etc/hosts")])],
  ["stat", "either", () => build(Fxp.stat, 9, [text("/etc/hosts")])],
  ["fstat", "either", (handle) => build(Fxp.fstat, 9, [text(handle)])],
  ["realpath", "either", () => build(Fxp.realpath, 9, [text(".")])],
  ["setstat", "write", () => build(Fxp.setstat, 9, [text("/etc/hosts"), u32Field(0)])],
  ["fsetstat", "write", (handle) => build(Fxp.fsetstat, 9, [text(handle), u32Field(0)])],
  ["opendir", "read", () => build(Fxp.opendir, 9, [text("/etc")])],
  ["readdir", "read", (_, directory) => build(Fxp.readdir, 9, [text(directory)])],
  ["remove", "write", () => build(Fxp.remove, 9, [text("/etc/hosts")])],
  ["mkdir", "write", () => build(Fxp.mkdir, 9, [text("/tmp/d"), u32Field(0)])],
  ["rmdir", "write", () => build(Fxp.rmdir, 9, [text("/tmp/d")])],
  ["rename", "write", () => build(Fxp.rename, 9, [text("/etc/hosts"), text("/tmp/h")])],
  ["readlink", "read", () => build(Fxp.readlink, 9, [text("/etc/hosts")])],
  ["symlink", "both", () => build(Fxp.symlink, 9, [text("/etc/shadow"), text("/tmp/h")])],
  ["limits", "either", () => build(Fxp.extended, 9, [text("limits@openssh.com")])],
  ["fsync", "write", (handle) => build(Fxp.extended, 9, [text("fsync@openssh.com"), text(handle)])],
  ["statvfs", "read", () => build(Fxp.extended, 9, [text("statvfs@openssh.com"), text("/")])],
  ["fstatvfs", "read", (handle) => build(Fxp.extended, 9, [text("fstatvfs@openssh.com"), text(handle)])],
  ["lsetstat", "write", () => build(Fxp.extended, 9, [text("lsetstat@openssh.com"), text("/etc/hosts"), u32Field(0)])],
  ["posix-rename", "write", () => build(Fxp.extended, 9, [text("posix-rename@openssh.com"), text("/a"), text("/b")])],
  ["hardlink", "both", () => build(Fxp.extended, 9, [text("hardlink@openssh.com"), text("/etc/shadow"), text("/b")])],
  [
    "users-groups-by-id",
    "read",
    () => build(Fxp.extended, 9, [text("users-groups-by-id@openssh.com"), text(""), text("")]),
  ],
  ["expand-path", "read", () => build(Fxp.extended, 9, [text("expand-path@openssh.com"), text("~root")])],
  ["home-directory", "read", () => build(Fxp.extended, 9, [text("home-directory"), text("root")])],
  [
    "copy-data",
    "both",
    (handle) => build(Fxp.extended, 9, [text("copy-data"), text(handle), u64(0), u64(0), text(handle), u64(0)]),
  ],
];

describe("the table of requests", () => {
  it("has a sample for every row", () => {
    expect(SAMPLES.length).toBeGreaterThanOrEqual(REQUESTS.size - 1 + EXTENSIONS.size);
  });

  it.each(SAMPLES)("%s needs: %s", (_, needs, make) => {
    for (const rights of [
      BOTH,
      { read: true, write: false },
      { read: false, write: true },
      { read: false, write: false },
    ]) {
      const bench = new Bench({ rights }).begin();
      bench.target.files.set("/etc/hosts", encode("hosts"));
      const may = rights.read || rights.write;
      const flags = (rights.read ? Fxf.read : 0) | (rights.write ? Fxf.write : 0);
      const handle = may ? handleIn(bench.send(open(1, "/etc/hosts", flags))[0]) : "h0";
      const directory = rights.read ? handleIn(bench.send(build(Fxp.opendir, 2, [text("/etc")]))[0]) : "h1";
      const before = bench.target.asked.length;
      bench.refusals.length = 0;
      const answers = bench.send(make(handle, directory));
      const granted = { read: rights.read, write: rights.write, either: may, both: rights.read && rights.write }[needs];
      expect(answers).toHaveLength(1);
      expect(bench.refusals).toHaveLength(granted === true ? 0 : 1);
      if (granted === true) expect(bench.target.asked.length).toBeGreaterThan(before);
      if (granted === true) continue;
      expect(bench.target.asked).toHaveLength(before);
      expect(status(answers[0])).toMatchObject({ id: 9, code: Fx.permissionDenied });
      expect(status(answers[0]).message).toMatch(/^gatehouse: /);
    }
  });

  it.each([
    ["a request type of a later version", () => build(21, 9, [text("/a"), text("/b")])],
    ["an extension nobody knows", () => build(Fxp.extended, 9, [text("check-file@x"), text("/a")])],
    ["an extension's name with a suffix", () => build(Fxp.extended, 9, [text("limits@openssh.com\0")])],
    ["open flags of a later version", () => open(9, "/etc/hosts", 0x40)],
  ])("refuses %s even with both rights", (_, make) => {
    const bench = new Bench().begin();
    expect(status(bench.send(make())[0]).code).toBe(Fx.permissionDenied);
    expect(bench.target.asked).toEqual([]);
    expect(bench.refusals).toHaveLength(1);
  });

  it("shows of the target's extensions only those that are known and granted", () => {
    const names = (rights: { read: boolean; write: boolean }): string[] => {
      const [packet] = new Bench({ rights }).send(init());
      const reader = new FieldReader("target", packet ?? new Uint8Array(0), 5);
      expect(reader.u32()).toBe(3);
      const found: string[] = [];
      while (!reader.done) {
        found.push(decode(reader.string()));
        reader.string();
      }
      return found;
    };
    expect(names(BOTH)).toEqual([
      "limits@openssh.com",
      "posix-rename@openssh.com",
      "hardlink@openssh.com",
      "fsync@openssh.com",
      "copy-data",
      "expand-path@openssh.com",
    ]);
    expect(names({ read: true, write: false })).toEqual(["limits@openssh.com", "expand-path@openssh.com"]);
    expect(names({ read: false, write: true })).toEqual([
      "limits@openssh.com",
      "posix-rename@openssh.com",
      "fsync@openssh.com",
    ]);
    expect(names({ read: false, write: false })).toEqual([]);
  });

  it("judges a handle by how it was opened, not by the rights alone", () => {
    const bench = new Bench().begin();
    bench.target.files.set("/etc/hosts", encode("hosts"));
    const reading = handleIn(bench.send(open(1, "/etc/hosts", Fxf.read))[0]);
    const writing = handleIn(bench.send(open(2, "/etc/hosts", Fxf.write))[0]);
    expect(status(bench.send(write(3, reading, 0, Uint8Array.of(1)))[0]).code).toBe(Fx.permissionDenied);
    expect(status(bench.send(read(4, writing, 0, 5))[0]).code).toBe(Fx.permissionDenied);
    expect(bench.refusals.map(({ path }) => path)).toEqual(["/etc/hosts", "/etc/hosts"]);
    const copy = (from: string, to: string): Uint8Array =>
      build(Fxp.extended, 5, [text("copy-data"), text(from), u64(0), u64(0), text(to), u64(0)]);
    expect(status(bench.send(copy(writing, reading))[0]).code).toBe(Fx.permissionDenied);
    expect(status(bench.send(copy(reading, writing))[0]).code).toBe(Fx.ok);
  });

  it("answers for handles that are not open, or of another kind, without asking the target", () => {
    const bench = new Bench().begin();
    const directory = handleIn(bench.send(build(Fxp.opendir, 1, [text("/etc")]))[0]);
    const before = bench.target.asked.length;
    for (const request of [
      read(2, "nope", 0, 1),
      read(3, directory, 0, 1),
      close(4, ""),
      close(5, "x".repeat(100_000)),
    ]) {
      expect(status(bench.send(request)[0]).code).toBe(Fx.failure);
    }
    expect(bench.target.asked).toHaveLength(before);
  });
});

describe("paths", () => {
  it("are opened and logged as the target resolves them", () => {
    const bench = new Bench().begin();
    bench.target.files.set("/etc/shadow", encode("root:"));
    bench.target.links.set("/tmp/innocent", "/etc/shadow");
    const handle = handleIn(bench.send(open(1, "/tmp/innocent", Fxf.read))[0]);
    bench.send(read(2, handle, 0, 100));
    bench.send(close(3, handle));
    expect(bench.target.asked.slice(0, 2)).toEqual([
      `${String(Fxp.realpath)} /tmp/innocent`,
      `${String(Fxp.open)} /etc/shadow`,
    ]);
    expect(bench.transfers).toMatchObject([{ direction: "download", path: "/etc/shadow", size: 5 }]);
  });

  it("of a new file are those of its directory and its name", () => {
    const bench = new Bench().begin();
    const handle = handleIn(bench.send(open(1, "new.txt", Fxf.write | Fxf.creat))[0]);
    bench.send(close(2, handle));
    expect(bench.transfers).toMatchObject([{ direction: "upload", path: "/home/new.txt", size: 0, sequential: true }]);
  });

  it("opened exclusively do not follow a last link", () => {
    const bench = new Bench().begin();
    bench.target.links.set("/tmp/link", "/etc/cron.d/x");
    bench.send(open(1, "/tmp/link", Fxf.write | Fxf.creat | Fxf.excl));
    expect(bench.target.asked).toEqual([`${String(Fxp.realpath)} /tmp`, `${String(Fxp.open)} /tmp/link`]);
  });

  it("that do not resolve get the target's own answer under the operator's id", () => {
    const bench = new Bench().begin();
    expect(status(bench.send(open(7, "/nowhere", Fxf.read))[0])).toEqual({
      id: 7,
      code: Fx.noSuchFile,
      message: "no such file",
    });
    expect(status(bench.send(open(8, "/no/where", Fxf.write | Fxf.creat))[0])).toMatchObject({
      id: 8,
      code: Fx.noSuchFile,
    });
    expect(bench.refusals).toEqual([]);
  });

  it("are judged by the path rules as resolved, each with what is done to it", () => {
    const judged: string[] = [];
    const bench = new Bench({
      pathAllowed: (path, access) => {
        judged.push(`${access} ${path}`);
        return !path.startsWith("/etc");
      },
    }).begin();
    bench.target.files.set("/etc/shadow", encode("root:"));
    bench.target.files.set("/tmp/a", encode("a"));
    bench.target.links.set("/tmp/link", "/etc/shadow");
    expect(status(bench.send(open(1, "/tmp/link", Fxf.read))[0]).code).toBe(Fx.permissionDenied);
    expect(status(bench.send(build(Fxp.rename, 2, [text("/tmp/a"), text("/etc/b")]))[0]).code).toBe(
      Fx.permissionDenied,
    );
    expect(status(bench.send(build(Fxp.symlink, 3, [text("/etc/shadow"), text("/tmp/b")]))[0]).code).toBe(
      Fx.permissionDenied,
    );
    expect(status(bench.send(build(Fxp.remove, 4, [text("/tmp/link")]))[0]).code).toBe(Fx.ok);
    expect(
      status(bench.send(build(Fxp.extended, 5, [text("hardlink@openssh.com"), text("/etc/shadow"), text("/tmp/c")]))[0])
        .code,
    ).toBe(Fx.permissionDenied);
    handleIn(bench.send(open(6, "/tmp/a", Fxf.read | Fxf.write))[0]);
    expect(judged).toEqual([
      "read /etc/shadow",
      "write /tmp/a",
      "write /etc/b",
      "write /tmp/link",
      "read /etc/shadow",
      "read /tmp/a",
      "write /tmp/a",
    ]);
    expect(bench.refusals.map(({ path }) => path)).toEqual(["/etc/shadow", "/etc/b", "/etc/shadow", "/etc/shadow"]);
    expect(bench.target.asked.filter((line) => !line.startsWith(String(Fxp.realpath)))).toEqual([
      `${String(Fxp.remove)} /tmp/link`,
      `${String(Fxp.open)} /tmp/a`,
    ]);
  });

  it("with a NUL or of more than 4,096 bytes are refused here", () => {
    const bench = new Bench().begin();
    expect(status(bench.send(open(1, "/etc/hosts\0.txt", Fxf.read))[0]).code).toBe(Fx.permissionDenied);
    expect(status(bench.send(build(Fxp.stat, 2, [text("a".repeat(4097))]))[0]).code).toBe(Fx.permissionDenied);
    expect(status(bench.send(build(Fxp.symlink, 3, [text("a\0"), text("b")]))[0]).code).toBe(Fx.permissionDenied);
    expect(bench.target.asked).toEqual([]);
  });
});

describe("transfers", () => {
  const content = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7) & 255);

  it("are logged with size, direction and digest, whole and split at any size, with pipelined requests", () => {
    for (const size of [Infinity, 1, 3, 1000]) {
      const bench = new Bench();
      bench.send(init(), size);
      bench.target.files.set("/home/in", content.subarray(0, 5000));
      const down = handleIn(bench.send(open(1, "in", Fxf.read), size)[0]);
      const reads = [0, 1000, 2000, 3000, 4000, 5000].map((offset, at) => read(10 + at, down, offset, 1000));
      bench.send(Buffer.concat([...reads, close(20, down)]), size);
      const up = handleIn(bench.send(open(2, "out", Fxf.write | Fxf.creat | Fxf.trunc), size)[0]);
      bench.send(
        Buffer.concat([
          write(30, up, 0, content.subarray(0, 2000)),
          write(31, up, 2000, content.subarray(2000, 3000)),
          close(32, up),
        ]),
        size,
      );
      expect(bench.transfers).toEqual([
        {
          direction: "download",
          path: "/home/in",
          size: 5000,
          sha256: sha(content.subarray(0, 5000)),
          sequential: true,
        },
        {
          direction: "upload",
          path: "/home/out",
          size: 3000,
          sha256: sha(content.subarray(0, 3000)),
          sequential: true,
        },
      ]);
      expect(Buffer.from(bench.target.files.get("/home/out") ?? []).equals(content.subarray(0, 3000))).toBe(true);
    }
  });

  it("put replies in order that come out of order", () => {
    const bench = new Bench().begin();
    bench.target.files.set("/home/in", content);
    const handle = handleIn(bench.send(open(1, "in", Fxf.read))[0]);
    const toTarget = [40_000, 0, 20_000, 60_000, 80_000].flatMap(
      (offset, at) => bench.gate.fromOperator(read(10 + at, handle, offset, 20_000)).toTarget,
    );
    for (const request of toTarget.reverse())
      for (const answer of bench.target.push(request)) bench.gate.fromTarget(answer);
    bench.send(close(20, handle));
    expect(bench.transfers).toMatchObject([{ size: 100_000, sha256: sha(content), sequential: true }]);
  });

  it("of one handle opened for both are logged once for each direction", () => {
    const bench = new Bench().begin();
    bench.target.files.set("/home/in", content.subarray(0, 10));
    const handle = handleIn(bench.send(open(1, "in", Fxf.read | Fxf.write))[0]);
    bench.send(read(2, handle, 0, 10));
    bench.send(write(3, handle, 0, Uint8Array.of(1)));
    bench.send(close(4, handle));
    expect(bench.transfers.map(({ direction, size }) => [direction, size])).toEqual([
      ["download", 10],
      ["upload", 1],
    ]);
  });

  it("of an empty file and of a file only created are logged, a file only opened is not", () => {
    const bench = new Bench().begin();
    bench.target.files.set("/home/empty", new Uint8Array(0));
    for (const [path, flags, reading] of [
      ["empty", Fxf.read, true],
      ["made", Fxf.write | Fxf.creat, false],
      ["empty", Fxf.read, false],
    ] as const) {
      const handle = handleIn(bench.send(open(1, path, flags))[0]);
      if (reading) bench.send(read(2, handle, 0, 10));
      bench.send(close(3, handle));
    }
    expect(bench.transfers.map(({ direction, path }) => `${direction} ${path}`)).toEqual([
      "download /home/empty",
      "upload /home/made",
    ]);
  });

  it("are marked when a write failed, when they were not closed, and when a copy inside the target fed them", () => {
    const bench = new Bench().begin();
    bench.target.files.set("/home/in", content.subarray(0, 10));
    const failing = handleIn(bench.send(open(1, "a", Fxf.write | Fxf.creat))[0]);
    const [request] = bench.gate.fromOperator(write(2, failing, 0, Uint8Array.of(1))).toTarget;
    bench.gate.fromTarget(buildStatus(idOf("operator", request ?? new Uint8Array(9)), Fx.failure, "disk full"));
    bench.send(close(3, failing));
    const from = handleIn(bench.send(open(4, "in", Fxf.read))[0]);
    const to = handleIn(bench.send(open(5, "b", Fxf.write | Fxf.creat))[0]);
    bench.send(build(Fxp.extended, 6, [text("copy-data"), text(from), u64(0), u64(0), text(to), u64(0)]));
    bench.send(close(7, to));
    bench.send(read(8, from, 0, 10));
    bench.gate.end();
    bench.gate.end();
    expect(bench.transfers.map(({ path, sequential }) => [path, sequential])).toEqual([
      ["/home/a", false],
      ["/home/b", false],
      ["/home/in", false],
    ]);
  });

  it("wait with their log until the last request on the closed handle is answered", () => {
    const bench = new Bench().begin();
    bench.target.files.set("/home/in", content.subarray(0, 20));
    const handle = handleIn(bench.send(open(1, "in", Fxf.read))[0]);
    const late = [read(2, handle, 0, 10), read(3, handle, 10, 10)].flatMap(
      (bytes) => bench.gate.fromOperator(bytes).toTarget,
    );
    const closing = bench.gate.fromOperator(close(4, handle)).toTarget;
    for (const request of [...closing, ...late]) {
      expect(bench.transfers).toEqual([]);
      for (const answer of bench.target.push(request)) bench.gate.fromTarget(answer);
    }
    expect(bench.transfers).toMatchObject([{ size: 20, sha256: sha(content.subarray(0, 20)), sequential: true }]);
  });

  it("take nothing more once the handle is being closed", () => {
    const bench = new Bench().begin();
    const handle = handleIn(bench.send(open(1, "x", Fxf.write | Fxf.creat))[0]);
    bench.gate.fromOperator(close(2, handle));
    const out = bench.gate.fromOperator(write(3, handle, 0, Uint8Array.of(1)));
    expect(out.toTarget).toEqual([]);
    expect(status(out.toOperator[0])).toMatchObject({ id: 3, code: Fx.failure });
  });
});

describe("violations", () => {
  const dies = (bench: Bench, act: () => unknown, message: string): void => {
    expect(act).toThrow(message);
    expect(() => bench.gate.fromOperator(new Uint8Array(0))).toThrow(SftpViolation);
    expect(() => bench.gate.fromTarget(new Uint8Array(0))).toThrow(message);
  };

  it.each<[string, Uint8Array, string]>([
    ["a first packet that is not INIT", open(1, "/", 1), "not INIT"],
    ["a version before 3", init(2), "too old"],
    ["an INIT without a version", Uint8Array.of(0, 0, 0, 1, 1), "cut short"],
    ["an empty packet", new Uint8Array(4), "empty packet"],
    ["a length of 4 GiB", new Uint8Array(4).fill(255), "too long"],
    ["a length one over the limit", u32Field(256 * 1024 + 1025), "too long"],
  ])("by the operator before the start: %s", (_, bytes, message) => {
    const bench = new Bench();
    dies(bench, () => bench.send(bytes), message);
  });

  it.each<[string, Uint8Array, string]>([
    ["a second INIT", init(), "operators do not send"],
    ["an answer", buildStatus(1, 0, ""), "operators do not send"],
    ["a packet without an id", Uint8Array.of(0, 0, 0, 1, Fxp.stat), "cut short"],
    ["a string that passes the end", build(Fxp.stat, 1, [u32Field(100), encode("abc")]), "cut short"],
    ["an open without flags", build(Fxp.open, 1, [text("/a")]), "cut short"],
    ["an extension without a name", build(Fxp.extended, 1, []), "cut short"],
  ])("by the operator: %s", (_, bytes, message) => {
    const bench = new Bench().begin();
    dies(bench, () => bench.send(bytes), message);
  });

  it("by the operator: a read at an offset beyond 2^53, a write cut short", () => {
    for (const make of [
      (handle: string) => build(Fxp.read, 5, [text(handle), new Uint8Array(8).fill(255), u32Field(1)]),
      (handle: string) => build(Fxp.write, 5, [text(handle), u64(0), u32Field(9)]),
      (handle: string) => build(Fxp.extended, 5, [text("copy-data"), text(handle)]),
    ]) {
      const bench = new Bench().begin();
      const handle = handleIn(bench.send(open(1, "x", Fxf.read | Fxf.write | Fxf.creat))[0]);
      expect(() => bench.send(make(handle))).toThrow(SftpViolation);
    }
  });

  it("by the operator: a request id that waits for its answer is used again", () => {
    const bench = new Bench().begin();
    bench.gate.fromOperator(build(Fxp.stat, 5, [text("/a")]));
    dies(bench, () => bench.gate.fromOperator(build(Fxp.stat, 5, [text("/b")])), "in use");
  });

  it("by the operator: too many requests at once, too much sent ahead", () => {
    const many = new Bench({ limits: { pending: 3 } }).begin();
    for (const id of [1, 2, 3]) many.gate.fromOperator(build(Fxp.stat, id, [text("/a")]));
    dies(many, () => many.gate.fromOperator(build(Fxp.stat, 4, [text("/a")])), "too many");
    const ahead = new Bench({ limits: { heldBytes: 1000 } }).begin();
    ahead.gate.fromOperator(open(1, "/a", Fxf.read));
    expect(ahead.gate.waiting).toBe(true);
    dies(
      ahead,
      () => {
        for (let id = 2; id < 100; id++) ahead.gate.fromOperator(build(Fxp.stat, id, [text("/a")]));
      },
      "sent ahead",
    );
  });

  it.each<[string, Uint8Array, string]>([
    ["another version", buildHello(Fxp.version, 4, []), "another version"],
    ["no VERSION first", buildStatus(0, 0, ""), "VERSION was to come first"],
    ["an extension cut short", build(Fxp.version, 3, [text("limits@openssh.com")]), "cut short"],
  ])("by the target at the start: %s", (_, bytes, message) => {
    const bench = new Bench();
    bench.gate.fromOperator(init());
    dies(bench, () => bench.gate.fromTarget(bytes), message);
  });

  it("by the target: it speaks before it was asked", () => {
    const bench = new Bench();
    dies(bench, () => bench.gate.fromTarget(buildHello(Fxp.version, 3, [])), "VERSION was to come first");
  });

  it.each<[string, (id: number) => Uint8Array, string]>([
    ["answers nothing that was asked", (id) => buildStatus(id + 1, 0, ""), "without a request"],
    ["answers with another type", (id) => build(Fxp.data, id, [text("x")]), "another type"],
    ["sends a request", (id) => build(Fxp.stat, id, [text("x")]), "another type"],
    ["sends a status without a code", (id) => build(Fxp.status, id, []), "cut short"],
  ])("by the target: it %s", (_, make, message) => {
    const bench = new Bench().begin();
    const handle = handleIn(bench.send(open(1, "x", Fxf.write | Fxf.creat))[0]);
    const [request] = bench.gate.fromOperator(write(2, handle, 0, Uint8Array.of(1))).toTarget;
    dies(bench, () => bench.gate.fromTarget(make(idOf("operator", request ?? new Uint8Array(9)))), message);
  });

  it("by the target: it answers twice, gives too much data, a used or empty handle, or no usable path", () => {
    const twice = new Bench().begin();
    const [stat] = twice.gate.fromOperator(build(Fxp.stat, 1, [text("/a")])).toTarget;
    const [answer] = twice.target.push(stat ?? new Uint8Array(0));
    const again = Uint8Array.from(answer ?? []);
    twice.gate.fromTarget(answer ?? new Uint8Array(0));
    dies(twice, () => twice.gate.fromTarget(again), "without a request");

    const much = new Bench().begin();
    const handle = handleIn(much.send(open(1, "x", Fxf.read | Fxf.write | Fxf.creat))[0]);
    const [asked] = much.gate.fromOperator(read(2, handle, 0, 3)).toTarget;
    dies(
      much,
      () => much.gate.fromTarget(build(Fxp.data, idOf("operator", asked ?? new Uint8Array(9)), [text("four")])),
      "more data",
    );

    for (const bytes of ["", "h0", "x".repeat(257)]) {
      const bench = new Bench().begin();
      handleIn(bench.send(open(1, "x", Fxf.write | Fxf.creat))[0]);
      const [directory] = bench.gate.fromOperator(build(Fxp.opendir, 2, [text("/etc")])).toTarget;
      dies(
        bench,
        () => bench.gate.fromTarget(build(Fxp.handle, idOf("operator", directory ?? new Uint8Array(9)), [text(bytes)])),
        "handle",
      );
    }

    for (const name of [
      [u32Field(0)],
      [u32Field(2), text("/a"), text(""), u32Field(0)],
      [u32Field(1), text(""), text(""), u32Field(0)],
      [u32Field(1), text("/a\0b"), text(""), u32Field(0)],
    ]) {
      const bench = new Bench().begin();
      const [question] = bench.gate.fromOperator(open(1, "/a", Fxf.read)).toTarget;
      dies(
        bench,
        () => bench.gate.fromTarget(build(Fxp.name, idOf("operator", question ?? new Uint8Array(9)), name)),
        "no usable path",
      );
    }
  });
});

describe("limits", () => {
  it("keeps the number of open files, counting those on their way", () => {
    const bench = new Bench({ limits: { handles: 2 } }).begin();
    const first = handleIn(bench.send(build(Fxp.opendir, 1, [text("/etc")]))[0]);
    const waiting = bench.gate.fromOperator(build(Fxp.opendir, 2, [text("/etc")])).toTarget;
    expect(status(bench.gate.fromOperator(build(Fxp.opendir, 3, [text("/etc")])).toOperator[0])).toMatchObject({
      id: 3,
      code: Fx.failure,
    });
    for (const request of waiting) for (const answer of bench.target.push(request)) bench.gate.fromTarget(answer);
    bench.send(close(4, first));
    expect(handleIn(bench.send(build(Fxp.opendir, 5, [text("/etc")]))[0])).toBe("h2");
  });

  it("passes the largest write a client may send", () => {
    const bench = new Bench().begin();
    const handle = handleIn(bench.send(open(1, "x", Fxf.write | Fxf.creat))[0]);
    expect(status(bench.send(write(2, handle, 0, new Uint8Array(256 * 1024)))[0]).code).toBe(Fx.ok);
  });
});

describe("hostile streams", () => {
  const noise = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 30 })).map(([type, rest]) => build(type, 1, [rest])),
    ),
    { maxLength: 12 },
  );

  it("from either side end in nothing but SftpViolation", () => {
    fc.assert(
      fc.property(noise, noise, (fromOperator, fromTarget) => {
        const bench = new Bench().begin();
        bench.gate.fromOperator(build(Fxp.stat, 77, [text("/a")]));
        try {
          for (const chunk of fromOperator) bench.gate.fromOperator(chunk);
          for (const chunk of fromTarget) bench.gate.fromTarget(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(SftpViolation);
        }
        bench.gate.end();
      }),
      { numRuns: 3000 },
    );
  });

  it("give the same result however they are cut", () => {
    const session = (size: (at: number) => number): unknown => {
      const bench = new Bench({ rights: { read: true, write: false } });
      bench.target.files.set("/etc/hosts", encode("hosts"));
      const answers: Uint8Array[] = [];
      for (const [at, packet] of [
        init(),
        open(1, "/etc/hosts", 1),
        read(2, "h0", 0, 3),
        read(3, "h0", 3, 9),
        open(4, "/x", 2),
        close(5, "h0"),
      ].entries()) {
        answers.push(...bench.send(packet, size(at)));
      }
      return { answers, transfers: bench.transfers, refusals: bench.refusals, asked: bench.target.asked };
    };
    const whole = session(() => Infinity);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 6, maxLength: 6 }), (sizes) => {
        expect(session((at) => sizes[at] ?? 1)).toEqual(whole);
      }),
    );
  });
});
