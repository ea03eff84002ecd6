/**
 * Counts connections and says who must go when there are too many. Pure: it holds tokens, never sockets. A flood from one
 * address costs that address its own oldest guests, not somebody else's.
 */
export interface CrowdLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly unauthenticated: number;
}

export type Entry = { readonly admitted: false } | { readonly admitted: true; readonly evict: object | undefined };

/** IPv4 (also mapped into IPv6) as it is; IPv6 by its /64, which is what one subscriber holds. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%", 1)[0]?.split("::") ?? [];
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}

export class Crowd {
  readonly #limits: CrowdLimits;
  readonly #all = new Map<object, string>();
  readonly #perAddress = new Map<string, number>();
  /** In order of arrival. */
  readonly #strangers = new Map<object, string>();
  readonly #strangersPerAddress = new Map<string, number>();

  constructor(limits: CrowdLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Takes a newcomer in, or not; `evict` names a stranger who must be dropped for it (call `leave` for him). */
  enter(token: object, address: string): Entry {
    const key = addressKey(address);
    if (this.#all.size >= this.#limits.connections) return { admitted: false };
    if ((this.#perAddress.get(key) ?? 0) >= this.#limits.connectionsPerAddress) return { admitted: false };
    const evict = this.#strangers.size >= this.#limits.unauthenticated ? this.#heaviestOldest() : undefined;
    this.#all.set(token, key);
    this.#strangers.set(token, key);
    add(this.#perAddress, key, 1);
    add(this.#strangersPerAddress, key, 1);
    return { admitted: true, evict };
  }

  /** The connection signed in. */
  know(token: object): void {
    const key = this.#strangers.get(token);
    if (key === undefined) return;
    this.#strangers.delete(token);
    add(this.#strangersPerAddress, key, -1);
  }

  leave(token: object): void {
    const key = this.#all.get(token);
    if (key === undefined) return;
    this.know(token);
    this.#all.delete(token);
    add(this.#perAddress, key, -1);
  }

  #heaviestOldest(): object | undefined {
    let most = 0;
    for (const count of this.#strangersPerAddress.values()) most = Math.max(most, count);
    for (const [token, key] of this.#strangers) if (this.#strangersPerAddress.get(key) === most) return token;
    return undefined;
  }
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next <= 0) counts.delete(key);
  else counts.set(key, next);
}
