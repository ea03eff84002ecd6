/** Requests, approvals and grants, as they are asked for and shown. Expected outcomes are `Outcome` values. */
import type {
  AccessRequest,
  AccountId,
  Action,
  Actor,
  Approval,
  Asset,
  AssetId,
  DesktopSettings,
  ForwardTarget,
  Grant,
  GrantId,
  Limits,
  Outcome,
  RequestId,
  RequestItem,
} from "../../domain/index.js";
import type { Page, Listing } from "./lists.js";

/** One account a person may see: with a live grant, or to ask for. */
export interface Reachable {
  readonly accountId: AccountId;
  readonly accountLogin: string;
  readonly assetId: AssetId;
  readonly assetName: string;
  readonly assetDescription: string;
  readonly protocol: Asset["protocol"];
  /** The most that may be asked for. */
  readonly actions: readonly Action[];
  readonly grant: {
    readonly id: GrantId;
    readonly from: number;
    readonly to: number;
    readonly actions: readonly Action[];
    readonly forwardTo: readonly ForwardTarget[];
  } | null;
  readonly pendingRequestId: RequestId | null;
}

export interface RequestView extends AccessRequest {
  readonly requesterLogin: string;
  readonly requesterName: string;
  readonly vendorChain: readonly string[];
  readonly contractNumber: string | null;
  readonly contractEndsAt: number | null;
  /** Whether the contract's scope covers all that is asked; null where there is no contract. */
  readonly withinContract: boolean | null;
  /** Who in the unit answers for the requester. */
  readonly sponsorName: string | null;
  readonly items: readonly (RequestItem & {
    readonly accountLogin: string;
    readonly assetName: string;
    readonly assetHost: string;
    readonly assetPort: number;
    readonly hostKeyFingerprint: string | null;
    readonly legacyAlgorithms: boolean;
    readonly protocol: Asset["protocol"];
    readonly certificate: "pinned" | "unchecked" | null;
    readonly desktop: DesktopSettings | null;
  })[];
  readonly approvals: readonly (Approval & { readonly approverLogin: string; readonly approverName: string })[];
  /** Who can agree, as groups, never as persons: e.g. "approvers of Example Bureau". */
  readonly approverGroups: readonly string[];
  readonly grants: readonly Grant[];
  /** Whether the reader may decide it, and if not why. */
  readonly decidable: { readonly ok: true } | { readonly ok: false; readonly code: string };
}

export interface GrantView extends Grant {
  readonly personLogin: string;
  readonly personName: string;
  readonly vendorChain: readonly string[];
  /** Of the contract it was granted under. */
  readonly contractNumber: string | null;
  readonly accountLogin: string;
  readonly assetName: string;
}

export interface AccessUseCases {
  reachable(actor: Actor): Promise<readonly Reachable[]>;
  /** Unknown and forbidden answer the same `outside-entitlement`, in the same time. */
  request(
    actor: Actor,
    input: {
      readonly items: readonly {
        readonly accountId: AccountId;
        readonly actions: readonly Action[];
        readonly limits?: Limits;
      }[];
      readonly reason: string;
      readonly workOrder: string;
      readonly windowFrom?: number;
      readonly durationMs: number;
    },
  ): Promise<Outcome<RequestView>>;
  withdraw(actor: Actor, id: RequestId): Promise<Outcome<void>>;
  /** `digest` must be the one that was shown. Never the requester, never twice, nothing after a decision. */
  decide(
    actor: Actor,
    id: RequestId,
    input: { readonly verdict: "approved" | "denied"; readonly reason: string; readonly digest: string },
  ): Promise<Outcome<RequestView>>;
  get(actor: Actor, id: RequestId): Promise<Outcome<RequestView>>;
  /** `mine`: asked by the actor · `queue`: pending that the actor may decide · `decided`: that the actor decided · `all`: approvers, security and audit. */
  list(
    actor: Actor,
    page: Page & { readonly view: "mine" | "queue" | "decided" | "all" },
  ): Promise<Outcome<Listing<RequestView>>>;
  listGrants(actor: Actor, page: Page & { readonly live?: boolean }): Promise<Outcome<Listing<GrantView>>>;
  revoke(actor: Actor, id: GrantId, reason: string): Promise<Outcome<void>>;
  /** Resolves at the next change of the request's state, or when `signal` aborts (then with the state as it is). */
  waitForDecision(actor: Actor, id: RequestId, signal: AbortSignal): Promise<AccessRequest["state"]>;
}
