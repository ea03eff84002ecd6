/**
 * Files between an operator and a real desktop: each that passes has its row with size and digest, each session has a folder of its
 * own, and what stays in it is noted and wiped whoever ends the session.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openBrowser, signInPage, visit } from "../support/browser.js";
import {
  acks,
  base64,
  CHINESE,
  leaveDesk,
  markersOf,
  openDesk,
  saves,
  settle,
  sha256,
  take,
  transfersOf,
  untilDrive,
  upload,
  type Desk,
  type DeskAccount,
} from "../support/desktop-desk.js";
import { startDesktopLab, type DesktopLab } from "../support/desktop-lab.js";
import { terminal } from "../support/desktops.js";
import { until } from "../support/gatehouse.js";
import { letGoAfterFailure } from "../support/let-go-of-guacd.js";
import { untilDrawn } from "../support/pictures.js";
import { endedSession, eventsOf, sessionsOf } from "../support/trail.js";

let lab: DesktopLab;
let account: DeskAccount;
beforeAll(async () => {
  lab = await startDesktopLab({ drive: true });
}, 120_000);
beforeEach(async () => {
  account = await lab.addDesktop(terminal);
});
afterAll(async () => {
  await lab?.stop();
});
afterEach(async () => {
  for (const { client } of opened.splice(0)) client.leave();
  await lab.guacd.untilIdle(20_000);
  await account.user.wipe();
});
letGoAfterFailure(() => lab?.guacd);

/** Left after each test, also one that fails. */
const opened: Desk[] = [];
async function open(actions: readonly string[], from = account): Promise<Desk> {
  const desk = await openDesk(lab, from, actions);
  opened.push(desk);
  return desk;
}

test("files in by `file` and `put`, out by `get` and by saving; each has its row; hostile names stay names", async () => {
  const desk = await open(["rdp.upload", "rdp.download"]);
  const { client, folder } = desk;
  await upload(desk, ["file", 1, "text/plain", "合同 2026.txt"], 1, CHINESE);
  await upload(desk, ["put", 0, 2, "text/plain", "/put.txt"], 2, "put it");
  expect(readFileSync(join(folder, "合同 2026.txt"), "utf8")).toBe(CHINESE);
  expect(readFileSync(join(folder, "put.txt"), "utf8")).toBe("put it");
  for (const [stream, name] of [
    [3, "../../../etc/passwd"],
    [4, "a\u0000b.txt"],
    [5, "x".repeat(300)],
    [6, "\u001b[31mred"],
  ] as const)
    await upload(desk, ["file", stream, "text/plain", name], stream, "hostile");
  for (const stream of [3, 4, 5, 6]) expect(acks(desk, stream)).toEqual(["768"]);
  client.send("put", 0, 7, "text/plain", "/../../up.txt");
  await until("its refusal", () => acks(desk, 7)[0] === "768");
  expect(
    readdirSync(folder)
      .filter((name) => name !== "Download")
      .sort(),
  ).toEqual(["put.txt", "合同 2026.txt"]);

  client.send("get", 0, "/put.txt");
  const [, stream = ""] = (await client.until("the body", (one) => one.opcode === "body")).args;
  expect(await take(desk, stream)).toBe("put it");

  await saves(account.user, "Download/报表.csv", "a,b\n");
  const [saved = "", , name] = (await client.until("the saved file", (one) => one.opcode === "file")).args;
  expect(name).toBe("报表.csv");
  expect(await take(desk, saved)).toBe("a,b\n");
  const id = await leaveDesk(lab, desk);
  const row = (direction: string, path: string, text: string): unknown =>
    expect.objectContaining({ direction, path, size: Buffer.byteLength(text), sha256: sha256(text), sequential: true });
  expect(await transfersOf(lab, id)).toEqual([
    row("upload", "合同 2026.txt", CHINESE),
    row("upload", "/put.txt", "put it"),
    row("download", "/put.txt", "put it"),
    row("download", "报表.csv", "a,b\n"),
  ]);
  expect(await eventsOf(lab.house, desk.operator.login, "transfer.refused")).toHaveLength(5);
  await until("the wiping", () => readdirSync(lab.drive).length === 0);
});

test("two operators' desktops have a folder each and see nothing of the other's", async () => {
  const other = await lab.addDesktop(terminal);
  const [one, two] = [await open(["rdp.upload", "rdp.download"]), await open(["rdp.upload", "rdp.download"], other)];
  await upload(one, ["file", 1, "text/plain", "mine.txt"], 1, "mine");
  expect(readdirSync(two.folder)).not.toContain("mine.txt");
  for (const path of [`/../${one.client.sessionId}/mine.txt`, "/../", `\\..\\${one.client.sessionId}\\mine.txt`])
    two.client.send("get", 0, path);
  two.client.send("get", 0, "/mine.txt");
  await settle(1_000);
  const bodies = two.client.heard.filter((each) => each.opcode === "blob").map((each) => each.args[1] ?? "");
  expect(bodies.map((each) => Buffer.from(each, "base64").toString()).join()).not.toContain("mine");
  const seen = await other.user.run("ls -R ~/thinclient_drives").catch(() => Buffer.from(""));
  expect(seen.toString()).not.toContain("mine.txt");
  await leaveDesk(lab, one);
  await leaveDesk(lab, two);
  await other.user.wipe();
});

test("what a gate that was killed left is noted in its log at the next start, and wiped", async () => {
  const desk = await open(["rdp.upload"]);
  await upload(desk, ["file", 1, "text/plain", "left.txt"], 1, CHINESE);
  await lab.house.kill("SIGKILL");
  expect(existsSync(join(desk.folder, "left.txt"))).toBe(true);
  await lab.house.restart();
  await until("the wiping", () => readdirSync(lab.drive).length === 0);
  const line = lab.house
    .output()
    .split("\n")
    .find((each) => each.includes("earlier run's drive") && each.includes(desk.client.sessionId));
  expect(line).toContain(sha256(CHINESE));
});

test("a drive that is full: guacd's refusal reaches the operator, the row says that it was cut, the session goes on", async () => {
  const desk = await open(["rdp.upload"]);
  execFileSync("mount", [
    "-t",
    "tmpfs",
    "-o",
    `size=64k,mode=770,uid=${lab.guacd.uid},gid=${lab.guacd.uid}`,
    "tmpfs",
    desk.folder,
  ]);
  try {
    desk.client.send("file", 1, "application/octet-stream", "big.bin");
    await until("its beginning", () => acks(desk, 1).length === 1);
    for (let at = 0; at < 30 && !acks(desk, 1).some((status) => status !== "0"); at++) {
      desk.client.send("blob", 1, Buffer.alloc(4_096, at).toString("base64"));
      await until("its ack", () => acks(desk, 1).length === at + 2);
    }
    expect(Number(acks(desk, 1).at(-1))).toBeGreaterThanOrEqual(256);
    const shown = desk.client.heard.length;
    await until("the desktop to go on", () => desk.client.heard.length > shown + 3);
  } finally {
    execFileSync("umount", ["--lazy", desk.folder]);
  }
  const [cut] = await transfersOf(lab, await leaveDesk(lab, desk));
  expect(cut).toMatchObject({ path: "big.bin", sequential: false });
  await until("the wiping", () => readdirSync(lab.drive).length === 0);
});

test("in the page: a file goes in by the file chooser, one saved on the desktop comes as a download, both with the right bytes", async () => {
  const { user, accountId } = account;
  const operator = await lab.operator(accountId, ["rdp.connect", "rdp.upload", "rdp.download"]);
  const browser = await openBrowser();
  try {
    const { page, faults } = await visit(browser, { locale: "en" });
    await signInPage(page, lab.house.http, operator, 1);
    await page.goto(`${lab.house.http}/access/${accountId}/desktop`);
    await user.untilShown(30_000);
    await untilDrawn(page);
    await page.keyboard.press("Control+Alt+Shift");
    await page.getByRole("button", { name: "Files" }).click();
    const bytes = randomBytes(300_000);
    const file = { name: "合同 2026.bin", mimeType: "application/octet-stream", buffer: bytes };
    await page.locator('input[type="file"]').setInputFiles(file);
    const arrived = (): string[] => readdirSync(lab.drive, { recursive: true }).map(String);
    const path = await until("the file", () => arrived().find((name) => name.endsWith(file.name)));
    await until("all of it", () => readFileSync(join(lab.drive, path)).length === bytes.length);
    expect(readFileSync(join(lab.drive, path)).equals(bytes)).toBe(true);
    await page.locator("li", { hasText: file.name }).getByText("complete").waitFor({ timeout: 10_000 });
    await untilDrive(user);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      user.run('cd ~/thinclient_drives/* && mkdir -p Download && cp "合同 2026.bin" Download/回.bin'),
    ]);
    expect(download.suggestedFilename()).toBe("回.bin");
    expect(readFileSync(await download.path()).equals(bytes)).toBe(true);
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
  }
  // The desktop would wait for its page.
  const [{ id } = { id: "" }] = await sessionsOf(lab.house, operator.login);
  await (await lab.house.as("carol")).call("POST", `/sessions/${id}/stop`, { reason: "enough" });
  await endedSession(lab.house, operator.login);
  expect(await transfersOf(lab, id)).toMatchObject([
    { direction: "upload", path: "合同 2026.bin", size: 300_000, sequential: true },
    { direction: "download", path: "回.bin", size: 300_000, sequential: true },
  ]);
}, 120_000);

test("a manager's stop: the file under way and the file left are on record, links are not followed, nothing stays", async () => {
  const desk = await open(["rdp.upload", "rdp.download"]);
  desk.client.send("file", 1, "text/plain", "half.bin");
  await until("its beginning", () => acks(desk, 1).length === 1);
  desk.client.send("blob", 1, base64("half of it"));
  await until("its bytes", () => acks(desk, 1).length === 2);
  await saves(account.user, "留下.txt", CHINESE);
  await until("the file in the folder", () => existsSync(join(desk.folder, "留下.txt")));
  symlinkSync("/etc/shadow", join(desk.folder, "shadow"));
  const carol = await lab.house.as("carol");
  const at = Date.now();
  await carol.call("POST", `/sessions/${desk.client.sessionId}/stop`, { reason: "enough" });
  await desk.client.closed;
  expect(Date.now() - at).toBeLessThan(2_000);
  const ended = await endedSession(lab.house, desk.operator.login);
  expect(await transfersOf(lab, ended.id)).toMatchObject([
    { path: "half.bin", size: 10, sha256: sha256("half of it"), sequential: false },
  ]);
  const notes = (await markersOf(lab, ended.id)).map(({ text }) => text).join("\n");
  expect(notes).toContain("留下.txt");
  expect(notes).toContain(sha256(CHINESE));
  expect(notes).not.toContain("shadow");
  expect(readFileSync("/etc/shadow").length).toBeGreaterThan(0);
  await until("the wiping", () => readdirSync(lab.drive).length === 0);
});
