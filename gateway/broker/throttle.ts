/**
 * Slows those who guess. Three measures, each with its own memory on this node: an address may fail so often; an address
 * at one login waits longer after each failure; and a login that fails much from everywhere slows addresses that never
 * got in as that person. An address that did is never slowed by what others do at that login, nor by what others behind it do
 * at other logins, so nobody can lock another out. An attempt
 * is counted before it is judged, so that many at once are no way round; a refused one counts for nothing. When the clock is set
 * back, what was counted is forgotten rather than waited for.
 */
import type { Clock } from "../domain/index.js";
import { isAhead } from "./clock-skew.js";

const SECOND_MS = 1000;
const FORGET_MS = 3_600_000;
const TELL_EVERY_MS = 60_000;
const MAX_ENTRIES = 20_000;

/** How fast each measure slows: free failures, then 1 s doubling up to `longestMs`. */
const PAIR = { free: 5, longestMs: 300_000, longestKnownMs: 30_000 };
const ACCOUNT = { free: 15, longestMs: 60_000 };
const ADDRESS = { burst: 30, refillMs: 2000 };

interface Count {
  readonly failures: number;
  readonly at: number;
}

export interface Attempt {
  readonly login: string;
  readonly address: string;
  /** Failures kept with the person's row, if there is one: they outlive this process and are seen by every node. */
  readonly kept: Count;
  /** Whether this address ever signed in as this person; asked only when the account is slowed. */
  readonly isKnownAddress: () => Promise<boolean>;
}

export type Admittance =
  | { readonly ok: true; readonly accountFailures: number }
  | {
      readonly ok: false;
      readonly retryAfterMs: number;
      readonly by: "address" | "account";
      /** True once a minute. */ readonly tell: boolean;
    };

export interface Throttle {
  /** Counts the attempt as failed and lets it pass, or refuses it. */
  begin(attempt: Attempt): Promise<Admittance>;
  succeeded(login: string, address: string): void;
  /** For tokens that name no login: counts one try of this address. */
  token(address: string): Admittance;
  /** Takes the try back: the token was right. */
  tokenWasRight(address: string): void;
}

/** A map that forgets its oldest entries. */
class Bounded<V> {
  readonly #entries = new Map<string, V>();
  get(key: string): V | undefined {
    return this.#entries.get(key);
  }
  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= MAX_ENTRIES) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
  delete(key: string): void {
    this.#entries.delete(key);
  }
}

function waitMs(count: Count, free: number, longestMs: number, now: number): number {
  if (count.failures < free) return 0;
  const delay = Math.min(longestMs, SECOND_MS * 2 ** Math.min(30, count.failures - free));
  return Math.max(0, count.at + delay - now);
}

/** IPv4 as it is; of IPv6 the first 64 bits, which one subscriber has whole (RFC 6177). */
export function addressKey(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").toLowerCase();
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::", 2);
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right];
  return `${groups.slice(0, 4).join(":")}::/64`;
}

export function createThrottle(clock: Pick<Clock, "now">): Throttle {
  const addresses = new Bounded<{ readonly tokens: number; readonly at: number }>();
  const pairs = new Bounded<Count>();
  const accounts = new Bounded<Count>();
  const known = new Bounded<true>();
  const told = new Bounded<number>();

  const recent = (count: Count | undefined, now: number): Count =>
    count === undefined || now - count.at > FORGET_MS || isAhead(count.at, now) ? { failures: 0, at: 0 } : count;
  const refuse = (by: "address" | "account", key: string, retryAfterMs: number, now: number): Admittance => {
    const tell = now - (told.get(key) ?? -TELL_EVERY_MS) >= TELL_EVERY_MS;
    if (tell) told.set(key, now);
    return { ok: false, by, tell, retryAfterMs: Math.ceil(retryAfterMs) };
  };
  const tokensOf = (address: string, now: number): number => {
    const kept = addresses.get(address);
    const bucket = kept === undefined || isAhead(kept.at, now) ? { tokens: ADDRESS.burst, at: now } : kept;
    return Math.min(ADDRESS.burst, bucket.tokens + Math.max(0, now - bucket.at) / ADDRESS.refillMs);
  };
  const takeToken = (address: string, now: number): Admittance => {
    const tokens = tokensOf(address, now);
    if (tokens < 1) return refuse("address", address, (1 - tokens) * ADDRESS.refillMs, now);
    addresses.set(address, { tokens: tokens - 1, at: now });
    return { ok: true, accountFailures: 0 };
  };
  const giveBack = (address: string): void => {
    const bucket = addresses.get(address);
    if (bucket !== undefined) addresses.set(address, { ...bucket, tokens: Math.min(ADDRESS.burst, bucket.tokens + 1) });
  };

  return {
    async begin({ login, address: from, kept, isKnownAddress }) {
      const address = addressKey(from);
      const pair = `${login}\n${address}`;
      const accountNow = (now: number): Count => {
        const [here, row] = [recent(accounts.get(login), now), recent(kept, now)];
        return { failures: Math.max(here.failures, row.failures), at: Math.max(here.at, row.at) };
      };
      const slowed =
        accountNow(clock.now()).failures >= ACCOUNT.free ||
        recent(pairs.get(pair), clock.now()).failures >= PAIR.free ||
        tokensOf(address, clock.now()) < 1;
      const isKnown = known.get(pair) === true || (slowed && (await isKnownAddress()));
      // From here to the end nothing waits: attempts at the same time are counted one after the other.
      const now = clock.now();
      const [mine, account] = [recent(pairs.get(pair), now), accountNow(now)];
      const wait = Math.max(
        waitMs(mine, PAIR.free, isKnown ? PAIR.longestKnownMs : PAIR.longestMs, now),
        isKnown ? 0 : waitMs(account, ACCOUNT.free, ACCOUNT.longestMs, now),
      );
      if (wait > 0) return refuse("account", pair, wait, now);
      const byAddress = takeToken(address, now);
      if (!byAddress.ok && !isKnown) return byAddress;
      pairs.set(pair, { failures: mine.failures + 1, at: now });
      accounts.set(login, { failures: account.failures + 1, at: now });
      return { ok: true, accountFailures: account.failures + 1 };
    },
    succeeded(login, from) {
      const address = addressKey(from);
      pairs.delete(`${login}\n${address}`);
      accounts.delete(login);
      known.set(`${login}\n${address}`, true);
      giveBack(address);
    },
    token: (from) => takeToken(addressKey(from), clock.now()),
    tokenWasRight: (from) => giveBack(addressKey(from)),
  };
}
