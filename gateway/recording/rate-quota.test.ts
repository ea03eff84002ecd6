import { expect, test } from "vitest";
import { RateQuota } from "./rate-quota.js";

const quotas = { sessionBytes: 1_000, bytesPerSecond: 100, rateWindowMs: 10_000, reserveBytes: 0 };

test("a recording may be so long, so fast, and hold so much however well it compresses", () => {
  expect(new RateQuota(quotas).add(0, 900, 900, 1_000)).toBeUndefined();
  expect(new RateQuota(quotas).add(0, 900, 900, 1_001)).toBe("too much");
  const fast = new RateQuota(quotas);
  expect(fast.add(0, 600, 600, 600)).toBeUndefined();
  expect(fast.add(9_000_000, 401, 401, 990)).toBe("too fast");
  const slow = new RateQuota(quotas);
  expect(slow.add(0, 600, 600, 600)).toBeUndefined();
  expect(slow.add(10_000_000, 600, 600, 990)).toBeUndefined();
  const folded = new RateQuota(quotas);
  expect(folded.add(0, 1, 8_000, 1)).toBeUndefined();
  expect(folded.add(20_000_000, 1, 1, 2)).toBe("too much");
});
