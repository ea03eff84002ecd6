/**
 * The first picture at any moment of an eight-hour recording, as an auditor's page gets it: one request for the stretch, then the
 * keyframe and what follows it drawn by a terminal. The files are dropped from the page cache before each.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import headless from "@xterm/headless";
import { ms, percentile, type Row } from "./figures.js";
import type { Ground } from "./ground.js";

const OFFSETS = 50;
/** What the page asks for at once. */
const STRETCH_US = 30_000_000;
const BOUND_MS = 150;

interface Segment {
  readonly fromUs: number;
  readonly screen: { readonly cols: number; readonly rows: number; readonly state: string };
  readonly events: readonly (readonly [atUs: number, kind: string, data: string])[];
}

function forget(ground: Ground): void {
  for (const ending of ["ghr", "derived"]) {
    const file = join(ground.house.data, "recordings", `${ground.long.id}.${ending}`);
    execFileSync("dd", [`if=${file}`, "iflag=nocache", "count=0", "status=none"]);
  }
}

async function draw({ screen, events }: Segment, atUs: number): Promise<void> {
  const { cols, rows, state } = screen;
  const terminal = new headless.Terminal({ cols, rows, allowProposedApi: true, scrollback: 0 });
  terminal.write(state);
  for (const [when, kind, data] of events)
    if (when <= atUs && kind === "o") terminal.write(Buffer.from(data, "base64"));
  await new Promise<void>((resolve) => terminal.write("", resolve));
  terminal.dispose();
}

export async function measureFirstPicture(ground: Ground): Promise<Row[]> {
  const auditor = await ground.house.as("ivan");
  const path = `/recordings/${ground.long.id}`;
  const from = performance.now();
  const index = await auditor.call<{ durationUs: number; keyframes: unknown[] }>("GET", `${path}/index`);
  const derivedMs = performance.now() - from;
  const waits: number[] = [];
  for (let n = 0; n < OFFSETS; n += 1) {
    const atUs = Math.floor(Math.random() * index.durationUs);
    forget(ground);
    const begun = performance.now();
    const query = `channel=1&fromUs=${atUs}&maxUs=${STRETCH_US}`;
    const segment = await auditor.call<Segment>("GET", `${path}/segment?${query}`);
    await draw(segment, atUs);
    waits.push(performance.now() - begun);
  }
  const p99 = percentile(waits, 0.99);
  const { bytes, shownBytes } = ground.long;
  return [
    {
      what: "first picture anywhere in 8 hours",
      gatehouse: `p99 ${ms(p99)} (p50 ${ms(percentile(waits, 0.5))})`,
      peers: `${(shownBytes / 1e6).toFixed(0)} MB shown, ${(bytes / 1e6).toFixed(0)} MB kept, derived once in ${ms(derivedMs)}`,
      ratio: "",
      bound: `≤ ${BOUND_MS} ms`,
      ok: p99 <= BOUND_MS,
    },
  ];
}
