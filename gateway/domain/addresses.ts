/**
 * Which addresses the gate may dial. Pure judgement over texts: a host as an administrator typed it, and the literal
 * addresses a resolver gave for it. It promises that loopback, link-local, metadata and the gate's own services are refused
 * in every spelling; it is not a firewall and knows nothing of routes.
 */

export interface OwnService {
  readonly address: string;
  readonly port: number;
}

export interface TargetRules {
  readonly ownServices: readonly OwnService[];
  /** `host:port` (IPv6 in brackets) as configured; exempt from every rule below. */
  readonly allowTargets: readonly string[];
}

export type AddressRefusal =
  | "not-an-address"
  | "unspecified"
  | "loopback"
  | "link-local"
  | "multicast"
  | "broadcast"
  | "reserved"
  | "documentation"
  | "metadata"
  | "own-service";

export type AddressJudgement = { readonly ok: true } | { readonly ok: false; readonly because: AddressRefusal };

export type HostSpelling =
  | { readonly kind: "name"; readonly name: string }
  /** `address` in canonical spelling. */
  | { readonly kind: "literal"; readonly address: string }
  | { readonly kind: "refused" };

const OCTET = "(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])";
const DOTTED = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
const NUMBER_LABEL = /^(?:[0-9]+|0[xX][0-9A-Fa-f]*)$/;

/**
 * The bytes (4 or 16) of a literal in canonical dotted decimal or RFC 4291 §2.2 text; undefined for anything else, such as
 * octal, hexadecimal, short or zoned forms.
 */
export function parseAddress(text: string): readonly number[] | undefined {
  if (text.length > 45) return undefined;
  if (DOTTED.test(text)) return text.split(".").map(Number);
  return text.includes(":") ? parseIpv6(text) : undefined;
}

function parseIpv6(text: string): readonly number[] | undefined {
  let head = text;
  let tail: readonly number[] = [];
  const lastColon = text.lastIndexOf(":");
  const dotted = text.slice(lastColon + 1);
  if (dotted.includes(".")) {
    if (!DOTTED.test(dotted)) return undefined;
    tail = dotted.split(".").map(Number);
    head = text.slice(0, lastColon + 1);
    if (!head.endsWith("::")) head = head.slice(0, -1);
  }
  const halves = head.split("::");
  if (halves.length > 2) return undefined;
  const left = groupBytes(halves[0] ?? "");
  const right = halves.length === 2 ? groupBytes(halves[1] ?? "") : [];
  if (left === undefined || right === undefined) return undefined;
  const missing = 16 - left.length - right.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return [...left, ...new Array<number>(missing).fill(0), ...right, ...tail];
}

function groupBytes(text: string): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  for (const group of text.split(":")) {
    if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) return undefined;
    const value = parseInt(group, 16);
    bytes.push(value >> 8, value & 255);
  }
  return bytes;
}

/** One spelling for one address: dotted decimal, eight full groups for IPv6; an IPv4-mapped address becomes its IPv4. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = parseAddress(text);
  if (bytes === undefined) return undefined;
  if (bytes.length === 4) return bytes.join(".");
  if (startsWith(bytes, MAPPED)) return bytes.slice(12).join(".");
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  return groups.join(":");
}

/**
 * How a host was spelled. A name whose last label is a number (WHATWG URL "ends in a number") is what old resolvers read as
 * an address; only the canonical dotted form of it is let through, as a literal.
 */
export function judgeHost(host: string): HostSpelling {
  if (host.length === 0 || host.length > 253) return { kind: "refused" };
  const address = canonicalAddress(host);
  if (address !== undefined) return { kind: "literal", address };
  const labels = host.split(".");
  if (!labels.every((label) => LABEL.test(label))) return { kind: "refused" };
  if (NUMBER_LABEL.test(labels.at(-1) ?? "")) return { kind: "refused" };
  return { kind: "name", name: host.toLowerCase() };
}

/** Whether the gate may connect to this literal at this port, for an asset whose host was typed as `host`. */
export function judgeTarget(
  target: { readonly host: string; readonly address: string; readonly port: number },
  rules: TargetRules,
): AddressJudgement {
  const address = canonicalAddress(target.address);
  if (address === undefined) return { ok: false, because: "not-an-address" };
  if (isAllowed(target.host, address, target.port, rules.allowTargets)) return { ok: true };
  const refusal = judgeBytes(parseAddress(address) ?? []);
  if (refusal !== undefined) return { ok: false, because: refusal };
  const own = rules.ownServices.some((one) => one.port === target.port && canonicalAddress(one.address) === address);
  return own ? { ok: false, because: "own-service" } : { ok: true };
}

function isAllowed(host: string, address: string, port: number, allowed: readonly string[]): boolean {
  return allowed.some((entry) => {
    const colon = entry.lastIndexOf(":");
    if (entry.slice(colon + 1) !== String(port)) return false;
    const named = entry.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
    const literal = canonicalAddress(named);
    return literal === undefined ? named.toLowerCase() === host.toLowerCase() : literal === address;
  });
}

type Range = readonly [prefix: readonly number[], bits: number, because: AddressRefusal];

/** First match counts. IANA special-purpose registries, with the metadata addresses of the larger clouds. */
const IPV4: readonly Range[] = [
  [[169, 254, 169, 254], 32, "metadata"],
  [[100, 100, 100, 200], 32, "metadata"],
  [[168, 63, 129, 16], 32, "metadata"],
  [[255, 255, 255, 255], 32, "broadcast"],
  [[0, 0, 0, 0], 8, "unspecified"],
  [[127, 0, 0, 0], 8, "loopback"],
  [[169, 254, 0, 0], 16, "link-local"],
  [[192, 0, 0, 0], 24, "reserved"],
  [[192, 0, 2, 0], 24, "documentation"],
  [[192, 88, 99, 0], 24, "reserved"],
  [[198, 51, 100, 0], 24, "documentation"],
  [[203, 0, 113, 0], 24, "documentation"],
  [[224, 0, 0, 0], 4, "multicast"],
  [[240, 0, 0, 0], 4, "reserved"],
];

const IPV6: readonly Range[] = [
  [[0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54], 128, "metadata"],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 128, "unspecified"],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback"],
  [[0xfe, 0x80], 10, "link-local"],
  [[0xfe, 0xc0], 10, "reserved"],
  [[0xff], 8, "multicast"],
  [[0x20, 0x01, 0x0d, 0xb8], 32, "documentation"],
  [[0x3f, 0xff, 0x00], 20, "documentation"],
  [[0x01, 0, 0, 0, 0, 0, 0, 0], 64, "reserved"],
];

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/** Prefixes that carry an IPv4 address, and where it lies: mapped, translated, compatible, NAT64 (RFC 6052, RFC 8215), 6to4. */
const EMBEDDINGS: readonly (readonly [prefix: readonly number[], at: number])[] = [
  [MAPPED, 12],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], 12],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 12],
  [[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 12],
  [[0, 0x64, 0xff, 0x9b, 0, 1], 12],
  [[0x20, 0x02], 2],
];
/** RFC 4380: the client's IPv4 address lies at the end, inverted. */
const TEREDO = [0x20, 0x01, 0, 0];

function judgeBytes(bytes: readonly number[]): AddressRefusal | undefined {
  if (bytes.length === 4) return firstMatch(bytes, IPV4);
  const whole = firstMatch(bytes, IPV6);
  if (whole !== undefined) return whole;
  const embedded = EMBEDDINGS.find(([prefix]) => startsWith(bytes, prefix));
  if (embedded !== undefined) return firstMatch(bytes.slice(embedded[1], embedded[1] + 4), IPV4);
  if (startsWith(bytes, TEREDO)) {
    return firstMatch(
      bytes.slice(12).map((byte) => byte ^ 255),
      IPV4,
    );
  }
  return undefined;
}

function firstMatch(bytes: readonly number[], ranges: readonly Range[]): AddressRefusal | undefined {
  return ranges.find(([prefix, bits]) => matches(bytes, prefix, bits))?.[2];
}

function matches(bytes: readonly number[], prefix: readonly number[], bits: number): boolean {
  for (let bit = 0; bit < bits; bit += 8) {
    const keep = Math.min(8, bits - bit);
    const mask = (0xff << (8 - keep)) & 0xff;
    if (((bytes[bit / 8] ?? 0) & mask) !== ((prefix[bit / 8] ?? 0) & mask)) return false;
  }
  return true;
}

function startsWith(bytes: readonly number[], prefix: readonly number[]): boolean {
  return matches(bytes, prefix, prefix.length * 8);
}
