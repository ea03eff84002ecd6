/**
 * The SFTP gate and the scp watch between OpenSSH's own clients and servers, without SSH between them: `-S` gives the
 * clients a relay in place of ssh, and the relay's other end is here.
 */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TransferRecord } from "../../gateway/domain/index.js";
import { ScpWatch, SftpGate } from "../../gateway/doors/ssh/sftp/index.js";
import type { SftpRights } from "../../gateway/doors/ssh/sftp/index.js";
import { runningHash } from "../support/running-hash.js";

const SFTP_SERVER = "/usr/lib/openssh/sftp-server";
const RELAY = `#!/usr/bin/env node
const socket = require("node:net").connect(Number(process.env.RELAY_PORT), "127.0.0.1");
socket.write(JSON.stringify(process.argv.slice(2)) + "\\n");
process.stdin.pipe(socket).pipe(process.stdout);
socket.on("close", () => process.exit(0));
`;

let folder: string;
let server: Server;
let transfers: TransferRecord[];
let refusals: string[];
let violations: unknown[];
let rights: SftpRights;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gatehouse-transfer-"));
  await writeFile(join(folder, "relay"), RELAY);
  await chmod(join(folder, "relay"), 0o755);
  await mkdir(join(folder, "there"));
  await mkdir(join(folder, "here"));
  [transfers, refusals, violations, rights] = [[], [], [], { read: true, write: true }];
  server = createServer((socket) => void accept(socket));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});
afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** Reads the relay's argument line, then stands between it and the server program. */
async function accept(socket: Socket): Promise<void> {
  socket.on("error", () => undefined);
  let head = Buffer.alloc(0);
  for (;;) {
    const chunk = await new Promise<Buffer>((got) => socket.once("data", got));
    head = Buffer.concat([head, chunk]);
    if (head.includes(10)) break;
  }
  const args = JSON.parse(head.subarray(0, head.indexOf(10)).toString()) as string[];
  serve(socket, head.subarray(head.indexOf(10) + 1), args);
}

function serve(socket: Socket, early: Buffer, args: readonly string[]): void {
  const command = args.includes("-s") ? SFTP_SERVER : `exec ${args.at(-1) ?? "false"}`;
  const target = spawn("/bin/sh", ["-c", command], { cwd: join(folder, "there"), stdio: ["pipe", "pipe", "inherit"] });
  const judge = args.includes("-s") ? sftp() : scp(args.at(-1) ?? "");
  const end = (error?: unknown): void => {
    if (error !== undefined) violations.push(error);
    judge.end();
    socket.destroy();
    target.kill();
  };
  const fromOperator = (chunk: Uint8Array): void => {
    try {
      const out = judge.fromOperator(chunk);
      for (const bytes of out.toTarget) target.stdin.write(bytes);
      for (const bytes of out.toOperator) socket.write(bytes);
    } catch (error) {
      end(error);
    }
  };
  target.stdin.on("error", () => undefined);
  target.stdout.on("data", (chunk: Buffer) => {
    try {
      const out = judge.fromTarget(chunk);
      for (const bytes of out.toTarget) target.stdin.write(bytes);
      for (const bytes of out.toOperator) socket.write(bytes);
    } catch (error) {
      end(error);
    }
  });
  target.on("close", () => socket.end());
  socket.on("data", fromOperator);
  socket.on("close", () => {
    judge.end();
    target.stdin.end();
  });
  if (early.length > 0) fromOperator(early);
}

interface Judge {
  fromOperator(chunk: Uint8Array): { toTarget: Uint8Array[]; toOperator: Uint8Array[] };
  fromTarget(chunk: Uint8Array): { toTarget: Uint8Array[]; toOperator: Uint8Array[] };
  end(): void;
}

function sftp(): Judge {
  return new SftpGate({
    rights,
    hash: runningHash,
    onTransfer: (record) => transfers.push(record),
    onRefused: ({ what, path }) => refusals.push(`${what} ${path}`),
  });
}

function scp(command: string): Judge {
  const path = command.split(" ").at(-1) ?? "";
  const direction = command.includes(" -f ") ? "download" : "upload";
  const watch = new ScpWatch({
    direction,
    path,
    intoDirectory: path.endsWith("/"),
    hash: runningHash,
    onTransfer: (record) => transfers.push(record),
  });
  return {
    fromOperator: (chunk) => (watch.fromOperator(chunk), { toTarget: [chunk], toOperator: [] }),
    fromTarget: (chunk) => (watch.fromTarget(chunk), { toTarget: [], toOperator: [chunk] }),
    end: () => watch.end(),
  };
}

async function run(
  program: string,
  args: readonly string[],
  input = "",
): Promise<{ code: number | null; text: string }> {
  const port = String((server.address() as AddressInfo).port);
  const child = spawn(program, ["-S", join(folder, "relay"), ...args], {
    cwd: join(folder, "here"),
    env: { ...process.env, RELAY_PORT: port },
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((closed) => child.on("close", closed));
  return { code, text };
}

const sftpBatch = (lines: readonly string[]): Promise<{ code: number | null; text: string }> =>
  run("sftp", ["-b", "-", "nobody@nowhere"], `${lines.join("\n")}\n`);
const there = (name: string): string => join(folder, "there", name);
const here = (name: string): string => join(folder, "here", name);
const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const LARGE = randomBytes(9_000_001);

describe("OpenSSH's sftp through the gate", () => {
  it("gets, puts, lists, renames and removes, with every file logged by its real path and digest", async () => {
    await writeFile(there("large"), LARGE);
    await writeFile(there("empty"), "");
    await symlink(there("large"), there("link"));
    await writeFile(here("up"), LARGE.subarray(0, 3_000_000));
    const { code, text } = await sftpBatch([
      "ls -l",
      "get large",
      "get link viaLink",
      "get empty",
      "put up",
      "rename up up2",
      "mkdir d",
      "put -p up d/deep",
      "chmod 600 up2",
      "df",
      "rm up2",
    ]);
    expect([code, violations, refusals]).toEqual([0, [], []]);
    expect(text).toContain("large");
    expect((await readFile(here("viaLink"))).equals(LARGE)).toBe(true);
    expect((await readFile(there("d/deep"))).equals(LARGE.subarray(0, 3_000_000))).toBe(true);
    const down = {
      direction: "download",
      path: there("large"),
      size: LARGE.length,
      sha256: sha(LARGE),
      sequential: true,
    };
    const up = { direction: "upload", size: 3_000_000, sha256: sha(LARGE.subarray(0, 3_000_000)), sequential: true };
    expect(transfers).toEqual([
      down,
      down,
      { direction: "download", path: there("empty"), size: 0, sha256: sha(Buffer.alloc(0)), sequential: true },
      { ...up, path: there("up") },
      { ...up, path: there("d/deep") },
    ]);
  });

  it("refuses everything that changes when only reading is granted, in a line the person sees", async () => {
    rights = { read: true, write: false };
    await writeFile(there("a"), "a");
    await writeFile(here("b"), "b");
    const { text } = await sftpBatch([
      "get a",
      "-put b",
      "-rm a",
      "-rename a c",
      "-mkdir d",
      "-chmod 777 a",
      "-ln -s a l",
      "-ln a h",
      "get a again",
    ]);
    expect(violations).toEqual([]);
    expect(await readdir(join(folder, "there"))).toEqual(["a"]);
    expect(await readdir(join(folder, "here"))).toEqual(["a", "again", "b"]);
    expect(refusals.map((line) => line.split(" ")[0])).toEqual([
      "open",
      "remove",
      "rename",
      "mkdir",
      "setstat",
      "symlink",
    ]);
    expect(text).toMatch(/permission denied/i);
  });

  it("refuses everything that shows content or names when only writing is granted", async () => {
    rights = { read: false, write: true };
    await writeFile(there("a"), "a");
    await writeFile(here("b"), "b");
    await sftpBatch(["put b", "-get a", "-ls", "-ln -s a l", "-ln a h", "-cp a c", "put b b2"]);
    expect(violations).toEqual([]);
    expect((await readdir(join(folder, "there"))).sort()).toEqual(["a", "b", "b2"]);
    expect(await readdir(join(folder, "here"))).toEqual(["b"]);
    expect(transfers.map(({ direction, size }) => [direction, size])).toEqual([
      ["upload", 1],
      ["upload", 1],
    ]);
    expect(refusals.length).toBeGreaterThanOrEqual(3);
  });
});

describe("OpenSSH's scp", () => {
  it("goes through the gate in its sftp mode, a tree both ways", async () => {
    await mkdir(here("tree/sub"), { recursive: true });
    await writeFile(here("tree/one"), "one");
    await writeFile(here("tree/sub/two"), LARGE.subarray(0, 500_000));
    expect(await run("scp", ["-s", "-r", "tree", "nobody@nowhere:copy"])).toMatchObject({ code: 0 });
    expect(await run("scp", ["-s", "-r", "nobody@nowhere:copy", "back"])).toMatchObject({ code: 0 });
    expect((await readFile(here("back/sub/two"))).equals(LARGE.subarray(0, 500_000))).toBe(true);
    expect(violations).toEqual([]);
    expect(transfers).toHaveLength(4);
    expect(transfers.every(({ sequential }) => sequential)).toBe(true);
    expect(transfers.map(({ path }) => path).sort()).toEqual([
      there("copy/one"),
      there("copy/one"),
      there("copy/sub/two"),
      there("copy/sub/two"),
    ]);
  });

  it("is followed in its legacy protocol, a tree both ways, with a file that cannot be read", async () => {
    await mkdir(here("tree/sub"), { recursive: true });
    await writeFile(here("tree/one"), "one");
    await writeFile(here("tree/sub/two"), LARGE.subarray(0, 500_000));
    await writeFile(here("tree/sub/empty"), "");
    expect(await run("scp", ["-O", "-rp", "tree", `nobody@nowhere:${there("")}`])).toMatchObject({ code: 0 });
    expect(await run("scp", ["-O", "-rp", `nobody@nowhere:${there("tree")}`, "back"])).toMatchObject({ code: 0 });
    expect((await run("scp", ["-O", `nobody@nowhere:${there("missing")}`, "x"])).text).toContain("No such file");
    expect((await readFile(here("back/sub/two"))).equals(LARGE.subarray(0, 500_000))).toBe(true);
    expect(violations).toEqual([]);
    const paths = [there("tree/one"), there("tree/sub/empty"), there("tree/sub/two")];
    for (const direction of ["upload", "download"]) {
      const found = transfers.filter((transfer) => transfer.direction === direction);
      expect(found.map(({ path }) => path).sort()).toEqual(paths);
      expect(found.find(({ path }) => path.endsWith("two"))).toMatchObject({
        size: 500_000,
        sha256: sha(LARGE.subarray(0, 500_000)),
        sequential: true,
      });
    }
  });
});
