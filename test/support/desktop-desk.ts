/**
 * An operator at a real desktop whose rights are being tried: opens and leaves it, pastes and uploads as the page does, and reads
 * what the session left. It has no picture of its own and judges nothing.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openDesktop, type DesktopClient, type Heard } from "./desktop-client.js";
import type { DesktopLab, DesktopOperator } from "./desktop-lab.js";
import type { DesktopUser } from "./desktop-user.js";
import { until } from "./gatehouse.js";
import { endedSession } from "./trail.js";

export const CHINESE = "汇款给王小姐：人民币 1,000 元";

export const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");
export const base64 = (text: string | Buffer): string => Buffer.from(text).toString("base64");
export const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface DeskAccount {
  readonly accountId: string;
  readonly user: DesktopUser;
}

export interface Desk {
  readonly operator: DesktopOperator;
  readonly client: DesktopClient;
  /** The session's own folder, whether or not it was made. */
  readonly folder: string;
}

/** Between this xrdp and this guacd a connection hangs now and then, before its picture or its drive; then once more, from nothing. */
const TRIES = 3;

/** A new operator's desktop under these rights besides connecting, with its drive where it has one. */
export async function openDesk(lab: DesktopLab, account: DeskAccount, actions: readonly string[]): Promise<Desk> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const desk = await sitDown(lab, account, actions);
    if (await cameUp(desk, account)) return desk;
    desk.client.leave();
    lab.guacd.release();
    await account.user.wipe();
  }
  throw new Error(`a desktop did not come up with its drive, ${String(TRIES)} times`);
}

async function sitDown(lab: DesktopLab, account: DeskAccount, actions: readonly string[]): Promise<Desk> {
  const operator = await lab.operator(account.accountId, ["rdp.connect", ...actions]);
  const client = await openDesktop(operator.api, account.accountId);
  return { operator, client, folder: join(lab.drive, client.sessionId) };
}

/** Whether it shows itself, and guacd announced the drive where there is to be one. */
async function cameUp({ client, folder }: Desk, { user }: DeskAccount): Promise<boolean> {
  const shown = user.untilShown(20_000);
  const whole = shown.then(async () => {
    if (existsSync(folder)) await client.until("the drive", (one) => one.opcode === "filesystem");
  });
  return whole.then(
    () => true,
    () => false,
  );
}

/** Leaves as the page does; answers the session's id once it has ended. */
export async function leaveDesk(lab: DesktopLab, { operator, client }: Desk): Promise<string> {
  client.leave();
  return (await endedSession(lab.house, operator.login)).id;
}

/** The arguments of every instruction of one name that the browser heard. */
export function heard({ client }: Desk, opcode: string): readonly (readonly string[])[] {
  return client.heard.filter((one) => one.opcode === opcode).map((one) => one.args);
}

/** The numbers a stream of the browser's was answered with. */
export function acks(desk: Desk, stream: number): readonly string[] {
  return heard(desk, "ack")
    .filter(([index]) => index === String(stream))
    .map((args) => args[2] ?? "");
}

export function paste({ client }: Desk, stream: number, text: string): void {
  client.send("clipboard", stream, "text/plain");
  client.send("blob", stream, base64(text));
  client.send("end", stream);
}

/** One small file, each step after the answer to the one before. Goes no further than a refusal. */
export async function upload(
  desk: Desk,
  opening: readonly (string | number)[],
  stream: number,
  text: string,
): Promise<void> {
  desk.client.send(...opening);
  await until("the opening's ack", () => acks(desk, stream).length === 1);
  if (acks(desk, stream)[0] !== "0") return;
  desk.client.send("blob", stream, base64(text));
  await until("the bytes' ack", () => acks(desk, stream).length === 2);
  if (acks(desk, stream)[1] !== "0") return;
  desk.client.send("end", stream);
  await until("the end's ack", () => acks(desk, stream).length === 3);
}

/** Takes the bytes of a stream of guacd's, as the page does. */
export async function take({ client }: Desk, stream: string): Promise<string> {
  // guacd uses a stream's number again.
  const before = new Set(client.heard);
  const of = (opcode: string) => (one: Heard) => !before.has(one) && one.opcode === opcode && one.args[0] === stream;
  client.send("ack", stream, "OK", 0);
  const blob = await client.until("its bytes", of("blob"));
  client.send("ack", stream, "OK", 0);
  await client.until("its end", of("end"));
  return Buffer.from(blob.args[1] ?? "", "base64").toString();
}

/** The folder that guacd hands out has appeared on the desktop. */
export async function untilDrive(user: DesktopUser): Promise<void> {
  await until("the drive on the desktop", async () => (await user.run("ls ~/thinclient_drives")).length > 0);
}

/** The desktop writes a file into the folder that guacd hands out. */
export async function saves(user: DesktopUser, name: string, text: string): Promise<void> {
  await untilDrive(user);
  await user.run(`cd ~/thinclient_drives/* && mkdir -p Download && cat > "${name}"`, text);
}

export async function markersOf(
  lab: DesktopLab,
  sessionId: string,
): Promise<readonly { readonly kind: string; readonly text: string }[]> {
  const auditor = await lab.house.as("ivan");
  const { session } = await auditor.call("GET", `/sessions/${sessionId}`);
  return (await auditor.call("GET", `/recordings/${session.recordingId}/index`)).markers;
}

export async function transfersOf(
  lab: DesktopLab,
  sessionId: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await (await lab.house.as("ivan")).call("GET", `/sessions/${sessionId}`)).transfers;
}
