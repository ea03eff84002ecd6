/**
 * Copy, paste, upload and download on a real desktop: each off unless granted, refused by the gate's filter alone and by guacd's
 * arguments alone; what passes is on record.
 */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  acks,
  base64,
  CHINESE,
  heard,
  leaveDesk,
  markersOf,
  openDesk,
  paste,
  saves,
  settle,
  sha256,
  upload,
  type Desk,
  type DeskAccount,
} from "../support/desktop-desk.js";
import { startDesktopLab, type DesktopLab } from "../support/desktop-lab.js";
import type { DesktopUser } from "../support/desktop-user.js";
import { terminal } from "../support/desktops.js";
import { until } from "../support/gatehouse.js";
import { startGuacdRelay, type GuacdRelay } from "../support/guacd-relay.js";
import { letGoAfterFailure } from "../support/let-go-of-guacd.js";
import { talkToGuacd } from "../support/raw-guacd.js";
import { eventsOf } from "../support/trail.js";

const RIGHTS = ["rdp.copy", "rdp.paste", "rdp.upload", "rdp.download"] as const;
let relay: GuacdRelay;
let lab: DesktopLab;
let account: DeskAccount;
beforeAll(async () => {
  relay = await startGuacdRelay();
  lab = await startDesktopLab({ drive: true, env: { GATEHOUSE_GUACD: `127.0.0.1:${relay.port}` } });
  relay.target = lab.guacd.port;
}, 120_000);
beforeEach(async () => {
  account = await lab.addDesktop(terminal);
});
afterAll(async () => {
  await lab?.stop();
  await relay?.stop();
});
afterEach(async () => {
  relay.override = {};
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

/** Copies on the desktop until the desktop's own clipboard has it. */
async function copies(user: DesktopUser, text: string): Promise<void> {
  await user.setClipboard(text);
  await until("the desktop's clipboard", async () => (await user.clipboard()) === text);
}
/** Whether it happens: what is granted has long to come, what is not has 0.7 s to show itself. */
async function happens(granted: boolean, probe: () => Promise<boolean> | boolean): Promise<boolean> {
  if (granted) await until("what is granted", probe);
  else await settle(700);
  return probe();
}

/** Tries all four; what passed. */
async function tryAll(desk: Desk, user: DesktopUser, granted: readonly string[]): Promise<string[]> {
  const passed: string[] = [];
  const trial = async (right: string, probe: () => Promise<boolean> | boolean): Promise<void> => {
    if (await happens(granted.includes(right), probe)) passed.push(right);
  };
  const { client } = desk;
  const mark = `试 ${client.sessionId.slice(0, 8)}`;
  paste(desk, 1, mark);
  await until("the paste's answer", () => acks(desk, 1).length > 0);
  await trial("rdp.paste", async () => (await user.clipboard()) === mark);
  await copies(user, `出 ${mark}`);
  await trial("rdp.copy", () => heard(desk, "clipboard").length > 0);
  await upload(desk, ["file", 2, "text/plain", "上传.txt"], 2, CHINESE);
  if (acks(desk, 2).every((status) => status === "0")) passed.push("rdp.upload");
  if (existsSync(desk.folder)) {
    writeFileSync(join(desk.folder, "there.txt"), CHINESE);
    client.send("get", 0, "/there.txt");
  } else client.send("get", 0, "/");
  await trial("rdp.download", () => heard(desk, "body").length > 0);
  return passed;
}

const OFF = {
  "enable-printing": "false",
  "enable-audio-input": "false",
  "disable-audio": "true",
  "static-channels": "",
  "enable-sftp": "false",
  "recording-path": "",
  "create-drive-path": "false",
};
test.each([[], ...RIGHTS.map((right) => [right]), [...RIGHTS]].map((granted) => ({ granted })))(
  "granted $granted: just that passes, guacd is told the same, and what was refused is in the log",
  async ({ granted }) => {
    const desk = await open(granted);
    const asked = relay.connects.at(-1) ?? {};
    const has = (right: string): boolean => granted.some((one) => one === right);
    const files = has("rdp.upload") || has("rdp.download");
    expect(asked).toMatchObject({
      ...OFF,
      "disable-copy": String(!has("rdp.copy")),
      "disable-paste": String(!has("rdp.paste")),
      "disable-upload": String(!has("rdp.upload")),
      "disable-download": String(!has("rdp.download")),
      "enable-drive": String(files),
      "drive-path": files ? desk.folder : "",
    });
    expect(existsSync(desk.folder)).toBe(files);
    expect((await tryAll(desk, account.user, granted)).sort()).toEqual([...granted].sort());
    if (!has("rdp.paste")) expect(acks(desk, 1)).toEqual(["771"]);
    if (!has("rdp.upload")) expect(acks(desk, 2)).toEqual(["771"]);
    await leaveDesk(lab, desk);
    const { login } = desk.operator;
    const refusals = await eventsOf(lab.house, login, "channel.refused");
    expect(refusals.map(({ detail }) => detail["what"])).toEqual(has("rdp.paste") ? [] : ["paste"]);
    const files_ = (await eventsOf(lab.house, login, "transfer.refused")).map(({ detail }) => detail["what"]);
    expect(files_.includes("upload")).toBe(!has("rdp.upload"));
    expect(files_.includes("get")).toBe(!files);
    await until("the wiping", () => readdirSync(lab.drive).length === 0);
  },
);

test("the gate's filter alone holds when guacd was told to let everything pass", async () => {
  const folder = lab.guacd.driveFolder();
  writeFileSync(join(folder, "there.txt"), "there");
  const off = ["disable-copy", "disable-paste", "disable-upload", "disable-download"];
  relay.override = {
    ...Object.fromEntries(off.map((name) => [name, "false"])),
    "enable-drive": "true",
    "drive-path": folder,
  };
  const desk = await open([]);
  expect(await tryAll(desk, account.user, [])).toEqual([]);
  desk.client.send("put", 0, 3, "text/plain", "/put.txt");
  desk.client.send("blob", 3, base64("put"));
  desk.client.send("end", 3);
  await saves(account.user, "Download/out.txt", "out");
  await settle(1_000);
  expect(acks(desk, 3)).toEqual(["771"]);
  for (const opcode of ["file", "body", "filesystem", "clipboard", "pipe", "audio"])
    expect(heard(desk, opcode), opcode).toEqual([]);
  await leaveDesk(lab, desk);
  expect(readdirSync(folder, { recursive: true }).filter((name) => /上传|put/.test(String(name)))).toEqual([]);
  const { login } = desk.operator;
  const refused = [
    ...(await eventsOf(lab.house, login, "channel.refused")),
    ...(await eventsOf(lab.house, login, "transfer.refused")),
  ].map(({ detail }) => detail["what"]);
  expect([...new Set(refused)].sort()).toEqual(["copy", "download", "get", "paste", "upload"]);
});

test("guacd's own arguments alone hold when no filter stands before it", async () => {
  await leaveDesk(lab, await open([]));
  const asked = { ...relay.connects.at(-1) };
  const raw = talkToGuacd(lab.guacd.port, asked);
  await raw.until(([opcode]) => opcode === "sync");
  await account.user.untilShown(30_000);
  raw.send(["clipboard", "1", "text/plain"], ["blob", "1", base64(CHINESE)], ["end", "1"]);
  raw.send(["file", "2", "text/plain", "x.txt"], ["put", "0", "3", "text/plain", "/x.txt"], ["get", "0", "/"]);
  const refused = await raw.until(([opcode, stream]) => opcode === "ack" && stream === "1");
  expect(refused[3]).toBe("256");
  expect((await raw.until(([opcode, stream]) => opcode === "ack" && stream === "2"))[3]).toBe("256");
  await copies(account.user, "out");
  await settle(1_000);
  const opcodes = new Set(raw.heard.map(([opcode]) => opcode));
  for (const opcode of ["clipboard", "file", "body", "filesystem", "audio", "pipe"])
    expect(opcodes).not.toContain(opcode);
  await raw.leave();
});

test("Chinese text both ways is in the recording, its size and digest in the event, and the text in no event", async () => {
  const desk = await open(["rdp.copy", "rdp.paste"]);
  paste(desk, 1, CHINESE);
  await until("the text on the desktop", async () => (await account.user.clipboard()) === CHINESE);
  const out = `${CHINESE} ——回`;
  const before = heard(desk, "blob").length;
  await copies(account.user, out);
  await until("the text in the browser", () =>
    heard(desk, "blob")
      .slice(before)
      .some(([, data]) => Buffer.from(data ?? "", "base64").toString() === out),
  );
  const id = await leaveDesk(lab, desk);
  const events = await eventsOf(lab.house, desk.operator.login, "clipboard.passed");
  for (const [direction, text] of [
    ["paste", CHINESE],
    ["copy", out],
  ] as const) {
    const facts = { direction, mimetype: "text/plain", size: Buffer.byteLength(text), sha256: sha256(text) };
    expect(events.map(({ detail }) => detail)).toContainEqual(expect.objectContaining(facts));
  }
  expect(JSON.stringify(events)).not.toContain("汇款");
  const clips = (await markersOf(lab, id)).filter(({ kind }) => kind === "clipboard");
  expect(clips.map(({ text }) => text).join()).toContain(out);
});
