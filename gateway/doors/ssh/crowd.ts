/**
 * Counts connections and says who must go when there are too many. Pure: it holds tokens, never sockets. A flood from one
 * address costs that address its own oldest guests, not somebody else's; a flood that says nothing, from however many
 * addresses, costs nobody who speaks.
 */
export interface CrowdLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly unauthenticated: number;
}

export type Entry = { readonly admitted: false } | { readonly admitted: true; readonly evict: object | undefined };

/** As the page's side writes it: IPv4 is itself also where one socket listens for both kinds, and no zone is named. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, "");
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
}

/** IPv4 (also mapped into IPv6) as it is; IPv6 by its /64, which is what one subscriber holds. */
export function addressKey(mapped: string): string {
  const address = plainAddress(mapped);
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}

/** Strangers of one kind, in order of arrival. */
class Queue {
  readonly #members = new Map<object, string>();
  readonly #perAddress = new Map<string, number>();

  get size(): number {
    return this.#members.size;
  }

  add(token: object, key: string): void {
    this.#members.set(token, key);
    count(this.#perAddress, key, 1);
  }

  /** The address under which it stood here, if it did. */
  remove(token: object): string | undefined {
    const key = this.#members.get(token);
    if (key === undefined) return undefined;
    this.#members.delete(token);
    count(this.#perAddress, key, -1);
    return key;
  }

  heaviestOldest(): object | undefined {
    let most = 0;
    for (const held of this.#perAddress.values()) most = Math.max(most, held);
    for (const [token, key] of this.#members) if (this.#perAddress.get(key) === most) return token;
    return undefined;
  }
}

export class Crowd {
  readonly #limits: CrowdLimits;
  readonly #all = new Map<object, string>();
  readonly #perAddress = new Map<string, number>();
  /** Who did not say its version yet, and who did but has not signed in: each is sure of half the room. */
  readonly #silent = new Queue();
  readonly #speaking = new Queue();

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
    const isFull = this.#silent.size + this.#speaking.size >= this.#limits.unauthenticated;
    const crowded = this.#silent.size >= this.#speaking.size ? this.#silent : this.#speaking;
    const evict = isFull ? crowded.heaviestOldest() : undefined;
    this.#all.set(token, key);
    count(this.#perAddress, key, 1);
    this.#silent.add(token, key);
    return { admitted: true, evict };
  }

  /** The connection said its version. */
  hear(token: object): void {
    const key = this.#silent.remove(token);
    if (key !== undefined) this.#speaking.add(token, key);
  }

  /** The connection signed in. */
  know(token: object): void {
    this.#silent.remove(token);
    this.#speaking.remove(token);
  }

  leave(token: object): void {
    const key = this.#all.get(token);
    if (key === undefined) return;
    this.know(token);
    this.#all.delete(token);
    count(this.#perAddress, key, -1);
  }
}

function count(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next <= 0) counts.delete(key);
  else counts.set(key, next);
}
