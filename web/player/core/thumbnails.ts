/** Which small picture belongs to a moment. Pure. */

/** The newest of `times` (in order) at or before `atUs`; the first when all are later; undefined when there is none. */
export function newestAt(times: readonly number[], atUs: number): number | undefined {
  return times.findLast((time) => time <= atUs) ?? times[0];
}
