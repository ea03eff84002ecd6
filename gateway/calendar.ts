/** Local dates of the installation's time zone, by luxon: contracts and working days are local, everything else is UTC. */
import { DateTime, IANAZone } from "luxon";
import type { Calendar } from "./domain/index.js";

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** The zone that is meant: this machine's unless told. */
export function zoneOf({ timeZone }: { readonly timeZone?: string | undefined }): string {
  return timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Throws when `zone` is no IANA name. */
export function createCalendar(zone: string): Calendar {
  if (!IANAZone.isValidZone(zone)) throw new Error(`${JSON.stringify(zone)} is not a time zone`);
  return {
    zone,
    day(date) {
      if (!DATE.test(date)) return undefined;
      const start = DateTime.fromISO(date, { zone }).startOf("day");
      return start.isValid
        ? { startsAt: start.toMillis(), endsAt: start.plus({ days: 1 }).startOf("day").toMillis() }
        : undefined;
    },
    dateOf: (at) => DateTime.fromMillis(at, { zone }).toISODate() ?? "",
    nextTime(clockTime, after) {
      const [hour = 0, minute = 0] = clockTime.split(":").map(Number);
      const now = DateTime.fromMillis(after, { zone });
      const today = now.set({ hour, minute, second: 0, millisecond: 0 });
      return (today > now ? today : today.plus({ days: 1 })).toMillis();
    },
  };
}
