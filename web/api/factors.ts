/** Passkeys, the second factor again, page sessions, terminals that wait, device keys, signing in by a directory. */
import { get, patch, post, remove } from "./http.js";
import type {
  AddPasskeyBody,
  CeremonyView,
  DeviceKeyView,
  DirectoryLinkBody,
  DirectoryLinkListing,
  DirectoryLinkView,
  DirectoryOffersView,
  EnrolmentTokenAnswer,
  OidcCallbackAnswer,
  OidcFactorBody,
  OidcStart,
  PageSessions,
  PasskeyEndingView,
  Passkeys,
  PasskeySignInBody,
  PasskeyView,
  SecondFactorBody,
  SignInAnswer,
  SignInOffers,
  TerminalApprovalBody,
  TerminalQuestionView,
} from "./types.js";

export const signInOffers = (): Promise<SignInOffers> => get("/auth/offers");
export const passkeySignInOptions = (): Promise<CeremonyView> => post("/auth/passkey/options");
export const signInByPasskey = (answer: PasskeySignInBody): Promise<SignInAnswer> =>
  post("/auth/passkey/session", answer);
export const directoryOffers = (): Promise<DirectoryOffersView> => get("/auth/directories");
export const enrolByLdap = (login: string, password: string): Promise<EnrolmentTokenAnswer> =>
  post("/auth/ldap/enrolment", { login, password });
export const startOidc = (): Promise<OidcStart> => post("/auth/oidc/start");
export const completeOidc = (query: string): Promise<OidcCallbackAnswer> => post("/auth/oidc/callback", { query });
export const finishOidc = (answer: OidcFactorBody): Promise<SignInAnswer> => post("/auth/oidc/second-factor", answer);

export const passkeys = (): Promise<Passkeys> => get("/me/passkeys");
export const passkeyOptions = (): Promise<CeremonyView> => post("/me/passkeys/options");
export const addPasskey = (answer: AddPasskeyBody): Promise<PasskeyView> => post("/me/passkeys", answer);
export const renamePasskey = (id: string, name: string): Promise<PasskeyView> => patch(`/me/passkeys/${id}`, { name });
export const passkeyEnding = (id: string): Promise<PasskeyEndingView> => get(`/me/passkeys/${id}/ending`);
export const retirePasskey = (id: string): Promise<void> => remove(`/me/passkeys/${id}`);

export const stepUpOptions = (): Promise<CeremonyView> => post("/me/step-up/options");
export const stepUp = (factor: SecondFactorBody): Promise<void> => post("/me/step-up", factor);

export const pageSessions = (cursor?: string, query: { readonly personId?: string } = {}): Promise<PageSessions> =>
  get("/page-sessions", { query: { cursor, ...query } });
export const endPageSession = (id: string): Promise<void> => remove(`/page-sessions/${id}`);
export const signOutEverywhere = (personId?: string): Promise<void> =>
  post("/page-sessions/sign-out-everywhere", personId === undefined ? {} : { personId });

export const terminalQuestion = (code: string): Promise<TerminalQuestionView> => get(`/terminal-approvals/${code}`);
export const approveTerminal = (code: string, answer: TerminalApprovalBody): Promise<void> =>
  post(`/terminal-approvals/${code}/approval`, answer);
export const refuseTerminal = (code: string): Promise<void> => post(`/terminal-approvals/${code}/refusal`);
export const deviceKeys = (): Promise<{ readonly items: readonly DeviceKeyView[] }> => get("/me/device-keys");
export const retireDeviceKey = (id: string): Promise<void> => remove(`/me/device-keys/${id}`);

export const startOwnLink = (): Promise<OidcStart> => post("/me/directory-link/start");
export const directoryLinks = (personId: string): Promise<DirectoryLinkListing> =>
  get(`/people/${personId}/directory-links`);
export const linkPerson = (personId: string, input: DirectoryLinkBody): Promise<DirectoryLinkView> =>
  post(`/people/${personId}/directory-links`, input);
export const unlinkPerson = (linkId: string): Promise<void> => remove(`/directory/links/${linkId}`);
