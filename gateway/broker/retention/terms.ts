/**
 * How long recordings are kept. The row of the setting is only asked: whatever stands in it, nothing is removed before the
 * least days the law asks for.
 */
import { RETENTION_LEAST_DAYS, RETENTION_MOST_DAYS, type Stores } from "../../domain/index.js";

export const RETENTION_SETTING = "retention-days";
export const DAY_MS = 86_400_000;

/** Days after its session's end that a recording is kept; 0: for ever, and that is also what an unreadable row means. */
export async function retentionDays(stores: Pick<Stores, "settings">): Promise<number> {
  const setting = await stores.settings.get(RETENTION_SETTING);
  const days = setting !== undefined && /^[0-9]{1,9}$/.test(setting.value) ? Number(setting.value) : 0;
  return days === 0 ? 0 : Math.min(RETENTION_MOST_DAYS, Math.max(RETENTION_LEAST_DAYS, days));
}

/** What may be proposed. */
export function isRetention(days: number): boolean {
  return days === 0 || (Number.isSafeInteger(days) && days >= RETENTION_LEAST_DAYS && days <= RETENTION_MOST_DAYS);
}
