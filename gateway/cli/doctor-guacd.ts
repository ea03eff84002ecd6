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

const WHY = {
  unreachable: "not reachable; needed for desktops only",
  silent: "something listens there and says nothing: restart guacd, or correct GATEHOUSE_GUACD",
  "not-guacd": "what listens there is not guacd: correct GATEHOUSE_GUACD",
} as const;

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
export async function checkGuacd(at: HostPort): Promise<string> {
  const answer = await askGuacd(at);
  if (!answer.ok) {
    if (answer.why === "unreachable") return WHY.unreachable;
    throw new Error(WHY[answer.why]);
  }
  const version = `guacd ${answer.version}`;
  const pins = answer.args.includes("cert-fingerprints")
    ? "pins certificates"
    : "cannot pin certificates: desktops must be marked as not checked";
  if (!isLoopback(at.host)) {
    return `${version}, ${pins}; it asks nobody who he is: keep ${at.host}:${String(at.port)} on a network of its own with the gate`;
  }
  const open = await openTo(at.port);
  if (open.length > 0) {
    throw new Error(
      `${version} answers on ${open.join(", ")} too, and asks nobody who he is: start it with -b 127.0.0.1`,
    );
  }
  return `${version} on loopback, ${pins}; every user of this machine can reach it`;
}

/** One line for people about the folder that guacd and the gate share; throws when files could not pass as they should. */
export function checkDrive(config: Pick<Config, "drive" | "data">): string {
  const { drive } = config;
  if (drive === undefined) return "GATEHOUSE_DRIVE is not set: no files pass to or from desktops";
  const found = statSync(drive, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) throw new Error(`${drive} is no folder: make it, for guacd and the gate alone`);
  accessSync(drive, constants.R_OK | constants.W_OK | constants.X_OK);
  if ((found.mode & 0o007) !== 0) throw new Error(`others can reach ${drive}: chmod o-rwx ${drive}`);
  const uid = process.getuid?.() ?? 0;
  // guacd writes files that only its own user may read.
  const owned = uid === 0 || found.uid === uid;
  if (!owned) throw new Error(`${drive} belongs to another user: run guacd and the gate as one, who owns it`);
  const shared = statSync(config.data, { throwIfNoEntry: false })?.dev === found.dev;
  return shared ? `${drive}; it fills the disk of ${config.data}: better a file system of its own` : drive;
}
