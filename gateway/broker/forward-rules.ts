/**
 * Where a forward may lead. It is dialled by the target, so the gate cannot see where a name ends there; what it can hold
 * is that no forward names SSH or a managed asset's port, which would be a way round its own doors.
 */
import { canonicalAddress, judgeHost, type Asset, type ForwardTarget, type Stores } from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";

const SSH_PORT = 22;

/** Whether the target is well-formed and leads neither to SSH nor to a managed asset, in any spelling the gate can resolve. */
export async function forwardAllowed(
  deps: Pick<BrokerDeps, "resolve">,
  stores: Pick<Stores, "assets">,
  through: Pick<Asset, "host" | "port">,
  target: ForwardTarget,
): Promise<boolean> {
  if (!Number.isInteger(target.port) || target.port < 1 || target.port > 65535 || target.port === SSH_PORT)
    return false;
  const spelling = judgeHost(target.host);
  if (spelling.kind === "refused") return false;
  if (target.port === through.port && isLoopback(target.host)) return false;
  const managed = await stores.assets.find({ port: target.port, state: "active" }, { limit: 1000 });
  if (managed.length === 0) return true;
  const meant = await namesOf(deps, target.host);
  for (const asset of managed) {
    if ([...(await namesOf(deps, asset.host))].some((name) => meant.has(name))) return false;
  }
  return true;
}

type Resolve = BrokerDeps["resolve"];

/** The same look-up, one at a time: names that answer slowly keep one of the process's few look-up threads, not all. */
export function inTurn(resolve: Resolve): Resolve {
  let last: Promise<unknown> = Promise.resolve();
  return (host) => {
    const mine = last.then(() => resolve(host));
    last = mine.catch(() => undefined);
    return mine;
  };
}

function isLoopback(host: string): boolean {
  const lower = host.toLowerCase();
  if (lower === "localhost" || lower.endsWith(".localhost")) return true;
  const address = canonicalAddress(host);
  return (
    address !== undefined &&
    (address.startsWith("127.") ||
      address === "0:0:0:0:0:0:0:1" ||
      address === "0.0.0.0" ||
      address === "0:0:0:0:0:0:0:0")
  );
}

async function namesOf(deps: Pick<BrokerDeps, "resolve">, host: string): Promise<ReadonlySet<string>> {
  const literal = canonicalAddress(host);
  if (literal !== undefined) return new Set([literal]);
  try {
    const addresses = await deps.resolve(host);
    return new Set([host.toLowerCase(), ...addresses.map((address) => canonicalAddress(address) ?? address)]);
  } catch {
    return new Set([host.toLowerCase()]);
  }
}
