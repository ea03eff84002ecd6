/**
 * What `gatehouse doctor` says of guacd. It has no authentication of its own: whoever reaches it can connect anywhere, so
 * that it must be reachable by the gate alone. What can be seen from this machine is looked at; the rest is told. The folder
 * for files belongs here too: guacd writes into it as its own user.
 */
import { accessSync, constants, statSync } from "node:fs";
import { createConnection } from "node:net";
import { networkInterfaces } from "node:os";
import { isLoopback, type Config, type HostPort } from "../config.js";
import { askGuacd } from "../doors/rdp/index.js";
import type { DoctorTexts } from "./doctor-texts.js";

const WHY = { silent: "guacdSilent", "not-guacd": "guacdOther" } as const;

/** Whether something listens there, within two seconds. */
export function reachable(at: HostPort): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: at.host, port: at.port, timeout: 2_000 });
    const answer = (found: boolean): void => {
      socket.destroy();
      resolve(found);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
    socket.once("timeout", () => answer(false));
  });
}

/** Addresses of this machine that others can reach, on which guacd answers too. */
async function openTo(port: number): Promise<string[]> {
  const own = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).filter((one) => !one.internal));
  const found = await Promise.all(
    own.map(async ({ address: host }) => ((await reachable({ host, port })) ? host : "")),
  );
  return found.filter((host) => host !== "");
}

/** One line for people; throws with what to do when guacd stands open, hangs or is none. A guacd that is not there is no fault. */
export async function checkGuacd(at: HostPort, texts: DoctorTexts): Promise<string> {
  const answer = await askGuacd(at);
  if (!answer.ok) {
    if (answer.why === "unreachable") return texts.noGuacd();
    throw new Error(texts[WHY[answer.why]]());
  }
  const { version } = answer;
  const pins = answer.args.includes("cert-fingerprints") ? texts.pins() : texts.pinsNot();
  if (!isLoopback(at.host)) return texts.guacdApart(version, pins, `${at.host}:${String(at.port)}`);
  const open = await openTo(at.port);
  if (open.length > 0) throw new Error(texts.guacdOpen(version, open.join(", ")));
  return texts.guacdHere(version, pins);
}

/** One line for people about the folder that guacd and the gate share; throws when files could not pass as they should. */
export function checkDrive(config: Pick<Config, "drive" | "data">, texts: DoctorTexts): string {
  const { drive } = config;
  if (drive === undefined) return texts.noDrive();
  const found = statSync(drive, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) throw new Error(texts.driveNone(drive));
  accessSync(drive, constants.R_OK | constants.W_OK | constants.X_OK);
  if ((found.mode & 0o007) !== 0) throw new Error(texts.driveOpen(drive));
  const uid = process.getuid?.() ?? 0;
  // guacd writes files that only its own user may read.
  const owned = uid === 0 || found.uid === uid;
  if (!owned) throw new Error(texts.driveOther(drive));
  const shared = statSync(config.data, { throwIfNoEntry: false })?.dev === found.dev;
  return shared ? texts.driveShared(drive, config.data) : texts.drive(drive);
}
