/**
 * From a host as typed to one literal address the gate may connect to. The name is resolved once and every address it has
 * must be allowed: a name that also points somewhere forbidden is not dialled at all.
 */
import { done, judgeHost, judgeTarget, refused, type Outcome } from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";

/** Resolves and checks; `address-refused` for a forbidden spelling or address, `target-unreachable` when there is none. */
export async function resolveTarget(
  deps: Pick<BrokerDeps, "resolve" | "config">,
  target: { readonly host: string; readonly port: number },
): Promise<Outcome<string>> {
  const spelling = judgeHost(target.host);
  if (spelling.kind === "refused") return refused("address-refused");
  const addresses = spelling.kind === "literal" ? [spelling.address] : await lookUp(deps, spelling.name);
  const [first] = addresses;
  if (first === undefined) return refused("target-unreachable");
  for (const address of addresses) {
    if (!judgeTarget({ host: target.host, address, port: target.port }, deps.config).ok)
      return refused("address-refused");
  }
  return done(addresses.find((address) => !address.includes(":")) ?? first);
}

async function lookUp(deps: Pick<BrokerDeps, "resolve">, name: string): Promise<readonly string[]> {
  try {
    return await deps.resolve(name);
  } catch {
    return [];
  }
}
