/**
 * Holds the API's schemas to the broker's views, at compile time only: when a view gains a shape the API cannot carry, or
 * a word list of the domain grows, this file stops compiling. Nothing here runs.
 */
import type * as broker from "../broker/index.js";
import type * as domain from "../domain/index.js";
import type * as api from "./contract/index.js";

/** Compiles only when `From` may stand where `To` is expected. */
type Fits<From extends To, To> = [From, To];
/** Compiles only when the two unions are the same. */
type Same<A extends B, B extends C, C = A> = [A, B, C];

type Value<T> = T extends { readonly ok: true; readonly value: infer V } ? V : never;
type Answer<F extends (...args: never[]) => unknown> = Value<Awaited<ReturnType<F>>>;
type Input<F extends (...args: never[]) => unknown, At extends number> = Parameters<F>[At];

export type ViewsFit = [
  Fits<domain.Actor, api.ActorView>,
  Fits<broker.PersonView, api.PersonView>,
  Fits<Awaited<ReturnType<broker.IdentityUseCases["me"]>>, api.Me>,
  Fits<Awaited<ReturnType<broker.IdentityUseCases["installation"]>>, api.Installation>,
  Fits<broker.UnitView, api.UnitView>,
  Fits<broker.VendorView, api.VendorView>,
  Fits<broker.ContractView, api.ContractView>,
  Fits<broker.Ending, api.Ending>,
  Fits<broker.ImportReport, api.ImportReport>,
  Fits<broker.DeclarationView, api.DeclarationView>,
  Fits<broker.ReviewView, api.ReviewView>,
  Fits<domain.PersonKey, api.PersonKeyView>,
  Fits<broker.Ceremony, api.CeremonyView>,
  Fits<broker.PasskeyView, api.PasskeyView>,
  Fits<broker.PasskeyEnding, api.PasskeyEndingView>,
  Fits<Answer<broker.FactorUseCases["sessions"]>["items"][number], api.PageSessionView>,
  Fits<broker.Reachable, api.ReachableView>,
  Fits<broker.AssetView, api.AssetView>,
  Fits<broker.OwnerView, api.OwnerView>,
  Fits<broker.AccountView, api.AccountView>,
  Fits<broker.EntitlementView, api.EntitlementView>,
  Fits<Answer<broker.AssetUseCases["get"]>, api.AssetWithAccounts>,
  Fits<Answer<broker.AssetUseCases["scanHostKey"]>, api.HostKeyScan>,
  Fits<broker.RequestView, api.RequestView>,
  Fits<broker.GrantView, api.GrantView>,
  Fits<broker.IssuedTicket, api.IssuedTicket>,
  Fits<broker.SessionView, api.SessionView>,
  Fits<Answer<broker.SessionUseCases["get"]>, api.SessionDetail>,
  Fits<broker.WatchStart, api.WatchStartMessage>,
  Fits<domain.TapEvent, api.WatchEvent>,
  Fits<broker.ReplayIndex, api.ReplayIndex>,
  Fits<broker.ReplaySegment, api.ReplaySegment>,
  Fits<broker.SearchHit, api.SearchHit>,
  Fits<broker.InputOpeningView, api.InputOpeningView>,
  Fits<Answer<broker.AuditUseCases["list"]>["items"][number], api.AuditRowView>,
  Fits<domain.Checkpoint, api.CheckpointView>,
  Fits<broker.ProposalText, api.ProposalText>,
  Fits<broker.AlertView, api.AlertView>,
  Fits<broker.LegalHoldView, api.LegalHoldView>,
  Fits<Answer<broker.ProposalUseCases["retention"]>, api.RetentionView>,
  Fits<domain.DeviceKey, api.DeviceKeyView>,
  Fits<Answer<broker.FactorUseCases["terminalQuestion"]>, api.TerminalQuestionView>,
  Fits<broker.DirectoryLink, api.DirectoryLinkView>,
  Fits<Answer<broker.DirectoryUseCases["scimTokens"]>[number], api.ScimTokenView>,
  Fits<ReturnType<broker.DirectoryUseCases["offers"]>, api.DirectoryOffersView>,
];

export type InputsFit = [
  Fits<Omit<api.CreateAssetBody, "unitId" | "ownerId">, Input<broker.AssetUseCases["create"], 1>>,
  Fits<Omit<api.ChangeAssetBody, "ownerId">, Input<broker.AssetUseCases["change"], 2>>,
  Fits<api.CredentialBody, Input<broker.AssetUseCases["setCredential"], 2>>,
  Fits<api.DecisionBody, Input<broker.AccessUseCases["decide"], 2>>,
  Fits<api.DesktopChoices, domain.DesktopChoices>,
];

export type DesktopAgrees = [
  Same<typeof api.OIDC_RETURN_PATH, typeof domain.OIDC_RETURN_PATH>,
  Same<typeof api.DESKTOP_PATH, typeof domain.DESKTOP_PATH>,
  Same<typeof api.DESKTOP_PROTOCOL, typeof domain.DESKTOP_PROTOCOL>,
  Same<typeof api.TICKET_PROTOCOL_PREFIX, typeof domain.TICKET_PROTOCOL_PREFIX>,
  Same<typeof api.DESKTOP_RETURN_SECONDS, typeof domain.DESKTOP_RETURN_SECONDS>,
  Same<typeof api.DESKTOP_BOUNDS, typeof domain.DESKTOP_BOUNDS>,
  Same<typeof api.CERTIFICATE_UNCHECKED, typeof domain.CERTIFICATE_UNCHECKED>,
];

export type RetentionAgrees = [
  Same<typeof api.RETENTION_LEAST_DAYS, typeof domain.RETENTION_LEAST_DAYS>,
  Same<typeof api.RETENTION_MOST_DAYS, typeof domain.RETENTION_MOST_DAYS>,
];

export type ImportAgrees = [Same<typeof api.IMPORT_COLUMNS, broker.ImportColumns>];

type WordsOf<Name extends keyof typeof api> = (typeof api)[Name] extends readonly (infer Word)[] ? Word : never;
export type WordsAgree = [
  Same<WordsOf<"ERROR_CODES">, domain.ErrorCode>,
  Same<WordsOf<"AUDIT_VERBS">, domain.AuditVerb>,
  Same<WordsOf<"ACTIONS">, domain.Action>,
  Same<WordsOf<"LOCALES">, domain.Locale>,
  Same<WordsOf<"SIGNED_IN_VIA">, domain.WebSession["via"]>,
  Same<WordsOf<"POWERS">, domain.Power>,
  Same<WordsOf<"ROLES">, domain.Role>,
  Same<WordsOf<"PERSON_STATES">, domain.PersonState>,
  Same<WordsOf<"PROPOSAL_KINDS">, domain.ProposalKind>,
  Same<WordsOf<"PROPOSAL_STATES">, domain.ProposalState>,
  Same<WordsOf<"PROTOCOLS">, domain.Protocol>,
  Same<WordsOf<"ASSET_STATES">, domain.AssetState>,
  Same<WordsOf<"REGISTRY_STATES">, domain.RegistryState>,
  Same<WordsOf<"CONTRACT_STATES">, domain.ContractState>,
  Same<WordsOf<"CONTRACT_STANDINGS">, broker.ContractView["standing"]>,
  Same<WordsOf<"DECLARATIONS">, domain.DeclarationKind>,
  Same<WordsOf<"IMPORT_KINDS">, broker.ImportKind>,
  Same<WordsOf<"IMPORT_FAULTS">, broker.ImportFaultCode>,
  Same<WordsOf<"REVIEW_STATES">, domain.ReviewState>,
  Same<WordsOf<"DATA_CLASSES">, domain.DataClass>,
  Same<WordsOf<"DESKTOP_SECURITY">, domain.DesktopSettings["security"]>,
  Same<WordsOf<"CERTIFICATES">, NonNullable<broker.AssetView["certificate"]>>,
  Same<WordsOf<"KEYBOARD_LAYOUTS">, domain.KeyboardLayout>,
  Same<WordsOf<"CREDENTIAL_KINDS">, domain.CredentialKind>,
  Same<WordsOf<"REQUEST_STATES">, domain.RequestState>,
  Same<WordsOf<"GRANT_STATES">, domain.GrantState>,
  Same<WordsOf<"OBLIGATIONS">, domain.Obligation>,
  Same<WordsOf<"SESSION_STATES">, domain.SessionState>,
  Same<WordsOf<"END_REASONS">, domain.EndReason>,
  Same<WordsOf<"CHANNEL_KINDS">, domain.ChannelKind>,
  Same<WordsOf<"CHANNEL_OUTCOMES">, domain.ChannelOutcome>,
  Same<WordsOf<"TRANSFER_DIRECTIONS">, domain.TransferRecord["direction"]>,
  Same<WordsOf<"CLIPBOARD_DIRECTIONS">, domain.ClipboardRecord["direction"]>,
  Same<WordsOf<"RECORDING_STATES">, domain.RecordingState>,
  Same<WordsOf<"MARKER_KINDS">, broker.ReplayIndex["markers"][number]["kind"]>,
  Same<WordsOf<"REPLAY_CODES">, broker.ReplaySegment["events"][number][1]>,
  Same<WordsOf<"ALERT_STATES">, domain.AlertState>,
  Same<WordsOf<"ALERT_KINDS">, domain.AlertKind>,
  Same<WordsOf<"SEARCH_KINDS">, domain.SearchEntry["kind"]>,
  Same<WordsOf<"DIRECTORY_KINDS">, domain.DirectoryKind>,
  Same<WordsOf<"NOTICE_TOPICS">, broker.Notice["topic"]>,
];
