/**
 * Copy, paste, upload and download on a real desktop: each off unless granted, refused by the gate's filter alone and by guacd's
 * arguments alone; what passes is on record; the drive is one folder a session, noted and wiped whoever ends it.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openDesktop, type DesktopClient } from "../support/desktop-client.js";
import { startDesktopLab, type DesktopLab, type DesktopOperator } from "../support/desktop-lab.js";
import type { DesktopUser } from "../support/desktop-user.js";
import { terminal } from "../support/desktops.js";
import { until } from "../support/gatehouse.js";
import { startGuacdRelay, type GuacdRelay } from "../support/guacd-relay.js";
import { talkToGuacd } from "../support/raw-guacd.js";
import { endedSession, eventsOf } from "../support/trail.js";

const RIGHTS = ["rdp.copy", "rdp.paste", "rdp.upload", "rdp.download"] as const;
const CHINESE = "汇款给王小姐：人民币 1,000 元";
let relay: GuacdRelay;
let lab: DesktopLab;
let account: { readonly accountId: string; readonly user: DesktopUser };
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
  for (const client of opened.splice(0)) client.leave();
  await lab.guacd.untilIdle(20_000);
  await account.user.wipe();
});

const opened: DesktopClient[] = [];
const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Desk {
  readonly operator: DesktopOperator;
  readonly client: DesktopClient;
  /** The session's own folder. */
  readonly folder: string;
}
async function open(actions: readonly string[], from = account): Promise<Desk> {
  const operator = await lab.operator(from.accountId, ["rdp.connect", ...actions]);
  const client = await openDesktop(operator.api, from.accountId);
  await from.user.untilShown(30_000);
  const desk = { operator, client, folder: join(lab.drive, client.sessionId) };
  opened.push(client);
  if (existsSync(desk.folder)) await client.until("the drive", (one) => one.opcode === "filesystem");
  return desk;
}
async function leave({ operator, client }: Desk): Promise<string> {
  client.leave();
  return (await endedSession(lab.house, operator.login)).id;
}
const acks = ({ client }: Desk, stream: number): string[] =>
  client.heard.filter((one) => one.opcode === "ack" && one.args[0] === String(stream)).map((one) => one.args[2] ?? "");

function paste({ client }: Desk, stream: number, text: string): void {
  client.send("clipboard", stream, "text/plain");
  client.send("blob", stream, base64(text));
  client.send("end", stream);
}
async function upload(desk: Desk, opening: readonly (string | number)[], stream: number, text: string): Promise<void> {
  desk.client.send(...opening);
  await until("the opening's ack", () => acks(desk, stream).length === 1);
  if (acks(desk, stream)[0] !== "0") return;
  desk.client.send("blob", stream, base64(text));
  await until("the bytes' ack", () => acks(desk, stream).length === 2);
  desk.client.send("end", stream);
  await settle(200);
}

/** The desktop's channel server may own the clipboard and never hand out a text that was refused to it. */
const clipboardOf = async (user: DesktopUser): Promise<string> =>
  (await user.run("timeout 2 xclip -selection clipboard -out 2>/dev/null || true")).toString();
/** Copies on the desktop until the desktop's own clipboard has it. */
async function copies(user: DesktopUser, text: string): Promise<void> {
  await user.setClipboard(text);
  await until("the desktop's clipboard", async () => (await clipboardOf(user)) === text);
}
/** The desktop writes a file into the folder that guacd hands out. */
async function saves(user: DesktopUser, name: string, text: string): Promise<void> {
  await until("the drive on the desktop", async () => (await user.run("ls ~/thinclient_drives")).length > 0);
  await user.run(`cd ~/thinclient_drives/* && mkdir -p Download && cat > "${name}"`, text);
}
const heard = ({ client }: Desk, opcode: string): readonly (readonly string[])[] =>
  client.heard.filter((one) => one.opcode === opcode).map((one) => one.args);

/** Tries all four; what passed. */
async function tryAll(desk: Desk, user: DesktopUser): Promise<string[]> {
  const passed: string[] = [];
  const { client } = desk;
  const mark = `试 ${client.sessionId.slice(0, 8)}`;
  paste(desk, 1, mark);
  await until("the paste's answer", () => acks(desk, 1).length > 0);
  await settle(500);
  if ((await clipboardOf(user)) === mark) passed.push("rdp.paste");
  await copies(user, `出 ${mark}`);
  await settle(500);
  if (heard(desk, "clipboard").length > 0) passed.push("rdp.copy");
  await upload(desk, ["file", 2, "text/plain", "上传.txt"], 2, CHINESE);
  if (acks(desk, 2).every((status) => status === "0")) passed.push("rdp.upload");
  if (existsSync(desk.folder)) {
    writeFileSync(join(desk.folder, "there.txt"), CHINESE);
    client.send("get", 0, "/there.txt");
  } else client.send("get", 0, "/");
  await settle(700);
  if (heard(desk, "body").length > 0) passed.push("rdp.download");
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
    expect((await tryAll(desk, account.user)).sort()).toEqual([...granted].sort());
    if (!has("rdp.paste")) expect(acks(desk, 1)).toEqual(["771"]);
    if (!has("rdp.upload")) expect(acks(desk, 2)).toEqual(["771"]);
    await leave(desk);
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
  expect(await tryAll(desk, account.user)).toEqual([]);
  desk.client.send("put", 0, 3, "text/plain", "/put.txt");
  desk.client.send("blob", 3, base64("put"));
  desk.client.send("end", 3);
  await saves(account.user, "Download/out.txt", "out");
  await settle(1_000);
  expect(acks(desk, 3)).toEqual(["771"]);
  for (const opcode of ["file", "body", "filesystem", "clipboard", "pipe", "audio"])
    expect(heard(desk, opcode), opcode).toEqual([]);
  await leave(desk);
  expect(readdirSync(folder, { recursive: true }).filter((name) => /上传|put/.test(String(name)))).toEqual([]);
  const { login } = desk.operator;
  const refused = [
    ...(await eventsOf(lab.house, login, "channel.refused")),
    ...(await eventsOf(lab.house, login, "transfer.refused")),
  ].map(({ detail }) => detail["what"]);
  expect([...new Set(refused)].sort()).toEqual(["copy", "download", "get", "paste", "upload"]);
});

test("guacd's own arguments alone hold when no filter stands before it", async () => {
  await leave(await open([]));
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
  await until("the text on the desktop", async () => (await clipboardOf(account.user)) === CHINESE);
  const out = `${CHINESE} ——回`;
  const before = heard(desk, "blob").length;
  await copies(account.user, out);
  await until("the text in the browser", () =>
    heard(desk, "blob")
      .slice(before)
      .some(([, data]) => Buffer.from(data ?? "", "base64").toString() === out),
  );
  const id = await leave(desk);
  const events = await eventsOf(lab.house, desk.operator.login, "clipboard.passed");
  for (const [direction, text] of [
    ["paste", CHINESE],
    ["copy", out],
  ] as const) {
    const facts = { direction, mimetype: "text/plain", size: Buffer.byteLength(text), sha256: sha256(text) };
    expect(events.map(({ detail }) => detail)).toContainEqual(expect.objectContaining(facts));
  }
  expect(JSON.stringify(events)).not.toContain("汇款");
  const clips = (await markers(id)).filter(({ kind }) => kind === "clipboard");
  expect(clips.map(({ text }) => text).join()).toContain(out);
});

async function markers(sessionId: string): Promise<readonly { readonly kind: string; readonly text: string }[]> {
  const auditor = await lab.house.as("ivan");
  const { session } = await auditor.call("GET", `/sessions/${sessionId}`);
  return (await auditor.call("GET", `/recordings/${session.recordingId}/index`)).markers;
}
async function transfersOf(sessionId: string): Promise<readonly Record<string, unknown>[]> {
  return (await (await lab.house.as("ivan")).call("GET", `/sessions/${sessionId}`)).transfers;
}

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
  expect(await transfersOf(ended.id)).toMatchObject([
    { path: "half.bin", size: 10, sha256: sha256("half of it"), sequential: false },
  ]);
  const notes = (await markers(ended.id)).map(({ text }) => text).join("\n");
  expect(notes).toContain("留下.txt");
  expect(notes).toContain(sha256(CHINESE));
  expect(notes).not.toContain("shadow");
  expect(readFileSync("/etc/shadow").length).toBeGreaterThan(0);
  await until("the wiping", () => readdirSync(lab.drive).length === 0);
});
