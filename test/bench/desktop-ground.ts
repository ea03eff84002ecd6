/**
 * What the desktop measurements stand on: one real guacd and xrdp, and before the same guacd the gateway and a bare guacamole-lite,
 * each its own process. The browsers, and the stand-in that notes guacd's frames, are processes of their own too.
 */
import { createCipheriv, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ticketFor } from "../support/desktop-client.js";
import { CHOICES, startDesktopLab, type DesktopLab, type DesktopOperator } from "../support/desktop-lab.js";
import { working } from "../support/desktops.js";
import { startChild, type Child } from "./child.js";
import type { Entry, Seen } from "./desktop-clients.js";
import { passages, type Stamp } from "./desktop-syncs.js";
import { cpuSeconds } from "./ground.js";

interface Seat {
  readonly login: string;
  readonly password: string;
  readonly operator: DesktopOperator;
}

/** One of the two that are compared. */
export interface Way {
  readonly name: string;
  pid(): number;
  /** One entry for each seat. */
  entries(seats: readonly Seat[]): Promise<Entry[]>;
  /** Starts its process anew. */
  restart(): Promise<void>;
  /** The recordings made so far: the gateway's own, or guacd's beside guacamole-lite. */
  recordings(): Buffer[];
}

export interface Window {
  readonly cpuMs: number;
  /** What of it the process's first thread used: the rest are workers, the collector, compression. */
  readonly firstThreadMs: number;
  readonly bytes: number;
  /** How long each frame took from guacd's socket to the browser. */
  readonly passedMs: readonly number[];
}

export interface DesktopGround {
  readonly gate: Way;
  readonly lite: Way;
  readonly seats: readonly Seat[];
  readonly guacd: Child;
  /** Opens a desktop for each entry; resolves when all show a picture. */
  open(entries: readonly Entry[]): Promise<void>;
  /** What this way costs and delays while all open desktops are watched so long. */
  watch(way: Way, forMs: number): Promise<Window>;
  /** Ends every desktop, and waits until guacd knows it and both ways are done with what they owe; answers the CPU that they owed. */
  leave(way: Way): Promise<number>;
  stop(): Promise<void>;
}

const QUIET_MS = 400;
const QUIET_SHARE = 0.08;
const QUIET_WITHIN_MS = 60_000;
const LINE_MS = 50;
const PICTURE_MS = 1_000;
/** As the gateway's door asks guacd for it. */
const SETTINGS = { security: "any", "ignore-cert": "true", "color-depth": "24", "disable-audio": "true", audio: [] };
const RESIZE = { "resize-method": "display-update", "server-layout": CHOICES.keyboardLayout };

/** A token as guacamole-lite wants it: AES-256-CBC without a check, in base64 twice. */
function token(key: Buffer, settings: Readonly<Record<string, unknown>>): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", key, iv);
  const text = JSON.stringify({ connection: { type: "rdp", settings } });
  const value = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.from(JSON.stringify({ iv: iv.toString("base64"), value: value.toString("base64") })).toString("base64");
}

function filesOf(folder: string, ending: string): Buffer[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(ending));
  return names.map((name) => readFileSync(join(folder, name)));
}

async function liteWay(lab: DesktopLab, guacdPort: number): Promise<Way & { stop(): Promise<void> }> {
  const key = randomBytes(32);
  const folder = lab.guacd.driveFolder();
  let peer: Child;
  let port = 0;
  let opened = 0;
  const launch = async (): Promise<void> => {
    peer = await startChild("desktop-peer.ts");
    ({ port } = await peer.ask<{ port: number }>("listen", { guacdPort, key: key.toString("base64") }));
  };
  await launch();
  const entry = ({ login, password }: Seat): Entry => {
    const { width, height, dpi } = CHOICES;
    const target = { hostname: lab.xrdp.host, port: String(lab.xrdp.port), username: login, password };
    const recording = { "recording-path": folder, "recording-name": `n${(opened += 1)}.guac` };
    const text = token(key, { ...SETTINGS, ...RESIZE, ...target, ...recording, width, height, dpi });
    return { url: `ws://127.0.0.1:${port}/?token=${encodeURIComponent(text)}`, protocols: [], headers: {} };
  };
  return {
    name: "guacamole-lite",
    pid: () => peer.pid,
    entries: (seats) => Promise.resolve(seats.map(entry)),
    recordings: () => filesOf(folder, ".guac"),
    async restart() {
      await peer.stop();
      await launch();
    },
    stop: () => peer.stop(),
  };
}

function gateWay({ house }: DesktopLab): Way {
  return {
    name: "gatehouse",
    pid: () => house.process.pid ?? 0,
    entries: (seats) =>
      Promise.all(
        seats.map(async ({ operator: { api, accountId } }) => ({
          url: `${api.base.replace(/^http/, "ws")}/desktop`,
          protocols: ["gatehouse.desktop", `ticket.${await ticketFor(api, accountId)}`],
          headers: { cookie: api.cookie, origin: api.base },
        })),
      ),
    recordings: () => filesOf(join(house.data, "recordings"), ".ghr"),
    async restart() {
      await house.kill("SIGTERM");
      await house.restart();
    },
  };
}

/** Lays it with one desktop and so many people who may open it; what was started is stopped again when something fails. `profile`: where the gateway's CPU profile goes. */
export async function layDesktops(people: number, profile?: string): Promise<DesktopGround> {
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of undo.splice(0).reverse()) await end();
  };
  try {
    const guacd = await startChild("desktop-guacd.ts");
    undo.push(() => guacd.stop());
    const { port } = await guacd.ask<{ port: number }>("listen");
    const clients = await startChild("desktop-clients.ts");
    undo.push(() => clients.stop());
    const env = {
      GATEHOUSE_GUACD: `127.0.0.1:${port}`,
      GATEHOUSE_MAX_SESSIONS_PER_PERSON: "100",
      GATEHOUSE_LOG_LEVEL: "warn",
      ...(profile === undefined
        ? {}
        : { NODE_OPTIONS: `--import=${join(import.meta.dirname, "profile.mjs")}`, GATEHOUSE_BENCH_PROFILE: profile }),
    };
    const lab = await startDesktopLab({ env });
    undo.push(async () => {
      if (profile !== undefined) await lab.house.kill("SIGTERM");
      await lab.stop();
    });
    await guacd.ask("forward", { port: lab.guacd.port });
    const lite = await liteWay(lab, port);
    undo.push(() => lite.stop());
    const { accountId, user } = await lab.addDesktop(working(LINE_MS, PICTURE_MS));
    const seats: Seat[] = [];
    for (let n = 0; n < people; n += 1) seats.push({ ...user, operator: await lab.operator(accountId) });
    return { gate: gateWay(lab), lite, seats, guacd, stop, ...watching(lab, clients, guacd) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function watching(lab: DesktopLab, clients: Child, guacd: Child): Pick<DesktopGround, "open" | "watch" | "leave"> {
  return {
    open: (entries) => clients.ask<undefined>("open", { entries }),
    async watch(way, forMs) {
      await guacd.ask("stamps");
      const pid = way.pid();
      const before = [cpuSeconds(pid), cpuSeconds(pid, pid)] as const;
      const { bytes, frames } = await clients.ask<Seen>("watch", { forMs });
      const cpuMs = (cpuSeconds(pid) - before[0]) * 1_000;
      const firstThreadMs = (cpuSeconds(pid, pid) - before[1]) * 1_000;
      return { cpuMs, firstThreadMs, bytes, passedMs: passages(await guacd.ask<Stamp[]>("stamps"), frames) };
    },
    async leave(way) {
      const before = cpuSeconds(way.pid());
      await clients.ask("leave");
      await lab.guacd.untilIdle(20_000);
      await quiet(way);
      return (cpuSeconds(way.pid()) - before) * 1_000;
    },
  };
}

/** Waits until the process has nothing left to do, so that what it owes one turn does not fall into the next. */
async function quiet(way: Way): Promise<void> {
  const until = performance.now() + QUIET_WITHIN_MS;
  for (;;) {
    const before = cpuSeconds(way.pid());
    await pause(QUIET_MS);
    if (cpuSeconds(way.pid()) - before <= (QUIET_MS / 1_000) * QUIET_SHARE) return;
    if (performance.now() > until) throw new Error(`${way.name} does not come to rest`);
  }
}
