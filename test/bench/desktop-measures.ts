/**
 * What a desktop costs through the gateway, filtered and recorded, beside a bare guacamole-lite before the same guacd: CPU, how much
 * later a frame arrives, memory, and how large a minute is. The two take turns on the same desktops, because a machine is never quiet
 * for long. Many desktops are one desktop's film played by the stand-in; the X servers of many would hide what is measured.
 */
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { layDesktops, type DesktopGround, type Way, type Window } from "./desktop-ground.js";
import { median, ms, percentile, times, type Row } from "./figures.js";
import { residentBytes } from "./ground.js";

const CPU_BOUND = 1.6;
const ADDED_BOUND_MS = 10;
const MEMORY_BOUND = 3e6;
const ROUNDS = 4;
const ROUND_MS = 5_000;
const CROWD_ROUNDS = 2;
const WARM_MS = 2_000;
const CROWD = 8;
const LARGE = 24;
/** Who opens them: a person gets no more than 20 tickets at once. */
const PEOPLE = 3;
/** Until a desktop that was just opened does nothing but its work. */
const SETTLE_MS = 1_500;
const MEMORY_SETTLE_MS = 4_000;

interface Turns {
  readonly gate: Window[];
  readonly lite: Window[];
  /** CPU that the gateway used once desktops had ended: it draws keyframes and small pictures then. */
  owedMs: number;
  /** How long desktops stood open. */
  gateMs: number;
  liteMs: number;
}

/** A first round warms both and is not counted, but for how long it stood open. */
async function inTurns(ground: DesktopGround, count: number, rounds: number): Promise<Turns> {
  const turns: Turns = { gate: [], lite: [], owedMs: 0, gateMs: 0, liteMs: 0 };
  const seats = seatsOf(ground, count);
  for (let round = -1; round < rounds; round += 1) {
    for (const which of ["gate", "lite"] as const) {
      const from = performance.now();
      await ground.open(await ground[which].entries(seats));
      await pause(SETTLE_MS);
      const window = await ground.watch(ground[which], round < 0 ? WARM_MS : ROUND_MS);
      if (round >= 0) turns[which].push(window);
      turns[`${which}Ms`] += performance.now() - from;
      const owedMs = await ground.leave(ground[which]);
      if (which === "gate") turns.owedMs += owedMs;
    }
  }
  return turns;
}

function seatsOf({ seats }: DesktopGround, count: number): DesktopGround["seats"] {
  return Array.from({ length: Math.ceil(count / seats.length) }, () => seats)
    .flat()
    .slice(0, count);
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const perMegabyte = (windows: readonly Window[]): number =>
  sum(windows.map(({ cpuMs }) => cpuMs)) / (sum(windows.map(({ bytes }) => bytes)) / 1e6);
const perSecond = (windows: readonly Window[]): number =>
  sum(windows.map(({ cpuMs }) => cpuMs)) / ((windows.length * ROUND_MS) / 1_000);
/** Of the rounds' own percentiles the middle one, so that one bad moment of the machine does not decide. */
const passed = (windows: readonly Window[], share: number): number =>
  median(windows.map(({ passedMs }) => percentile(passedMs, share)));

function cpuRow(what: string, { gate, lite, owedMs, gateMs }: Turns): Row {
  const ratio = perMegabyte(gate) / perMegabyte(lite);
  const first = sum(gate.map(({ firstThreadMs }) => firstThreadMs)) / sum(gate.map(({ cpuMs }) => cpuMs));
  const say = (windows: readonly Window[]): string =>
    `${perMegabyte(windows).toFixed(1)} ms/MB (${perSecond(windows).toFixed(1)} ms/s)`;
  return {
    what: `${what}, CPU`,
    gatehouse: `${say(gate)}, first thread ${(first * 100).toFixed(0)} %; afterwards ${(owedMs / (gateMs / 1_000)).toFixed(1)} ms/s`,
    peers: `guacamole-lite ${say(lite)}`,
    ratio: times(ratio),
    bound: `≤ ${CPU_BOUND} ×`,
    ok: ratio <= CPU_BOUND,
  };
}

function latencyRow(what: string, { gate, lite }: Turns): Row {
  const say = (windows: readonly Window[]): string =>
    `p99 ${ms(passed(windows, 0.99))} (p50 ${ms(passed(windows, 0.5))})`;
  const added = passed(gate, 0.99) - passed(lite, 0.99);
  const frames = sum(gate.map(({ passedMs }) => passedMs.length));
  return {
    what: `${what}, guacd to browser`,
    gatehouse: `${say(gate)}, ${frames} frames`,
    peers: `guacamole-lite ${say(lite)}`,
    ratio: `${added >= 0 ? "+" : "−"}${ms(Math.abs(added))}`,
    bound: `≤ +${ADDED_BOUND_MS} ms`,
    ok: added <= ADDED_BOUND_MS,
  };
}

function sizeRow(ground: DesktopGround, turns: Turns): Row {
  const own = ground.gate.recordings();
  const theirs = ground.lite.recordings();
  const kept = sum(own.map(({ length }) => length));
  const raw = sum(theirs.map(({ length }) => length));
  const packed = sum(theirs.map((file) => gzipSync(file).length));
  const minute = (bytes: number, forMs: number): string => `${(bytes / 1e6 / (forMs / 60_000)).toFixed(2)} MB`;
  return {
    what: "a minute of a scripted desktop, kept",
    gatehouse: minute(kept, turns.gateMs),
    peers: `guacd's own ${minute(raw, turns.liteMs)}, gzipped ${minute(packed, turns.liteMs)}`,
    ratio: times(kept / turns.gateMs / (raw / turns.liteMs)),
    bound: "",
    ok: undefined,
  };
}

interface Memory {
  readonly without: number;
  readonly crowd: number;
  readonly large: number;
}

/** Resident memory of a fresh process with no desktop, some, and many, each after a while of showing them. */
async function memoryOf(ground: DesktopGround, way: Way): Promise<Memory> {
  await way.restart();
  await pause(MEMORY_SETTLE_MS);
  const without = residentBytes(way.pid());
  await ground.open(await way.entries(seatsOf(ground, CROWD)));
  await ground.watch(way, MEMORY_SETTLE_MS);
  const crowd = residentBytes(way.pid());
  await ground.open(await way.entries(seatsOf(ground, LARGE - CROWD)));
  await ground.watch(way, MEMORY_SETTLE_MS);
  const large = residentBytes(way.pid());
  await ground.leave(way);
  return { without, crowd, large };
}

async function memoryRow(ground: DesktopGround): Promise<Row> {
  const own = await memoryOf(ground, ground.gate);
  const peer = await memoryOf(ground, ground.lite);
  const each = ({ without, large }: Memory): number => (large - without) / LARGE;
  const say = (memory: Memory): string =>
    `${(each(memory) / 1e6).toFixed(2)} MB each (${[memory.without, memory.crowd, memory.large].map((bytes) => (bytes / 1e6).toFixed(0)).join(", ")} MB)`;
  return {
    what: `memory of a desktop, with 0, ${CROWD}, ${LARGE}`,
    gatehouse: say(own),
    peers: `guacamole-lite ${say(peer)}`,
    ratio: times(each(own) / each(peer)),
    bound: `≤ ${MEMORY_BOUND / 1e6} MB`,
    ok: each(own) <= MEMORY_BOUND,
  };
}

/** `profile`: where the gateway's CPU profile goes. */
export async function measureDesktops(profile?: string): Promise<Row[]> {
  const ground = await layDesktops(PEOPLE, profile);
  try {
    const rows: Row[] = [];
    const one = await inTurns(ground, 1, ROUNDS);
    rows.push(cpuRow("a desktop", one), latencyRow("a desktop", one), sizeRow(ground, one));
    await film(ground);
    const many = await inTurns(ground, CROWD, CROWD_ROUNDS);
    rows.push(cpuRow(`${CROWD} desktops`, many), latencyRow(`${CROWD} desktops`, many));
    rows.push(await memoryRow(ground));
    return rows;
  } finally {
    await ground.stop();
  }
}

/** Keeps a desktop's stream as guacd writes it, and plays it from then on. */
async function film(ground: DesktopGround): Promise<void> {
  await ground.guacd.ask("keep");
  await ground.open(await ground.lite.entries(ground.seats.slice(0, 1)));
  await ground.watch(ground.lite, ROUND_MS);
  await ground.leave(ground.lite);
  await ground.guacd.ask("develop");
  await ground.guacd.ask("play");
}
