/** Local dates as moments, in zones whose days are not all of 24 hours or have no midnight. */
import { describe, expect, test } from "vitest";
import { createCalendar } from "./calendar.js";

const HOUR_MS = 3_600_000;
const hours = (zone: string, date: string): number => {
  const day = createCalendar(zone).day(date);
  return day === undefined ? NaN : (day.endsAt - day.startsAt) / HOUR_MS;
};
const next = (date: string): string => new Date(Date.parse(date) + 24 * HOUR_MS).toISOString().slice(0, 10);

describe("a day", () => {
  test.each([
    ["Asia/Shanghai", "2027-03-14", 24],
    ["America/New_York", "2027-03-14", 23],
    ["America/New_York", "2027-11-07", 25],
    ["Australia/Lord_Howe", "2027-04-04", 24.5],
    // Clocks go from 23:59 to 01:00: the day begins at one.
    ["America/Santiago", "2027-09-05", 23],
  ])("in %s on %s has %d hours", (zone, date, length) => {
    expect(hours(zone, date)).toBe(length);
  });

  test("ends where the next begins, through every change of clocks, leap day and year's end", () => {
    for (const zone of ["Asia/Shanghai", "America/New_York", "America/Santiago", "Europe/Berlin", "Pacific/Apia"]) {
      const calendar = createCalendar(zone);
      let days = 0;
      for (let date = "2027-01-01"; date < "2029-01-02"; date = next(date), days += 1) {
        const day = calendar.day(date);
        expect(day?.endsAt, `${zone} ${date}`).toBe(calendar.day(next(date))?.startsAt);
        expect(calendar.dateOf(day?.startsAt ?? 0), zone).toBe(date);
        expect(calendar.dateOf((day?.endsAt ?? 0) - 1), zone).toBe(date);
      }
      expect(days).toBe(732);
    }
  });

  test.each(["2027-02-29", "2027-13-01", "2027-00-10", "2027-4-1", "tomorrow", "", "2027-01-01T00:00"])(
    "is not made of %o",
    (date) => {
      expect(createCalendar("Asia/Shanghai").day(date)).toBeUndefined();
    },
  );
});
