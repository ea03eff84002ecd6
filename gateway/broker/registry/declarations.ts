/** What everyone who operates signs before the first session: which texts in force he has not signed yet. */
import type { DeclarationKind, PersonId, Stores } from "../../domain/index.js";
import type { Policy } from "../../policy/index.js";

/** The kinds of which the person has signed no text that is in force now, in either language. */
export async function unsigned(
  stores: Pick<Stores, "signatures">,
  policy: Pick<Policy, "declarations">,
  personId: PersonId,
): Promise<readonly DeclarationKind[]> {
  const signatures = await stores.signatures.find({ personId }, { limit: 1000, orderBy: "signedAt", descending: true });
  const signed = new Set(signatures.map((one) => one.digest));
  return policy.declarations
    .filter(({ texts }) => !Object.values(texts).some(({ digest }) => signed.has(digest)))
    .map(({ kind }) => kind);
}
