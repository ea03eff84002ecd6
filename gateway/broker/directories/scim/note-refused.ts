/** What a SCIM client asked for that no directory can give: written down, and nothing else. */
import type { ScimToken } from "../../../domain/index.js";
import type { DirectoryDeps } from "../deps.js";

const MOST = 20;
const LONGEST = 100;
/** Words by which a group would be taken for a power or a role that two persons give. */
const WEIGHTY = ["system", "security", "audit", "auditor", "approver", "confirmer", "admin", "administrator", "root"];

/** `about`: the user or group it was sent with. Nothing is written for nothing. */
export async function noteRefused(
  deps: Pick<DirectoryDeps, "database" | "log">,
  token: ScimToken,
  about: string,
  ignored: readonly string[] = [],
): Promise<void> {
  if (ignored.length === 0) return;
  const asked = ignored.slice(0, MOST).map((text) => text.slice(0, LONGEST));
  deps.log("warn", "a scim client named powers or roles", { token: token.id, about, asked });
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "scim.refused",
      actorId: null,
      object: { kind: "scim-token", id: token.id },
      sourceAddress: null,
      decidedBy: "operator-only",
      detail: { about, asked },
    }),
  );
}

/** Whether a group's name would have it give more than an operator. It is kept as any other, and gives nothing. */
export function namesPower(displayName: string): boolean {
  const words = displayName.toLowerCase().split(/[^a-z]+/);
  return WEIGHTY.some((one) => words.includes(one) || words.includes(`${one}s`));
}
