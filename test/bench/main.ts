/**
 * `npm run bench [-- --full] [-- --only=login,exec,text,echo,sessions,picture,search,desktop]`: measures the budgets with their peers in the same
 * run and prints one table, also into test/.artifacts/bench.md. `--full` opens 2,000 live sessions instead of 500; `--profile` leaves the gateway's
 * CPU profiles in test/.artifacts/profile. Exits with 1 when a
 * measurement could not be made; a missed bound is a line in the table.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { ROOT } from "../support/gatehouse.js";
import { measureDesktops } from "./desktop-measures.js";
import { markdown, type Row } from "./figures.js";
import { layGround, type Ground } from "./ground.js";
import { measureEcho, measureSessions } from "./load-measures.js";
import { measureFirstPicture } from "./replay-measure.js";
import { measureSearch } from "./search-measure.js";
import { measureBulk, measureLogin, measureText } from "./ssh-measures.js";

const ECHO_SESSIONS = 200;
const flags = process.argv.slice(3);
const sessions = flags.includes("--full") ? 2_000 : 500;
const artifacts = join(ROOT, "test", ".artifacts");
const profile = flags.includes("--profile") ? join(artifacts, "profile") : undefined;
const only = flags
  .find((flag) => flag.startsWith("--only="))
  ?.slice("--only=".length)
  .split(",");

const onGround: Readonly<Record<string, (ground: Ground) => Promise<Row[]>>> = {
  picture: measureFirstPicture,
  login: measureLogin,
  exec: measureBulk,
  text: measureText,
  echo: (ground) => measureEcho(ground, ECHO_SESSIONS),
  sessions: (ground) => measureSessions(ground, sessions, 1 + ECHO_SESSIONS),
};
const wanted = (name: string): boolean => only === undefined || only.includes(name);

const rows: Row[] = [];
let failed = false;
async function measure(name: string, make: () => Promise<Row[]>): Promise<void> {
  const from = performance.now();
  try {
    rows.push(...(await make()));
  } catch (error) {
    failed = true;
    const why = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ").slice(0, 300);
    rows.push({ what: name, gatehouse: `not measured: ${why}`, peers: "", ratio: "", bound: "", ok: false });
  }
  console.error(`${name}: ${((performance.now() - from) / 1_000).toFixed(0)} s`);
}

if (Object.keys(onGround).some(wanted)) {
  console.error("laying the ground: two sshd, a gateway, people, an eight-hour recording …");
  const ground = await layGround(1 + ECHO_SESSIONS + sessions, profile);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void ground.stop().finally(() => process.exit(130)));
  }
  try {
    for (const [name, make] of Object.entries(onGround)) if (wanted(name)) await measure(name, () => make(ground));
  } finally {
    await ground.stop();
  }
}
if (wanted("search")) await measure("search", measureSearch);
if (wanted("desktop")) await measure("desktop", () => measureDesktops(profile));

const table = `${markdown(rows)}\n\nNode ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}).\n`;
mkdirSync(artifacts, { recursive: true });
writeFileSync(join(artifacts, "bench.md"), table);
console.log(table);
process.exit(failed ? 1 : 0);
