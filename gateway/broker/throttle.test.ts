import { describe, expect, test } from "vitest";
import { addressKey, createThrottle } from "./throttle.js";

const NEVER = { failures: 0, at: 0 };

describe("the throttle", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::FFFF:10.0.0.1", "10.0.0.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ])("knows %s as %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test("forgets an hour after the last failure", async () => {
    let now = 1_000_000_000;
    const throttle = createThrottle({ now: () => now });
    const attempt = { login: "a", address: "10.0.0.1", kept: NEVER, isKnownAddress: async () => false };
    for (let i = 0; i < 5; i += 1) expect((await throttle.begin(attempt)).ok).toBe(true);
    expect((await throttle.begin(attempt)).ok).toBe(false);
    now += 3_600_001;
    for (let i = 0; i < 5; i += 1) expect((await throttle.begin(attempt)).ok).toBe(true);
  });

  test("a clock that was set back keeps nobody waiting for it to catch up", async () => {
    let now = 1_000_000_000;
    const throttle = createThrottle({ now: () => now });
    const attempt = { login: "a", address: "10.0.0.1", kept: NEVER, isKnownAddress: async () => false };
    for (let i = 0; i < 6; i += 1) await throttle.begin(attempt);
    for (let i = 0; i < 40; i += 1) throttle.token("10.0.0.1");
    expect((await throttle.begin(attempt)).ok).toBe(false);
    expect(throttle.token("10.0.0.1").ok).toBe(false);
    const kept = { failures: 40, at: now };
    now -= 86_400_000;
    expect(throttle.token("10.0.0.1").ok).toBe(true);
    expect((await throttle.begin(attempt)).ok).toBe(true);
    expect((await createThrottle({ now: () => now }).begin({ ...attempt, kept })).ok).toBe(true);
  });

  test("a refused attempt counts for nothing: waiting as told is enough", async () => {
    let now = 1_000_000_000;
    const throttle = createThrottle({ now: () => now });
    const attempt = { login: "a", address: "10.0.0.1", kept: NEVER, isKnownAddress: async () => false };
    for (let i = 0; i < 5; i += 1) await throttle.begin(attempt);
    for (let i = 0; i < 1000; i += 1) await throttle.begin(attempt);
    now += 1000;
    expect((await throttle.begin(attempt)).ok).toBe(true);
  });

  test("failures kept with the row slow a stranger's address in a new process, and not a known one", async () => {
    const now = 1_000_000_000;
    const kept = { failures: 20, at: now - 500 };
    const ask = async (known: boolean): Promise<boolean> =>
      (
        await createThrottle({ now: () => now }).begin({
          login: "a",
          address: "10.0.0.1",
          kept,
          isKnownAddress: async () => known,
        })
      ).ok;
    expect(await ask(false)).toBe(false);
    expect(await ask(true)).toBe(true);
  });

  test("a known address waits half a minute at most, whoever fails from it", async () => {
    let now = 1_000_000_000;
    const throttle = createThrottle({ now: () => now });
    const attempt = { login: "a", address: "10.0.0.1", kept: NEVER, isKnownAddress: async () => true };
    let longest = 0;
    for (let i = 0; i < 100; i += 1) {
      const admitted = await throttle.begin(attempt);
      if (admitted.ok) continue;
      longest = Math.max(longest, admitted.retryAfterMs);
      now += admitted.retryAfterMs;
    }
    expect(longest).toBe(30_000);
  });

  test("keeps a bounded memory under a flood of names and addresses", async () => {
    const throttle = createThrottle({ now: () => 1_000_000_000 });
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 100_000; i += 1) {
      const address = `10.${String((i >> 16) & 255)}.${String((i >> 8) & 255)}.${String(i & 255)}`;
      await throttle.begin({ login: `user-${String(i)}`, address, kept: NEVER, isKnownAddress: async () => false });
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  });
});
