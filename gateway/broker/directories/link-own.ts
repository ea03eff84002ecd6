/** Linking one's own account to an entry at the provider: by a journey there that began in one's own page session. */
import { GatehouseError, done, refused, type Challenge, type ErrorCode, type Outcome } from "../../domain/index.js";
import { tellPerson } from "../identity-deps.js";
import { keptBound, type DirectoryDeps, type Vouched } from "./deps.js";
import { findLink, insertLink, isMailOfAnother } from "./find-link.js";
import { tellRefused } from "./tell-refused.js";

/** As the log has it. */
const UNFIT: Partial<Record<ErrorCode, string>> = {
  conflict: "linked-already",
  "directory-refused": "email-of-another",
};

type Linked = Outcome<{ readonly kind: "linked" }>;

/**
 * The page session that began it must still stand. `conflict` when the entry, or he, is linked already; `directory-refused` when it shows
 * somebody else's e-mail. Both are written down.
 */
export async function linkByJourney(
  deps: DirectoryDeps,
  { personId, webSessionId }: Challenge,
  { kind, source, entry, keep }: Vouched,
  sourceAddress: string,
): Promise<Linked> {
  if (personId === null || webSessionId === null) return refused("directory-refused");
  const linking = deps.database.write(async (tx): Promise<Linked> => {
    const [person, page] = [await tx.people.get(personId), await tx.webSessions.get(webSessionId)];
    const stands =
      person?.state === "active" &&
      page?.personId === personId &&
      page.endedAt === null &&
      deps.clock.now() < page.expiresAt &&
      page.credentialEpoch === person.credentialEpoch;
    if (!stands) return refused("unauthenticated");
    if (await isMailOfAnother(tx, entry.email, personId)) return refused("directory-refused");
    if ((await findLink(tx, kind, source, entry.subject)) !== undefined) return refused("conflict");
    if ((await tx.externalIdentities.count({ personId, kind, source, retiredAt: null })) > 0)
      return refused("conflict");
    const sealed = keep === null ? null : deps.vault.seal("oidc", keptBound(kind, source, entry.subject), keep);
    const { subject, email } = entry;
    await insertLink(deps, tx, { personId, kind, source, subject, email, sealed }, { personId, sourceAddress });
    return done({ kind: "linked" });
  });
  const outcome = await linking.catch((error: unknown): Linked => {
    if (error instanceof GatehouseError && error.code === "conflict") return refused("conflict");
    throw error;
  });
  if (outcome.ok) tellPerson(deps, personId);
  else {
    const unfit = UNFIT[outcome.code] ?? outcome.code;
    await tellRefused(deps, sourceAddress, entry, { unfit, personId });
  }
  return outcome;
}
