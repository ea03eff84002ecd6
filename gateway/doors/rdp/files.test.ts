/** Files through the door: each has a channel, a digest and an entry; the drive is one empty folder that is wiped. */
import { createHash, randomUUID } from "node:crypto";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { asId } from "../../domain/index.js";
import { sessionNumber, startDesktopDoor, until, type TestDesktopDoor } from "../../../test/support/desktop-door.js";
import { Drive, wipeLeftovers } from "./drive.js";

let house: TestDesktopDoor | undefined;
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-drive-"));
});
afterEach(async () => {
  await house?.stop();
  house = undefined;
  rmSync(folder, { recursive: true, force: true });
});
async function start(...actions: ("rdp.upload" | "rdp.download")[]): Promise<TestDesktopDoor> {
  const limits = { writeDownMs: 1_000, fileAnswerMs: 300, filesPerMinute: 3 };
  house = await startDesktopDoor({ drive: { folder, guacdFolder: "/drives/" }, limits });
  house.broker.actions.push(...actions);
  return house;
}
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const base64 = (text: string): string => Buffer.from(text).toString("base64");

test("an upload has a channel, is recorded before it passes, and its digest is written down", async () => {
  const { broker, ...rest } = await start("rdp.upload");
  const browser = await rest.desktop();
  browser.send("file", 1, "text/plain", "plan\u202e.txt");
  await until("the file", () => rest.guacd().of("file").length === 1);
  rest.guacd().say("ack", 1, "OK", 0);
  await until("the ack", () => browser.of("ack").length === 1);
  browser.send("blob", 1, base64("one"));
  browser.send("blob", 1, base64("two"));
  browser.send("end", 1);
  await until("its end", () => rest.guacd().of("end").length === 1);
  expect(broker.transfers).toEqual([]);
  for (let answer = 0; answer < 3; answer++) rest.guacd().say("ack", 1, "OK", 0);
  await until("the last answer", () => browser.of("ack").length === 4);
  await until("its entry", () => broker.transfers.length === 1);
  expect(broker.files[0]).toMatchObject({ bytes: "onetwo", closed: null });
  expect(broker.files[0]?.ask).toMatchObject({ kind: "file", action: "rdp.upload", detail: "plan·.txt" });
  expect(broker.transfers).toEqual([
    { direction: "upload", path: "plan·.txt", size: 6, sha256: sha256("onetwo"), sequential: true },
  ]);
});

test.each([
  ["the opening", ["768"], "cut"],
  ["the bytes, heard after the end", ["0", "771"], "cut"],
  ["nothing: it says no more", ["0", "0"], "cut"],
  ["nothing: all of it is written", ["0", "0", "0"], null],
])("what guacd refuses is told and in the entry: %s", async (_what, statuses, closed) => {
  const { broker, ...rest } = await start("rdp.upload");
  const browser = await rest.desktop();
  browser.send("file", 1, "text/plain", "a.txt");
  browser.send("blob", 1, base64("one"));
  browser.send("end", 1);
  await until("its end", () => rest.guacd().of("end").length === 1);
  for (const status of statuses) rest.guacd().say("ack", 1, "", status);
  await until("its entry", () => broker.transfers.length === 1);
  expect(broker.transfers[0]).toMatchObject({ size: 3, sequential: closed === null });
  await until("its channel", () => broker.files[0]?.closed !== undefined);
  expect(broker.files[0]?.closed).toBe(closed);
  await until("the answers", () => browser.of("ack").length === statuses.length);
  expect(browser.of("ack").map((one) => one[3])).toEqual(statuses);
});

test("a file that guacd cannot go on writing is ended there; answers of the one before are not taken for the next one's", async () => {
  const { broker, ...rest } = await start("rdp.upload");
  const browser = await rest.desktop();
  const guacd = rest.guacd();
  browser.send("file", 1, "text/plain", "a.txt");
  browser.send("blob", 1, base64("one"));
  await until("the bytes", () => guacd.of("blob").length === 1);
  guacd.say("ack", 1, "", 0);
  guacd.say("ack", 1, "", 771);
  await until("its end", () => guacd.of("end").length === 1);
  browser.send("end", 1);
  browser.send("file", 1, "text/plain", "b.txt");
  browser.send("end", 1);
  await until("its entry", () => broker.transfers.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(guacd.of("file")).toHaveLength(1);
  guacd.say("ack", 1, "", 0);
  await until("the next one", () => guacd.of("end").length === 2);
  expect(browser.of("ack").map((one) => one[3])).toEqual(["0", "771"]);
  guacd.say("ack", 1, "", 0);
  guacd.say("ack", 1, "", 0);
  await until("its entry", () => broker.transfers.length === 2);
  expect(broker.transfers.map((one) => [one.path, one.sequential])).toEqual([
    ["a.txt", false],
    ["b.txt", true],
  ]);
});

test("files beyond so many a minute are answered with 797 either way, do not pass, and leave one note", async () => {
  const { broker, ...rest } = await start("rdp.upload", "rdp.download");
  const browser = await rest.desktop();
  const guacd = rest.guacd();
  for (let count = 1; count <= 6; count++) {
    browser.send(...(count % 2 ? ["file", count, "text/plain", "x"] : ["put", 0, count, "text/plain", "/x"]));
    browser.send("blob", count, base64("up"));
    guacd.say(...(count % 2 ? ["file", count, "text/plain", "y"] : ["body", 0, count, "text/plain", "/y"]));
    guacd.say("blob", count, base64("down"));
    guacd.say("end", count);
  }
  const refused = (acks: string[][]): string[] => acks.filter((one) => one[3] === "797").map((one) => one[1] ?? "");
  await until("the refusals", () => refused(browser.of("ack")).length === 3 && refused(guacd.of("ack")).length === 3);
  await until("the files", () => guacd.of("blob").length === 3 && browser.of("end").length === 3);
  expect([refused(browser.of("ack")), refused(guacd.of("ack"))]).toEqual([
    ["4", "5", "6"],
    ["4", "5", "6"],
  ]);
  expect(broker.files).toHaveLength(6);
  expect(broker.refusals).toHaveLength(2);
  for (const what of ["upload", "download"]) expect(broker.refusals).toContainEqual({ what, because: "too-many" });
  browser.socket.terminate();
  await until("detached", () => broker.detachments === 1);
  const back = (await rest.connect(broker.ticket(broker.sessionId))) as typeof browser;
  await until("the picture", () => back.of("size").length > 0);
  back.send("file", 1, "text/plain", "z");
  await until("its refusal", () => refused(back.of("ack")).length === 1);
});

test("without rdp.upload a file is answered with 771 and never reaches guacd", async () => {
  const { broker, ...rest } = await start("rdp.download");
  const browser = await rest.desktop();
  browser.send("file", 1, "text/plain", "x");
  browser.send("blob", 1, base64("one"));
  browser.send("end", 1);
  browser.send("put", 0, 2, "text/plain", "/x");
  await until("both answers", () => browser.of("ack").length === 2);
  expect(browser.of("ack").map((one) => one[3])).toEqual(["771", "771"]);
  expect(rest.guacd().of("file")).toEqual([]);
  expect(rest.guacd().of("blob")).toEqual([]);
  expect(broker.files).toEqual([]);
  expect(broker.refusals).toHaveLength(2);
});

test("a download is recorded, shown and written down; a lost line ends it and guacd is told", async () => {
  const { broker, ...rest } = await start("rdp.download");
  const browser = await rest.desktop();
  const guacd = rest.guacd();
  guacd.say("file", 2, "application/octet-stream", "statement.csv");
  guacd.say("blob", 2, base64("a,b"));
  guacd.say("end", 2);
  await until("its end", () => browser.of("end").length === 1);
  expect(broker.transfers).toMatchObject([{ direction: "download", size: 3, sha256: sha256("a,b"), sequential: true }]);
  guacd.say("file", 4, "application/octet-stream", "half.csv");
  guacd.say("blob", 4, base64("half"));
  await until("the blob", () => browser.of("blob").length === 2);
  browser.socket.terminate();
  await until("guacd hears", () => guacd.of("ack").some((one) => one[1] === "4" && one[3] === "523"));
  await until("the entry", () => broker.transfers.length === 2);
  expect(broker.transfers[1]).toMatchObject({ size: 4, sequential: false });
});

test("the drive is a folder of the session's own, told to guacd by its path, and gone afterwards with what was left written down", async () => {
  const { broker, ...rest } = await start("rdp.upload");
  const browser = await rest.desktop();
  const own = join(folder, sessionNumber(1));
  expect(statSync(own).mode & 0o777).toBe(0o770);
  expect(rest.guacd().of("connect")[0]).toContain(`/drives/${sessionNumber(1)}`);
  writeFileSync(join(own, "left.txt"), "left");
  symlinkSync("/etc/passwd", join(own, "link"));
  execFileSync("mkfifo", [join(own, "pipe")]);
  browser.send("disconnect");
  await until("wiped", () => readdirSync(folder).length === 0);
  expect(broker.notes).toEqual([{ drive: "left.txt", size: 4, sha256: sha256("left") }]);
});

test("no right, no folder; an end by the broker wipes it too", async () => {
  const { broker, ...rest } = await start();
  await rest.desktop();
  expect(readdirSync(folder)).toEqual([]);
  expect(rest.guacd().of("connect")[0]).not.toContain(`/drives/${sessionNumber(1)}`);
  broker.actions.push("rdp.download");
  await rest.desktop();
  expect(readdirSync(folder)).toEqual([sessionNumber(2)]);
  broker.end("revoked");
  await until("wiped", () => readdirSync(folder).length === 0);
});

test.each(["stopped", "revoked", "expired"] as const)(
  "%s: files under way and files left are written down before the recording closes, and the folder is wiped",
  async (because) => {
    const { broker, ...rest } = await start("rdp.upload", "rdp.download");
    const browser = await rest.desktop();
    browser.send("file", 1, "text/plain", "up.txt");
    browser.send("blob", 1, base64("half"));
    rest.guacd().say("file", 2, "text/plain", "down.txt");
    rest.guacd().say("blob", 2, base64("part"));
    const passed = (): string[] => broker.files.map((one) => one.bytes).sort();
    await until("both on their way", () => passed().join() === "half,part");
    writeFileSync(join(folder, sessionNumber(1), "left.txt"), "left");
    broker.end(because);
    expect(rest.guacd().of("blob")).toHaveLength(1);
    await until("the recording to close", () => broker.log.includes("recording closed"));
    expect(broker.log.slice(-4)).toEqual(["transfer", "transfer", "note", "recording closed"]);
    expect(broker.transfers).toMatchObject([
      { direction: "upload", path: "up.txt", size: 4, sha256: sha256("half"), sequential: false },
      { direction: "download", path: "down.txt", size: 4, sha256: sha256("part"), sequential: false },
    ]);
    expect(broker.notes).toEqual([{ drive: "left.txt", size: 4, sha256: sha256("left") }]);
    await until("wiped", () => readdirSync(folder).length === 0);
  },
);

test("a file that is only just beginning when the session ends is written down too", async () => {
  const { broker, ...rest } = await start("rdp.upload");
  const browser = await rest.desktop();
  broker.openMs = 100;
  browser.send("file", 1, "text/plain", "late.txt");
  await until("its beginning", () => broker.files.length === 1);
  broker.end("stopped");
  await until("its entry", () => broker.transfers.length === 1);
  expect(broker.transfers[0]).toMatchObject({ path: "late.txt", size: 0, sequential: false });
  expect(rest.guacd().of("file")).toEqual([]);
});

test("a line that is lost while a file is on its way, and the session's end at once after it, leave the entry", async () => {
  const { broker, ...rest } = await start("rdp.upload");
  const browser = await rest.desktop();
  browser.send("file", 1, "text/plain", "cut.txt");
  browser.send("blob", 1, base64("half"));
  await until("its bytes", () => broker.files[0]?.bytes === "half");
  browser.socket.terminate();
  broker.end("stopped");
  await until("the recording to close", () => broker.log.includes("recording closed"));
  expect(broker.transfers).toMatchObject([{ path: "cut.txt", size: 4, sequential: false }]);
});

test("a recorder that fails or hangs keeps neither the folder nor the ending", async () => {
  const { broker, ...rest } = await start("rdp.upload");
  const browser = await rest.desktop();
  browser.send("file", 1, "text/plain", "up.txt");
  await until("its beginning", () => broker.files.length === 1);
  broker.tapDelayMs = 60_000;
  const before = broker.handed;
  browser.send("blob", 1, base64("half"));
  await until("the blob", () => broker.handed > before);
  broker.end("recorder-failed");
  await until("the recording to close", () => broker.log.includes("recording closed"));
  await until("wiped", () => readdirSync(folder).length === 0);
});

test("what was left is told by what it is: links and pipes are not followed, unreadable is said, more than a thousand too", async () => {
  const drive = await Drive.make({ folder, guacdFolder: "/d" }, asId(sessionNumber(7)));
  const own = join(folder, sessionNumber(7));
  mkdirSync(join(own, "Download"));
  writeFileSync(join(own, "Download", "网关\u202e\n.txt"), "中文");
  symlinkSync("/etc", join(own, "folder"));
  symlinkSync("/etc/passwd", join(own, "link"));
  execFileSync("mkfifo", [join(own, "pipe")]);
  writeFileSync(join(own, "long"), "");
  truncateSync(join(own, "long"), 64 * 1024 ** 3);
  const { files, whole } = await drive.left(300);
  expect(whole).toBe(true);
  expect(files).toEqual([
    { name: "Download/网关··.txt", size: 6, sha256: sha256("中文") },
    { name: "long", size: 64 * 1024 ** 3, sha256: null },
  ]);
  expect(existsSync(own)).toBe(false);
  await drive.wipe();
  expect(readdirSync(folder)).toEqual([]);

  const full = await Drive.make({ folder, guacdFolder: "/d" }, asId(sessionNumber(8)));
  for (let count = 0; count <= 1_000; count++) writeFileSync(join(folder, sessionNumber(8), String(count)), "");
  const left = await full.left(5_000);
  expect(left.files).toHaveLength(1_000);
  expect(left.whole).toBe(false);
  await full.wipe();
});

test("what an earlier process left is wiped at the start, and nothing else is", async () => {
  const id = randomUUID();
  mkdirSync(join(folder, id));
  writeFileSync(join(folder, id, "x"), "x");
  mkdirSync(join(folder, "kept"));
  mkdirSync(join(folder, `${id}.ended`));
  const { logged } = await start();
  await until("wiped", () => readdirSync(folder).length === 1);
  expect(readdirSync(folder)).toEqual(["kept"]);
  const noted = logged.find((line) => line.startsWith("warn a file was left")) ?? "";
  expect(noted).toContain(sha256("x"));
  expect(noted).toContain(id);
});

test("a session's id that is no plain name makes no folder", async () => {
  const make = Drive.make({ folder, guacdFolder: "/d" }, asId("../../etc"));
  await expect(make).rejects.toThrow("not a file name");
});

test("the sweep at the start takes what an earlier run left, and nothing of a session that opens meanwhile", async () => {
  for (const name of [sessionNumber(7), `${sessionNumber(8)}.ended`]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "left.txt"), "left");
  }
  const noted: string[] = [];
  const sweep = wipeLeftovers({ folder, guacdFolder: "/drives" }, 1_000, (session) => void noted.push(session));
  mkdirSync(join(folder, sessionNumber(9)));
  expect(await sweep).toBe(2);
  expect(noted.sort()).toEqual([sessionNumber(7), sessionNumber(8)]);
  expect(readdirSync(folder)).toEqual([sessionNumber(9)]);
});
