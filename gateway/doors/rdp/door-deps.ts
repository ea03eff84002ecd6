/** What the desktop door is given: the broker's parts it may call, where guacd listens, the folder shared with it, and limits. */
import type { Broker } from "../../broker/index.js";
import type { Clock } from "../../domain/index.js";
import type { DesktopDoorLimits } from "./limits.js";
import type { DesktopProbe } from "./probe.js";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface DesktopDoorDeps {
  readonly broker: Pick<Broker, "sessions" | "desktops" | "identity">;
  /** guacd asks nobody who he is: this must be reachable by the gate alone. */
  readonly guacd: HostPort;
  /** A folder of this node's own, shared with guacd: as this process sees it, and as guacd does. Null: no files pass. */
  readonly drive: { readonly folder: string; readonly guacdFolder: string } | null;
  /** Whether keys are kept, under the recording's input key. */
  readonly keepKeys: boolean;
  /** Reads what certificate a desktop shows, where guacd cannot compare it. */
  readonly probe: DesktopProbe;
  readonly clock: Clock;
  readonly log: (level: "info" | "warn" | "error", message: string, detail?: Readonly<Record<string, unknown>>) => void;
  readonly limits?: Partial<DesktopDoorLimits>;
}

/** The same with every limit filled in; what the files of this door take. */
export type DoorContext = Omit<DesktopDoorDeps, "limits"> & { readonly limits: DesktopDoorLimits };
