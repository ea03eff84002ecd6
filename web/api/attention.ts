/**
 * Whether somebody is at the page. What it fetches by itself, told by a notice or a timer, says so to the gate, and a page left open
 * ends unused however much goes on.
 */
const ATTENDED_MS = 60_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel"] as const;

let touchedAt = performance.now();

/** Begins to look out for a hand at the page. */
export function watchAttention(page: Pick<Window, "addEventListener">): void {
  for (const sign of SIGNS) page.addEventListener(sign, touch, { capture: true, passive: true });
}

/** A recording that plays is looked at, with no hand at it. */
export function touch(): void {
  touchedAt = performance.now();
}

/** Somebody was at it within the last minute. */
export function isAttended(): boolean {
  return performance.now() - touchedAt < ATTENDED_MS;
}
