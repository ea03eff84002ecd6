/** Medians, percentiles and the table of what was measured. */

export interface Row {
  readonly what: string;
  readonly gatehouse: string;
  readonly peers: string;
  readonly ratio: string;
  readonly bound: string;
  /** Undefined: measured for information. */
  readonly ok: boolean | undefined;
}

/** The smallest value that `share` of all values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new Error("nothing was measured");
  return found;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Milliseconds as people read them. */
export function ms(value: number): string {
  if (value >= 1_000) return `${(value / 1_000).toFixed(2)} s`;
  return `${value.toFixed(value >= 100 ? 0 : 1)} ms`;
}

export function times(value: number): string {
  return `${value.toFixed(2)} ×`;
}

/** A row that holds when `own` is at most `bound` times `peer`, both in milliseconds. */
export function against(
  what: string,
  own: number,
  peer: { readonly name: string; readonly ms: number },
  bound: number,
): Row {
  const ratio = own / peer.ms;
  return {
    what,
    gatehouse: ms(own),
    peers: `${peer.name} ${ms(peer.ms)}`,
    ratio: times(ratio),
    bound: `≤ ${bound} ×`,
    ok: ratio <= bound,
  };
}

export function markdown(rows: readonly Row[]): string {
  const cells = rows.map(({ what, gatehouse, peers, ratio, bound, ok }) => [
    what,
    gatehouse,
    peers,
    ratio,
    bound,
    ok === undefined ? "" : ok ? "yes" : "**no**",
  ]);
  const head = ["what", "gatehouse", "peer", "ratio", "bound", "ok"];
  return [head, head.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
