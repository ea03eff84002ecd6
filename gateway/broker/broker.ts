/**
 * The broker's face: every use case that the doors, the page and the command line may call. Each is one file beside this
 * one; `createBroker` binds them to their dependencies. Doors take only the parts they need (`Pick<Broker, "sessions">`).
 *
 * Expected outcomes are `Outcome` values. Every use case that changes or shows something authorises its actor itself:
 * no caller is trusted to have asked first.
 */
import type { Actor, PersonId, Power, Role, UnitId } from "../domain/index.js";
import type { AccessUseCases } from "./face/access.js";
import type { AssetUseCases } from "./face/assets.js";
import type { AuditUseCases } from "./face/audit.js";
import type { DesktopUseCases } from "./face/desktops.js";
import type { DirectoryUseCases } from "./face/directories.js";
import type { FactorUseCases } from "./face/factors.js";
import type { IdentityUseCases, PeopleUseCases } from "./face/identity.js";
import type { ProposalUseCases } from "./face/proposals.js";
import type { RegistryUseCases } from "./face/registry.js";
import type { RecordingUseCases } from "./face/recordings.js";
import type { SessionUseCases } from "./face/sessions.js";

export type * from "./face/access.js";
export type * from "./face/assets.js";
export type * from "./face/audit.js";
export type * from "./face/desktops.js";
export type * from "./face/directories.js";
export type * from "./face/factors.js";
export type * from "./face/identity.js";
export type * from "./face/lists.js";
export type * from "./face/names.js";
export type * from "./face/proposals.js";
export type * from "./face/recordings.js";
export type * from "./face/registry.js";
export type * from "./face/sessions.js";
export type { Admission } from "./admission.js";

/** Something changed that a page may want to fetch again. Carries ids, never content. */
export interface Notice {
  readonly topic: "requests" | "grants" | "sessions" | "alerts" | "people" | "proposals" | "registry";
  readonly id: string;
  /** Who may be told: persons by id, or everyone holding one of these roles or powers. */
  readonly audience: {
    readonly personIds: readonly PersonId[];
    readonly roles: readonly Role[];
    readonly powers: readonly Power[];
  };
}

/** A notice with where the change lies, as it leaves the broker. */
export interface PlacedNotice extends Notice {
  readonly audience: Notice["audience"] & {
    /** Roles and powers count if they cover one of these; null: wherever they are held. Empty: at the top alone. */
    readonly unitIds: readonly UnitId[] | null;
  };
}

export interface Broker {
  readonly identity: IdentityUseCases;
  readonly people: PeopleUseCases;
  readonly factors: FactorUseCases;
  readonly registry: RegistryUseCases;
  readonly proposals: ProposalUseCases;
  readonly directories: DirectoryUseCases;
  readonly assets: AssetUseCases;
  readonly access: AccessUseCases;
  readonly desktops: DesktopUseCases;
  readonly sessions: SessionUseCases;
  readonly recordings: RecordingUseCases;
  readonly audit: AuditUseCases;
  /** Told after the change is kept; answers how to stop. */
  onNotice(listener: (notice: PlacedNotice) => void): () => void;
  /** Whether the person is among those who may be told, as rows say now. */
  mayHear(actor: Actor, notice: PlacedNotice): Promise<boolean>;
}
