/** Which actions go together: each protocol has its own, and on a desktop the others need the desktop itself. Pure. */
import { ACTIONS } from "../../gateway/http/contract/constants.js";
import type { Action, AssetView } from "../api/types.js";

const isDesktop = (action: Action): boolean => action.startsWith("rdp.");

/** Every action that an account of this protocol can have, in the order of the list. */
export function actionsOf(protocol: AssetView["protocol"]): readonly Action[] {
  return ACTIONS.filter((action) => isDesktop(action) === (protocol === "rdp"));
}

/** `chosen` after a tick: a desktop's action brings the desktop, and without the desktop none of them stays. */
export function ticked(offered: readonly Action[], chosen: readonly Action[], action: Action, on: boolean): Action[] {
  const next = offered.filter((other) => (other === action ? on : chosen.includes(other)));
  if (action === "rdp.connect" && !on) return next.filter((other) => !isDesktop(other));
  if (!on || !isDesktop(action) || next.includes("rdp.connect")) return next;
  return offered.filter((other) => other === "rdp.connect" || next.includes(other));
}
