/** Requests, approvals, grants and their state machines. Pure: time comes in as an argument (epoch milliseconds, UTC). */
import type { Action, Limits, Obligation } from "./actions.js";
import type {
  AccountId,
  ApprovalId,
  AssetId,
  ContractId,
  GrantId,
  PersonId,
  RequestId,
  RequestItemId,
  UnitId,
} from "./ids.js";

export type RequestState = "pending" | "approved" | "denied" | "withdrawn" | "lapsed";

export interface AccessRequest {
  readonly id: RequestId;
  readonly unitId: UnitId;
  readonly requesterId: PersonId;
  readonly contractId: ContractId | null;
  readonly reason: string;
  readonly workOrder: string;
  /** When the grant shall begin; a request decided later begins then. */
  readonly windowFrom: number;
  /** How long, from the later of `windowFrom` and the approval. */
  readonly durationMs: number;
  /** SHA-256 hex over the canonical JSON of everything an approver decides on; see `requestDigest`. */
  readonly digest: string;
  readonly state: RequestState;
  /** How many different persons must say yes. */
  readonly approvalsNeeded: number;
  readonly sourceAddress: string;
  readonly createdAt: number;
  /** A pending request lapses then. */
  readonly lapsesAt: number;
  readonly decidedAt: number | null;
}

export interface RequestItem {
  readonly id: RequestItemId;
  readonly requestId: RequestId;
  readonly accountId: AccountId;
  readonly assetId: AssetId;
  /** The asset's pin as it was when asked. */
  readonly assetPin: string;
  readonly actions: readonly Action[];
  readonly limits: Limits;
}

export interface Approval {
  readonly id: ApprovalId;
  readonly requestId: RequestId;
  readonly approverId: PersonId;
  readonly verdict: "approved" | "denied";
  readonly reason: string;
  /** The digest the approver saw; binds the yes to exactly that text. */
  readonly digest: string;
  readonly at: number;
}

export type GrantState = "scheduled" | "active" | "suspended" | "expired" | "revoked";

export interface Grant {
  readonly id: GrantId;
  readonly unitId: UnitId;
  readonly requestId: RequestId;
  readonly itemId: RequestItemId;
  readonly personId: PersonId;
  readonly accountId: AccountId;
  readonly assetId: AssetId;
  readonly contractId: ContractId | null;
  readonly assetPin: string;
  readonly actions: readonly Action[];
  readonly limits: Limits;
  readonly obligations: readonly Obligation[];
  readonly from: number;
  readonly to: number;
  readonly state: GrantState;
  readonly endedAt: number | null;
  readonly endedBy: PersonId | null;
  readonly endReason: string | null;
  readonly createdAt: number;
}
