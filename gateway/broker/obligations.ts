/** What a grant allows once its obligations are kept: `no-download` takes away every way a file leaves by. */
import type { Action, Grant } from "../domain/index.js";

const DOWNLOADS: readonly Action[] = ["rdp.download", "sftp.read"];

/** Whether the grant holds the action and no obligation stands against it. */
export function grantAllows(grant: Pick<Grant, "actions" | "obligations">, action: Action): boolean {
  if (grant.obligations.includes("no-download") && DOWNLOADS.includes(action)) return false;
  return grant.actions.includes(action);
}

/** The actions of a grant that may be used. */
export function usableActions(grant: Pick<Grant, "actions" | "obligations">): readonly Action[] {
  return grant.actions.filter((action) => grantAllows(grant, action));
}
