/** Desktops: tickets that let a browser in. The session itself is opened like any other. Expected outcomes are `Outcome` values. */
import type {
  AccountId,
  Action,
  Actor,
  DesktopChoices,
  Obligation,
  Outcome,
  Protocol,
  SessionId,
} from "../../domain/index.js";

/** What the page gets. `ticket` is shown once and kept nowhere. */
export interface IssuedTicket {
  /** 256 random bits, base64url. */
  readonly ticket: string;
  readonly expiresAt: number;
  readonly accountLogin: string;
  readonly assetName: string;
  /** The earliest end that is known: the grant's, the page session's, the longest a session lives. */
  readonly endsAt: number;
  readonly actions: readonly Action[];
  readonly obligations: readonly Obligation[];
}

export interface RedeemedTicket {
  /** The running session it returns to; null: open one. */
  readonly sessionId: SessionId | null;
  readonly accountLogin: string;
  readonly assetName: string;
  readonly protocol: Protocol;
  readonly choices: DesktopChoices;
}

export interface DesktopUseCases {
  /** Under a live grant that holds `rdp.connect`; `not-found` covers unknown, forbidden and without a grant alike. Only from a page session. */
  issueTicket(
    actor: Actor,
    input: { readonly accountId: AccountId; readonly choices: DesktopChoices },
  ): Promise<Outcome<IssuedTicket>>;
  /** For one's own live desktop, from the page session that opened it. */
  issueReturnTicket(
    actor: Actor,
    input: { readonly sessionId: SessionId; readonly choices: DesktopChoices },
  ): Promise<Outcome<IssuedTicket>>;
  /** Uses the ticket up. Unknown, used, expired, another page session's or person's: `ticket-refused`, and an audit event. */
  redeemTicket(actor: Actor, ticket: string): Promise<Outcome<RedeemedTicket>>;
}
