/** How a desktop is reached, as an administrator states it: for a desktop always, for anything else never. */
import { refused, type Asset, type DesktopSettings } from "../domain/index.js";

const DEFAULT: DesktopSettings = { security: "any", acceptsMissing: false };
const SECURITIES: readonly DesktopSettings["security"][] = ["any", "nla", "tls", "rdp"];

/** The settings of a new asset; nothing is accepted that was not said. */
export function newDesktopSettings(
  protocol: Asset["protocol"],
  given: DesktopSettings | undefined,
): DesktopSettings | null {
  if (protocol !== "rdp") return null;
  return given === undefined ? DEFAULT : plain(given);
}

/** Why these settings cannot be an asset's of that protocol; undefined when they can. */
export function desktopFault(
  protocol: Asset["protocol"],
  given: DesktopSettings | undefined,
): ReturnType<typeof refused> | undefined {
  if (given === undefined) return undefined;
  const fits = protocol === "rdp" && SECURITIES.includes(given.security) && typeof given.acceptsMissing === "boolean";
  return fits ? undefined : refused("invalid-input", { field: "desktop" });
}

/** The settings after a change. */
export function changedSettings(
  asset: Pick<Asset, "desktop">,
  given: DesktopSettings | undefined,
): DesktopSettings | null {
  return given === undefined ? asset.desktop : plain(given);
}

/** Whether both say the same. */
export function sameSettings(a: DesktopSettings | null, b: DesktopSettings | null): boolean {
  return a?.security === b?.security && a?.acceptsMissing === b?.acceptsMissing;
}

function plain({ security, acceptsMissing }: DesktopSettings): DesktopSettings {
  return { security, acceptsMissing };
}
