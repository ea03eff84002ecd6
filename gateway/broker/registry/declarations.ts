/** What everyone who operates signs before the first session: which texts in force he has not signed yet, and who signed them all. */
import type { DeclarationKind, PersonId, Stores } from "../../domain/index.js";
import type { Policy } from "../../policy/index.js";
import { everyRow } from "../batches.js";

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

/** Those of the people named, a page of them at most, who signed the text in force of every declaration, in one language or the other. */
export async function signedBy(
  stores: Pick<Stores, "signatures">,
  policy: Pick<Policy, "declarations">,
  ids: readonly PersonId[],
): Promise<ReadonlySet<PersonId>> {
  let signed = new Set(ids);
  for (const { kind, texts } of policy.declarations) {
    const digest = { in: Object.values(texts).map((text) => text.digest) };
    const rows = await everyRow(stores.signatures, { personId: { in: ids }, kind, digest });
    const here = new Set(rows.map((row) => row.personId));
    signed = new Set([...signed].filter((id) => here.has(id)));
  }
  return signed;
}
