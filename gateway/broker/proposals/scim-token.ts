/** A bearer token for a directory's SCIM client. It is shown once, to who confirms; only its hash is kept. */
import { asId, done, refused, type ScimTokenId, type UnitId } from "../../domain/index.js";
import { newToken } from "../secrets-shown-once.js";
import type { ProposalActs } from "./kind.js";

/** A type and not an interface, so that it is `Canonical`. */
type Content = { readonly name: string; readonly unitId: UnitId };

export const scimToken: ProposalActs = {
  async lines(stores, text) {
    const content = JSON.parse(text) as Content;
    const unit = await stores.units.get(content.unitId);
    return [
      { label: "token", before: null, after: content.name },
      { label: "unit", before: null, after: unit?.name ?? content.unitId },
    ];
  },

  async execute(deps, tx, proposal, { proposer, confirmer, sourceAddress }) {
    const { name, unitId } = JSON.parse(proposal.content) as Content;
    const unit = await tx.units.get(unitId);
    if (unit?.state !== "active" || unitId !== proposal.unitId) return refused("stale");
    const { token, hash } = newToken();
    const id = asId<ScimTokenId>(deps.ids.next());
    const createdAt = deps.clock.now();
    const named = { name, unitId, createdBy: proposer.id, confirmedBy: confirmer.id };
    await tx.scimTokens.insert({ ...named, id, hash, createdAt, lastUsedAt: null, retiredAt: null });
    await tx.audit.append({
      verb: "scim.token-created",
      actorId: confirmer.id,
      object: { kind: "scim-token", id },
      sourceAddress,
      unitId,
      detail: { name, proposedBy: proposer.id, confirmedBy: confirmer.id },
    });
    return done({ toConfirmer: token });
  },
};
