/** Key echo beside other live sessions, against a bare relay, and the memory of many live recorded sessions. */
import { setTimeout as pause } from "node:timers/promises";
import { startChild, type Child } from "./child.js";
import { median, ms, percentile, times, type Row } from "./figures.js";
import { residentBytes, type Ground } from "./ground.js";
import type { Login, OpenOrder, TypeOrder } from "./load-clients.js";

const MIB = 1024 * 1024;
const AT_ONCE = 8;
const ROUNDS = 7;
const ROUND_MS = 2_500;
const LARGE = 2_000;
const LARGE_BYTES = 1024 * MIB;
const SETTLE_MS = 12_000;

async function open(clients: Child, order: OpenOrder): Promise<number> {
  const done = await clients.ask<{ opened: number; faults: string[]; ms: number }>("open", order);
  if (done.faults.length > 0) throw new Error(`${done.faults.length} logins failed, the first: ${done.faults[0]}`);
  return done.ms;
}

async function typed(clients: Child, order: TypeOrder): Promise<number[]> {
  const { waits, lost } = await clients.ask<{ waits: number[]; lost: number }>("type", order);
  if (lost > 0) throw new Error(`${lost} sessions of ${order.group} never echoed`);
  return waits;
}

function gateLogins(ground: Ground, from: number, count: number): Login[] {
  return ground.load.slice(from, from + count).map(({ login, privateKey, totp }) => ({
    username: `${login}@${ground.loadTarget}`,
    privateKey,
    totp,
  }));
}

async function echoOf(
  ground: Ground,
  parts: { readonly clients: Child; readonly relayPort: number },
  sessions: number,
  people: readonly Login[],
): Promise<{ readonly p99: Record<string, number>; readonly p50: Record<string, number> }> {
  const { clients, relayPort } = parts;
  const bare = Array.from({ length: sessions }, () => ({
    username: ground.echo.username,
    privateKey: ground.echo.privateKey,
  }));
  const ports = { gate: ground.house.sshPort, relay: relayPort, direct: ground.echo.port };
  for (const [group, port] of Object.entries(ports)) {
    const logins = group === "gate" ? people : bare;
    await open(clients, { group: `${group}-${sessions}`, port, logins, atOnce: AT_ONCE });
  }
  await ground.quiet();
  const everyMs = sessions === 1 ? 10 : 500;
  const at = new Map<string, { p50: number[]; p99: number[] }>();
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const group of Object.keys(ports)) {
      const forMs = round < 0 ? 1_000 : ROUND_MS;
      const waits = await typed(clients, { group: `${group}-${sessions}`, forMs, everyMs });
      const kept = at.get(group) ?? { p50: [], p99: [] };
      at.set(group, kept);
      if (round < 0) continue;
      kept.p50.push(median(waits));
      kept.p99.push(percentile(waits, 0.99));
    }
  }
  for (const group of Object.keys(ports)) await clients.ask("close", { group: `${group}-${sessions}` });
  const pick = (which: "p50" | "p99"): Record<string, number> =>
    Object.fromEntries([...at].map(([group, all]) => [group, median(all[which])]));
  return { p99: pick("p99"), p50: pick("p50") };
}

function echoRow(sessions: number, found: Awaited<ReturnType<typeof echoOf>>, addedBound: number): Row {
  const { gate = 0, relay = 0, direct = 0 } = found.p99;
  const added = gate - relay;
  const ratio = gate / relay;
  return {
    what: `key echo p99, ${sessions} live`,
    gatehouse: `${ms(gate)} (p50 ${ms(found.p50["gate"] ?? 0)})`,
    peers: `bare relay ${ms(relay)} (p50 ${ms(found.p50["relay"] ?? 0)}), direct ${ms(direct)}`,
    ratio: `${added >= 0 ? "+" : "−"}${ms(Math.abs(added))}, ${times(ratio)}`,
    bound: `≤ +${addedBound} ms, ≤ 2 ×`,
    ok: added <= addedBound && ratio <= 2,
  };
}

/** Uses the first `1 + many` people of the load. */
export async function measureEcho(ground: Ground, many: number): Promise<Row[]> {
  const clients = await startChild("load-clients.ts");
  const relay = await startChild("bare-relay.ts");
  try {
    const { port: relayPort } = await relay.ask<{ port: number }>("listen", ground.echo);
    const parts = { clients, relayPort };
    const alone = await echoOf(ground, parts, 1, gateLogins(ground, 0, 1));
    const crowd = await echoOf(ground, parts, many, gateLogins(ground, 1, many));
    return [echoRow(1, alone, 3), echoRow(many, crowd, 10)];
  } finally {
    await clients.stop();
    await relay.stop();
  }
}

/** Opens `count` shells of different people through a fresh gateway; everybody types now and then. */
export async function measureSessions(ground: Ground, count: number, from: number): Promise<Row[]> {
  await ground.restart();
  await ground.quiet();
  const clients = await startChild("load-clients.ts");
  try {
    const pid = ground.house.process.pid ?? 0;
    const before = residentBytes(pid);
    const logins = gateLogins(ground, from, count);
    const took = await open(clients, { group: "all", port: ground.house.sshPort, logins, atOnce: AT_ONCE });
    const waits = await typed(clients, { group: "all", forMs: SETTLE_MS, everyMs: SETTLE_MS / 2 });
    await pause(1_000);
    const after = residentBytes(pid);
    const alive = await clients.ask<number>("alive", { group: "all" });
    if (alive !== count) throw new Error(`${count - alive} of ${count} sessions ended by themselves`);
    const each = (after - before) / count;
    const projected = count >= LARGE ? after : before + each * LARGE;
    const total = `${(after / MIB).toFixed(0)} MiB for ${count} (${(before / MIB).toFixed(0)} MiB without)`;
    return [
      {
        what: `${count} live recorded sessions, two cores`,
        gatehouse: `${total}, ${(each / 1024).toFixed(0)} KiB each`,
        peers: `${((count * 1_000) / took).toFixed(0)} logins/s, echo p99 ${ms(percentile(waits, 0.99))}`,
        ratio: `${(projected / MIB).toFixed(0)} MiB for ${LARGE}`,
        bound: "≤ 1024 MiB",
        ok: projected <= LARGE_BYTES,
      },
    ];
  } finally {
    await clients.stop();
  }
}
