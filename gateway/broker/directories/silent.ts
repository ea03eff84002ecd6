/** Whether the directory that keeps somebody's first factor has been silent for so long that it vouches for him no more. */
import type { Person, Stores } from "../../domain/index.js";
import type { DirectoryDeps } from "./deps.js";

const MOST = 100;

/**
 * Past the grace nobody of its people comes in anew, by whatever he keeps here: it could not say that he left. False for who has
 * his password here, administrators among them.
 */
export async function isSilentOn(
  deps: Pick<DirectoryDeps, "clock" | "directories">,
  stores: Pick<Stores, "externalIdentities">,
  person: Pick<Person, "id" | "passwordAt">,
): Promise<boolean> {
  const { id: personId, passwordAt: kind } = person;
  if (kind === "here") return false;
  const { oidc, ldap, graceMs } = deps.directories;
  const source = kind === "oidc" ? oidc?.issuer : ldap?.source;
  if (source === undefined) return false;
  const links = await stores.externalIdentities.find({ personId, kind, source, retiredAt: null }, { limit: MOST });
  const since = deps.clock.now() - graceMs;
  return links.some((link) => link.failingSince !== null && link.failingSince <= since);
}
