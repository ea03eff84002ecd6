/** What a protocol is to this door: its name for guacd, the action it needs, and its arguments by name. A new one is one file and one line. */
import type { DialPlan } from "../../../broker/index.js";
import type { Action, DesktopChoices, ErrorCode, Protocol } from "../../../domain/index.js";
import type { Rights } from "../guac/rights.js";

export interface ArgumentsFrom {
  readonly plan: DialPlan;
  readonly choices: DesktopChoices;
  readonly rights: Rights;
  /** The session's folder as guacd sees it; null: no drive. */
  readonly drivePath: string | null;
}

export type Arguments =
  | {
      readonly ok: true;
      /** What guacd is told where it asks for that name; every other name it asks for is left empty. */
      readonly named: Readonly<Record<string, string>>;
      /** Names without which a restriction would silently not hold. */
      readonly restricting: readonly string[];
    }
  | { readonly ok: false; readonly code: ErrorCode };

export interface DesktopProtocol {
  readonly protocol: Protocol;
  /** What guacd's `select` calls it. */
  readonly guacdName: string;
  /** What a grant must hold for its desktop channel. */
  readonly action: Action;
  parameters(from: ArgumentsFrom): Arguments;
}
