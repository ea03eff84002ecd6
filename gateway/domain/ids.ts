/**
 * Branded identifiers, so that no bare string crosses a room. Every id is a UUIDv7 in lower-case text (RFC 9562 §5.7),
 * made by the `Ids` port; nothing in this room draws a random number.
 */
declare const brand: unique symbol;
type Brand<Name extends string> = string & { readonly [brand]: Name };

export type UnitId = Brand<"unit">;
export type PersonId = Brand<"person">;
export type PersonKeyId = Brand<"person-key">;
export type VendorId = Brand<"vendor">;
export type ContractId = Brand<"contract">;
export type AssetId = Brand<"asset">;
export type AccountId = Brand<"account">;
export type EntitlementId = Brand<"entitlement">;
export type RequestId = Brand<"request">;
export type RequestItemId = Brand<"request-item">;
export type ApprovalId = Brand<"approval">;
export type GrantId = Brand<"grant">;
export type SessionId = Brand<"session">;
export type ConnectionId = Brand<"connection">;
export type ChannelId = Brand<"channel">;
export type RecordingId = Brand<"recording">;
export type InputOpeningId = Brand<"input-opening">;
export type AuditEventId = Brand<"audit-event">;
export type AlertId = Brand<"alert">;
export type NodeId = Brand<"node">;
export type SignatureId = Brand<"signature">;
export type ReviewItemId = Brand<"review-item">;
export type ProposalId = Brand<"proposal">;
export type TerminalApprovalId = Brand<"terminal-approval">;
export type DeviceKeyId = Brand<"device-key">;
export type ExternalIdentityId = Brand<"external-identity">;
export type ScimTokenId = Brand<"scim-token">;
/** The WebAuthn credential id, base64url; chosen by the authenticator. */
export type PasskeyId = Brand<"passkey">;
/** SHA-256 in hex of a challenge's handle; the handle itself is never stored. */
export type ChallengeId = Brand<"challenge">;
/** SHA-256 in hex of a web session's cookie; the cookie itself is never stored. */
export type WebSessionId = Brand<"web-session">;

/** Marks a text from a trusted place (our own database, our own id port) as an id. Wire input goes through a schema first. */
export function asId<Id extends string>(text: string): Id {
  return text as Id;
}
