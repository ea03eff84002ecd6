/** Signing in, bulk through exec, and text through a pty: the gate against OpenSSH's own jump, by turns, medians. */
import { against, median, ms, times, type Row } from "./figures.js";
import { writeText, type Ground, type Timed } from "./ground.js";

const MIB = 1024 * 1024;
const LOGINS = 11;
const BULK_RUNS = 3;
const TEXT_BYTES = 64 * MIB;
const BULK_FILES = 16;

/** Runs each way by turns and answers each way's times; the first turn warms up and shows that all bytes arrive. */
async function byTurns(
  ground: Ground,
  runs: number,
  ways: Readonly<Record<string, (counted: boolean) => Promise<Timed>>>,
  check: (timed: Timed) => boolean,
): Promise<Record<string, number>> {
  const taken = new Map<string, number[]>();
  for (let run = -1; run < runs; run += 1) {
    for (const [name, way] of Object.entries(ways)) {
      await ground.quiet();
      const timed = await way(run < 0);
      const arrived = run >= 0 || check(timed);
      if (timed.code !== 0 || !arrived) {
        throw new Error(`${name}: exit ${timed.code}, ${timed.bytes} bytes, ${timed.said}`);
      }
      if (run >= 0) taken.set(name, [...(taken.get(name) ?? []), timed.ms]);
    }
  }
  return Object.fromEntries([...taken].map(([name, all]) => [name, median(all)]));
}

export async function measureLogin(ground: Ground): Promise<Row[]> {
  const at = await byTurns(
    ground,
    LOGINS,
    {
      key: () => ground.gate("key", [], "true"),
      password: () => ground.gate("password", [], "true"),
      jumped: () => ground.ssh("jumped", [], "true"),
      direct: () => ground.ssh("direct", [], "true"),
    },
    () => true,
  );
  const [key = 0, password = 0, jumped = 0, direct = 0] = [at["key"], at["password"], at["jumped"], at["direct"]];
  const row = against("log in and run `true`, key and code", key, { name: "ssh -J", ms: jumped }, 0.6);
  return [
    { ...row, peers: `${row.peers}, direct ${ms(direct)}` },
    {
      ...against("log in and run `true`, password and code", password, { name: "ssh -J", ms: jumped }, 1),
      bound: "",
      ok: undefined,
    },
  ];
}

export async function measureBulk(ground: Ground): Promise<Row[]> {
  const file = writeText(ground.target, "text", TEXT_BYTES);
  const command = `cat ${Array(BULK_FILES).fill(file).join(" ")}`;
  const at = await byTurns(
    ground,
    BULK_RUNS,
    {
      gate: (counted) => ground.gate("key", [], command, counted),
      jumped: (counted) => ground.ssh("jumped", [], command, counted),
      relayed: (counted) => ground.ssh("relayed", [], command, counted),
      direct: (counted) => ground.ssh("direct", [], command, counted),
    },
    ({ bytes }) => bytes === BULK_FILES * TEXT_BYTES,
  );
  const [gate = 0, jumped = 0, relayed = 0, direct = 0] = ["gate", "jumped", "relayed", "direct"].map((one) => at[one]);
  const row = against("1 GiB through exec, 64 MiB kept", gate, { name: "ssh -J", ms: jumped }, 0.8);
  return [{ ...row, peers: `${row.peers}, bare relay ${ms(relayed)}, direct ${ms(direct)}` }];
}

export async function measureText(ground: Ground): Promise<Row[]> {
  const file = writeText(ground.target, "text", TEXT_BYTES);
  const tty = ["-tt"];
  const recorded = `env LC_ALL=C.UTF-8 asciinema rec -q --overwrite -c 'cat ${file}' ${file}.cast`;
  const at = await byTurns(
    ground,
    BULK_RUNS,
    {
      gate: (counted) => ground.gate("key", tty, `cat ${file}`, counted),
      jumped: (counted) => ground.ssh("jumped", tty, `cat ${file}`, counted),
      relayed: (counted) => ground.ssh("relayed", tty, `cat ${file}`, counted),
      direct: (counted) => ground.ssh("direct", tty, `cat ${file}`, counted),
      asciinema: (counted) => ground.ssh("direct", tty, recorded, counted),
    },
    ({ bytes }) => bytes >= TEXT_BYTES,
  );
  const [gate = 0, jumped = 0, relayed = 0, direct = 0, asciinema = 0] = [
    "gate",
    "jumped",
    "relayed",
    "direct",
    "asciinema",
  ].map((one) => at[one]);
  const row = against("64 MiB of text through a pty", gate, { name: "ssh -J", ms: jumped }, 0.85);
  const other = gate / asciinema;
  return [
    { ...row, peers: `${row.peers}, bare relay ${ms(relayed)}, direct ${ms(direct)}` },
    {
      what: "the same",
      gatehouse: ms(gate),
      peers: `asciinema rec on the target ${ms(asciinema)}`,
      ratio: times(other),
      bound: "≤ 0.35 ×",
      ok: other <= 0.35,
    },
  ];
}
