/** Each kind of critical act and the file that knows it. */
import type { ProposalKind } from "../../domain/index.js";
import { breakGlassSeal } from "./break-glass-seal.js";
import { holdRelease } from "./hold-release.js";
import type { ProposalActs } from "./kind.js";
import { personReset } from "./person-reset.js";
import { personRights } from "./person-rights.js";
import { policyChange } from "./policy-change.js";
import { retentionChange } from "./retention-change.js";
import { scimToken } from "./scim-token.js";
import { vaultExport } from "./vault-export.js";

export const KINDS: Readonly<Record<ProposalKind, ProposalActs>> = {
  "person.rights": personRights,
  "person.reset": personReset,
  "policy.change": policyChange,
  "vault.export": vaultExport,
  "retention.change": retentionChange,
  "hold.release": holdRelease,
  "break-glass.seal": breakGlassSeal,
  "scim.token": scimToken,
};
