/**
 * Where a request comes from. A forwarding header is believed only when the connection itself comes from a proxy that
 * the configuration names; then the rightmost address that is no such proxy counts. Used alike for requests and upgrades.
 */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";

/** `::ffff:192.0.2.1` and its plain form are one address; a zone index is dropped. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, "").toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare);
  return mapped?.[1] ?? bare;
}

const LOOPBACK_HOST = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;

export function isLoopbackAddress(address: string): boolean {
  return address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}

/** What one attacker can draw addresses from counts as one: a /64 in IPv6. */
export function rateKey(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail = ""] = address.split("::");
  const left = head.split(":").filter(Boolean);
  const right = tail.split(":").filter(Boolean);
  const groups = address.includes("::")
    ? [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0"), ...right]
    : left;
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

export interface Addresses {
  /** The address of whoever sent this, as far as it can be known. */
  of(request: IncomingMessage): string;
  /** Whether the connection itself comes from a named proxy. */
  isProxy(address: string): boolean;
  /**
   * Whether the connection comes from this machine and nothing says that it was forwarded. A name of ours in `Host` is
   * part of it: a browser here may have been led to us under a foreign name.
   */
  isLocal(request: IncomingMessage): boolean;
  /** Whether the connection itself comes from loopback or a named proxy. */
  isNear(request: IncomingMessage): boolean;
}

/** @param trustedProxies addresses or CIDR blocks; a malformed one throws. */
export function createAddresses(trustedProxies: readonly string[]): Addresses {
  const trusted = new BlockList();
  for (const entry of trustedProxies) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  const isTrusted = (address: string): boolean => {
    const family = isIP(address);
    return family !== 0 && trusted.check(address, family === 6 ? "ipv6" : "ipv4");
  };
  const peerOf = (request: IncomingMessage): string => plainAddress(request.socket.remoteAddress ?? "");
  return {
    of(request) {
      let address = peerOf(request);
      const forwarded = request.headers["x-forwarded-for"];
      const hops = (Array.isArray(forwarded) ? forwarded.join(",") : (forwarded ?? "")).split(",").reverse();
      for (const hop of hops) {
        const next = plainAddress(hop.trim());
        if (!isTrusted(address) || isIP(next) === 0) break;
        address = next;
      }
      return address;
    },
    isProxy: isTrusted,
    isLocal(request) {
      const { headers } = request;
      const wasForwarded = headers["x-forwarded-for"] ?? headers["forwarded"] ?? headers["via"] ?? headers["x-real-ip"];
      const peer = peerOf(request);
      if (wasForwarded !== undefined || !isLoopbackAddress(peer) || isTrusted(peer)) return false;
      return LOOPBACK_HOST.test(headers.host ?? "");
    },
    isNear: (request) => isLoopbackAddress(peerOf(request)) || isTrusted(peerOf(request)),
  };
}
