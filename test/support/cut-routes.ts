/**
 * Every route there is, with what of a unit it shows or does, and how somebody of the sister unit would ask for it. The test that walks
 * it fails when a route is not written down here. In the order in which a unit can be asked without ending what is asked for next.
 */
import type { Bureau, Office } from "./sister-bureaus.js";

/** One way to ask for an object of a unit by its id, as a person of the bureau `mine`. */
export interface Ask {
  readonly who: Office;
  /** The id that only its own unit may name. */
  readonly id: (of: Bureau) => string;
  readonly path?: (id: string, mine: Bureau) => string;
  readonly body?: (id: string, mine: Bureau) => object;
  /** Why also its own unit is told that there is no such thing, in this house. */
  readonly mute?: string;
}

export type Cut =
  /** Nothing of a unit stands in it: one's own, everybody's, or the installation's as a whole. */
  | { readonly kind: "open"; readonly because: string }
  /** For a power of the top unit alone. */
  | { readonly kind: "top"; readonly who: Office; readonly body: object }
  /** What it shows is cut; each path may name things of the other bureau. */
  | { readonly kind: "list"; readonly paths: readonly ((of: Bureau) => string)[] }
  | { readonly kind: "asks"; readonly asks: readonly Ask[] };

const open = (because: string): Cut => ({ kind: "open", because });
const top = (who: Office, body: object): Cut => ({ kind: "top", who, body });
const list = (...paths: readonly (string | ((of: Bureau) => string))[]): Cut => ({
  kind: "list",
  paths: paths.map((path) => (typeof path === "string" ? () => path : path)),
});
const asks = (...all: readonly Ask[]): Cut => ({ kind: "asks", asks: all });
/** The route's own `:id` is the thing's. */
const one = (who: Office, thing: keyof Bureau["things"], body?: object): Ask => ({
  who,
  id: ({ things }) => things[thing],
  ...(body === undefined ? {} : { body: () => body }),
});
/** A body names the thing; the route's `:id`, if it has one, is one's own. */
const named = (
  who: Office,
  thing: keyof Bureau["things"] | "id",
  body: (id: string, mine: Bureau) => object,
  own?: keyof Bureau["things"],
): Ask => ({
  who,
  id: (of) => (thing === "id" ? of.id : of.things[thing]),
  body,
  path: (_id, mine) => (own === undefined ? "" : mine.things[own]),
});

const reason = "from next door";
const because = { reason };
const digest = "a".repeat(64);
const choices = { width: 1_280, height: 800, dpi: 96, keyboardLayout: "en-us-qwerty", timeZone: "Asia/Shanghai" };
const NEW_ASSET = { protocol: "ssh", host: "web-01.example", port: 22, description: "", legacyAlgorithms: false };
const NEW_PERSON = { displayName: "New Face", locale: "en", power: null, roles: [] };
const NEW_VENDOR = { name: "New Fitters", registrationNumber: null, parentId: null };
const terms = (mine: Bureau) => ({
  ...{ unitId: mine.id, vendorId: mine.things.vendor, number: "NEW-1", title: "Works" },
  ...{ ownerId: mine.people.approver.personId, fromDate: "2027-01-01", toDate: "2027-12-31" },
  scope: { assetIds: [mine.things.asset], accountIds: [], actions: ["ssh.shell"] },
});
const vendors = (mine: Bureau, more: object) => ({
  ...{ ...NEW_PERSON, login: "new-face", vendorId: mine.things.vendor, contractId: mine.things.contract },
  ...{ sponsorId: mine.people.approver.personId, identityNumber: "ID0000001", ...more },
});
const OWN = "one's own alone, by the cookie";
const IN = "before anybody is known";
const WHOLE = "the installation's as a whole";

export const CUT_ROUTES: Readonly<Record<string, Cut>> = {
  "GET /healthz": open(WHOLE),
  "GET /readyz": open(WHOLE),
  "GET /metrics": open(WHOLE),
  "GET /*": open("the page itself"),
  "HEAD /*": open("the page itself"),
  "GET /api/v1/openapi.json": open(WHOLE),
  "GET /api/v1/auth/installation": open(IN),
  "POST /api/v1/auth/bootstrap": open(IN),
  "POST /api/v1/auth/session": open(IN),
  "DELETE /api/v1/auth/session": open(OWN),
  "POST /api/v1/auth/enrolment": open(IN),
  "POST /api/v1/auth/enrolment/completion": open(IN),
  "POST /api/v1/auth/device-logins": open(IN),
  "GET /api/v1/auth/device-logins/:token": open(IN),
  "DELETE /api/v1/auth/device-logins/:token": open(IN),
  "GET /api/v1/auth/offers": open(IN),
  "POST /api/v1/auth/passkey/options": open(IN),
  "POST /api/v1/auth/passkey/session": open(IN),
  "GET /api/v1/auth/directories": open(IN),
  "POST /api/v1/auth/oidc/start": open(IN),
  "POST /api/v1/auth/oidc/callback": open(IN),
  "POST /api/v1/auth/oidc/second-factor": open(IN),
  "POST /api/v1/auth/ldap/enrolment": open(IN),
  "GET /api/v1/terminal-approvals/:code": open("the code that a terminal shows is the right"),
  "POST /api/v1/terminal-approvals/:code/approval": open("the code that a terminal shows is the right"),
  "POST /api/v1/terminal-approvals/:code/refusal": open("the code that a terminal shows is the right"),
  "POST /api/v1/me/directory-link/start": open(OWN),
  "POST /api/v1/me/passkeys/options": open(OWN),
  "POST /api/v1/me/passkeys": open(OWN),
  "POST /api/v1/me/step-up/options": open(OWN),
  "POST /api/v1/me/step-up": open(OWN),
  "PUT /api/v1/me/locale": open(OWN),
  "POST /api/v1/me/password": open(OWN),
  "POST /api/v1/me/keys": open(OWN),
  "GET /api/v1/declarations": open("the texts in force, and one's own signatures"),
  "POST /api/v1/declarations/:kind/signature": open(OWN),
  "GET /api/v1/policy": open(WHOLE),
  "GET /api/v1/break-glass": open(WHOLE),
  "POST /api/v1/break-glass": open(IN),
  "POST /api/v1/break-glass/:power/refusal": open("anyone of the power keeps its envelope shut"),
  "GET /api/v1/audit/checkpoints": open("a checkpoint tells nothing but that history stands"),

  "POST /api/v1/policy": top("security", { digest, reason }),
  "POST /api/v1/break-glass/seals": top("security", because),
  "POST /api/v1/retention/proposals": top("audit", { days: 200, reason }),

  "GET /api/v1/me": list(""),
  "GET /api/v1/me/access": list(""),
  "GET /api/v1/me/passkeys": list(""),
  "GET /api/v1/me/device-keys": list(""),
  "GET /api/v1/page-sessions": list(
    "",
    "?everybody=true&limit=200",
    // Wherever a page of it ends.
    ...Array.from({ length: 12 }, (_, at) => `?everybody=true&limit=${String(at + 1)}`),
    ({ things }) => `?personId=${things.victim}`,
  ),
  "GET /api/v1/people": list(
    ...["?limit=200", "?q=victim", "?q=e"],
    ({ things }) => `?vendorId=${things.vendor}`,
    ({ things }) => `?contractId=${things.contract}`,
  ),
  "GET /api/v1/units": list(""),
  "GET /api/v1/vendors": list("?limit=200", "?q=Fitters"),
  "GET /api/v1/contracts": list("?limit=200", "?q=works", ({ things }) => `?vendorId=${things.vendor}`),
  "GET /api/v1/assets": list("?limit=200", "?q=ern"),
  "GET /api/v1/assets/owners": list("?limit=200", "?q=victim"),
  "GET /api/v1/accounts": list("?limit=200", "?q=root"),
  "GET /api/v1/entitlements": list("?limit=200", ({ people }) => `?personId=${people.operator.personId}`),
  "GET /api/v1/requests": list(...["mine", "queue", "decided", "all"].map((view) => `?view=${view}&limit=200`)),
  "GET /api/v1/grants": list("?limit=200", "?live=true"),
  "GET /api/v1/sessions": list("?limit=200", "?person=operator", "?asset=ern", "?command=reboot"),
  "GET /api/v1/sessions/live": list(""),
  "GET /api/v1/search": list("?q=reboot", "?q=reboot&person=operator", "?q=reboot&asset=ern&kind=command"),
  "GET /api/v1/input-openings": list("?limit=200"),
  "GET /api/v1/audit/events": list(
    "?limit=200",
    "?verb=asset.changed&limit=200",
    ({ things }) => `?objectId=${things.asset}`,
    ({ people }) => `?person=${people.security.personId}`,
  ),
  "GET /api/v1/audit/export": list("", "?from=0"),
  "GET /api/v1/retention": list(""),
  "GET /api/v1/holds": list("?limit=200"),
  "GET /api/v1/alerts": list("?limit=200", "?open=true"),
  "GET /api/v1/proposals": list("?limit=200", "?state=pending"),
  "GET /api/v1/reviews": list("?view=all&limit=200", "?view=mine"),
  "GET /api/v1/directory/scim-tokens": list(""),
  "GET /api/v1/exports/:kind": list("vendors", "contracts", "people"),

  "GET /scim/v2/ServiceProviderConfig": open(WHOLE),
  "GET /scim/v2/ResourceTypes": open(WHOLE),
  "GET /scim/v2/Schemas": open(WHOLE),
  "GET /scim/v2/Users": list(""),
  "GET /scim/v2/Groups": list(""),
  "GET /scim/v2/Users/:id": asks(one("system", "victim")),
  "PUT /scim/v2/Users/:id": asks(one("system", "victim", { userName: "x" })),
  "PATCH /scim/v2/Users/:id": asks(
    one("system", "victim", { Operations: [{ op: "replace", path: "displayName", value: "Someone Else" }] }),
  ),
  "POST /scim/v2/Users": open("makes people in the token's unit"),
  "GET /scim/v2/Groups/:id": asks(one("system", "scimGroup")),
  "POST /scim/v2/Groups": asks(
    named("system", "victim", (value) => ({ displayName: "New Group", members: [{ value }] })),
  ),
  "PUT /scim/v2/Groups/:id": asks(one("system", "scimGroup", { displayName: "Another" })),
  "PATCH /scim/v2/Groups/:id": asks(
    one("system", "scimGroup", { Operations: [{ op: "replace", path: "displayName", value: "A Third" }] }),
  ),

  "GET /api/v1/people/:id": asks(one("security", "victim"), one("audit", "victim")),
  "GET /api/v1/people/:id/ending": asks(one("security", "victim")),
  "GET /api/v1/people/:id/directory-links": asks(one("security", "victim"), one("audit", "victim")),
  "GET /api/v1/vendors/:id": asks(one("security", "vendor"), one("system", "vendor"), one("audit", "vendor")),
  "GET /api/v1/vendors/:id/ending": asks(one("security", "vendor")),
  "GET /api/v1/contracts/:id": asks(one("security", "contract"), one("system", "contract"), one("audit", "contract")),
  "GET /api/v1/contracts/:id/ending": asks(one("security", "contract")),
  "GET /api/v1/contracts/:id/duties": asks(one("security", "contract"), one("audit", "contract")),
  "GET /api/v1/assets/:id": asks(one("system", "asset"), one("security", "asset"), one("audit", "asset")),
  "GET /api/v1/requests/:id": asks(one("approver", "request"), one("security", "request"), one("audit", "request")),
  "GET /api/v1/sessions/:id": asks(one("approver", "session"), one("security", "session"), one("audit", "session")),
  "GET /api/v1/proposals/:id": asks(
    one("audit", "proposal"),
    one("confirmer", "proposal"),
    one("system", "vaultProposal"),
  ),
  "GET /api/v1/proposals/:id/text": asks({ ...one("audit", "proposal"), mute: "a release has no text" }),
  "GET /api/v1/recordings/:id/index": asks(one("audit", "closedRecording")),
  "GET /api/v1/recordings/:id/segment": asks({
    ...seen("?channel=1&fromUs=0&maxUs=1000"),
    mute: "the library of this house keeps no container",
  }),
  "GET /api/v1/recordings/:id/thumbnails": asks(seen("?channel=1&atUs=0")),
  "GET /api/v1/recordings/:id/guac": asks(seen("?channel=9")),
  "GET /api/v1/recordings/:id/container": asks(one("audit", "closedRecording")),
  "GET /api/v1/recordings/:id/asciicast": asks(seen("?channel=1")),
  "GET /api/v1/recordings/:id/text": asks(seen("?channel=1")),
  "POST /api/v1/recordings/:id/verification": asks(one("audit", "closedRecording")),
  "POST /api/v1/recordings/:id/input-openings": asks(one("audit", "closedRecording", because)),
  "POST /api/v1/input-openings/:id/approval": asks(one("audit", "opening")),
  "GET /api/v1/input-openings/:id/input": asks(one("audit", "opening")),
  "GET /api/v1/me/passkeys/:id/ending": asks(one("operator", "passkey")),
  "PATCH /api/v1/me/passkeys/:id": asks(one("operator", "passkey", { name: "mine now" })),

  "POST /api/v1/units": asks(named("security", "id", (parentId) => ({ parentId, name: "New Office" }))),
  "PATCH /api/v1/units/:id": asks(one("security", "unit", { name: "Ours now" })),
  "POST /api/v1/vendors": asks(
    named("security", "id", (unitId) => ({ ...NEW_VENDOR, unitId })),
    named("security", "vendor", (parentId, { id }) => ({ ...NEW_VENDOR, name: "Sub Fitters", unitId: id, parentId })),
  ),
  "PATCH /api/v1/vendors/:id": asks(one("security", "vendor", { registrationNumber: "R-1" })),
  "POST /api/v1/contracts": asks(
    named("security", "id", (unitId, mine) => ({ ...terms(mine), unitId })),
    named("security", "vendor", (vendorId, mine) => ({ ...terms(mine), number: "NEW-2", vendorId })),
    named("security", "asset", (id, mine) => ({
      ...{ ...terms(mine), number: "NEW-3" },
      scope: { assetIds: [id], accountIds: [], actions: ["ssh.shell"] },
    })),
    named("security", "victim", (ownerId, mine) => ({ ...terms(mine), number: "NEW-4", ownerId })),
  ),
  "PATCH /api/v1/contracts/:id": asks(
    one("security", "contract", { title: "Ours now" }),
    named("security", "victim", (ownerId) => ({ ownerId }), "contract"),
  ),
  "PUT /api/v1/contracts/:id/duties": asks({ ...one("security", "contract"), path: (id) => `${id}?name=ours.txt` }),
  "POST /api/v1/imports/:kind": open(
    "a file names things by what they are called; see import.contract and people-files",
  ),
  "POST /api/v1/people": asks(
    named("security", "id", (unitId) => ({ ...NEW_PERSON, login: "new-one", unitId })),
    named("security", "contract", (contractId, mine) => vendors(mine, { contractId })),
    named("security", "victim", (sponsorId, mine) =>
      vendors(mine, { login: "new-two", identityNumber: "ID0000002", sponsorId, displayName: "Newer Face" }),
    ),
  ),
  "PATCH /api/v1/people/:id": asks(
    one("security", "victim", { email: "victim@example.org" }),
    named("security", "id", (unitId) => ({ elsewhere: [{ unitId, roles: ["operator"] }] }), "victim"),
  ),
  "POST /api/v1/people/:id/factor-reset": asks(one("security", "victim", because)),
  "POST /api/v1/people/:id/directory-links": asks(
    one("security", "victim", { kind: "scim", source: "none", subject: "s" }),
    named("security", "scimToken", (source) => ({ kind: "scim", source, subject: "s2" }), "victim"),
  ),
  "POST /api/v1/directory/scim-tokens": asks(
    named("security", "id", (unitId) => ({ name: "ours now", unitId, reason })),
  ),
  "POST /api/v1/assets": asks(
    named("system", "id", (unitId) => ({ ...NEW_ASSET, name: "new-01", unitId })),
    named("system", "victim", (ownerId) => ({ ...NEW_ASSET, name: "new-02", ownerId })),
  ),
  "PATCH /api/v1/assets/:id": asks(
    one("system", "asset", { description: "ours now" }),
    named("system", "victim", (ownerId) => ({ ownerId }), "asset"),
  ),
  "POST /api/v1/assets/:id/host-key-scan": asks(one("system", "asset")),
  "POST /api/v1/assets/:id/host-key": asks(one("system", "asset", { publicKey: "ssh-ed25519 AAAA" })),
  "POST /api/v1/accounts": asks(named("system", "asset", (assetId) => ({ assetId, login: "new" }))),
  "PUT /api/v1/accounts/:id/credential": asks(one("system", "account", { kind: "password", secret: "s" })),
  "POST /api/v1/vault-exports": asks(named("system", "account", (id) => ({ accountIds: [id], reason }))),
  "POST /api/v1/vault-exports/:id/collection": asks({
    ...one("system", "vaultProposal", { passphrase: "eleven quiet herons fly" }),
    mute: "nothing was confirmed",
  }),
  "POST /api/v1/entitlements": asks(
    named("security", "account", (accountId, { things }) => ({
      ...{ personId: things.victim, accountId, actions: ["ssh.shell"], to: null },
    })),
    named("security", "victim", (personId, { things }) => ({
      ...{ personId, accountId: things.account, actions: ["ssh.shell"], to: null },
    })),
  ),
  "POST /api/v1/requests": asks(
    named("operator", "account", (accountId) => ({
      ...{ items: [{ accountId, actions: ["ssh.shell"] }], reason, workOrder: "", durationMs: 3_600_000 },
    })),
  ),
  "POST /api/v1/sessions": asks(named("operator", "desk", (accountId) => ({ accountId, choices }))),
  "POST /api/v1/sessions/:id/ticket": asks({ ...one("operator", "session", { choices }), mute: "no desktop runs" }),
  "POST /api/v1/requests/:id/approval": asks(one("approver", "request", { verdict: "denied", reason, digest })),
  "DELETE /api/v1/requests/:id": asks(one("operator", "request")),
  "POST /api/v1/holds": asks(named("audit", "session", (sessionId) => ({ sessionId, reason }))),
  "POST /api/v1/holds/:id/release": asks(one("audit", "hold", because)),
  "POST /api/v1/alerts/:id/acknowledgement": asks(
    one("system", "alert"),
    one("security", "alert"),
    one("audit", "alert"),
  ),
  "POST /api/v1/alerts/:id/resolution": asks(one("audit", "alert", { resolution: "seen" })),
  "POST /api/v1/alerts/:id/closing": asks(one("security", "alert")),
  "POST /api/v1/reviews/:id/decision": asks(one("approver", "review", { keep: true })),
  "POST /api/v1/proposals/:id/confirmation": asks(
    one("audit", "proposal", { digest }),
    one("confirmer", "proposal", { digest }),
  ),
  "POST /api/v1/proposals/:id/secret": asks({ ...one("audit", "proposal"), mute: "nothing was confirmed" }),
  "POST /api/v1/proposals/:id/withdrawal": asks(one("audit", "proposal")),
  "POST /api/v1/proposals/:id/rejection": asks(
    one("audit", "proposal", because),
    one("confirmer", "vaultProposal", because),
  ),
  "POST /api/v1/assets/:id/change-confirmation": asks(one("system", "asset", { accept: true })),

  "POST /api/v1/sessions/:id/stop": asks(one("audit", "session", because), one("approver", "session", because)),
  "POST /api/v1/grants/:id/revocation": asks(one("approver", "grant", because), one("security", "grant", because)),
  "DELETE /api/v1/entitlements/:id": asks(one("security", "entitlement")),
  "DELETE /api/v1/accounts/:id": asks(one("system", "account")),
  "DELETE /api/v1/assets/:id": asks(one("system", "asset")),
  "DELETE /api/v1/page-sessions/:id": asks(one("security", "page")),
  "POST /api/v1/page-sessions/sign-out-everywhere": asks(named("security", "victim", (personId) => ({ personId }))),
  "DELETE /api/v1/me/keys/:id": asks(one("operator", "key")),
  "DELETE /api/v1/me/device-keys/:id": asks(one("operator", "deviceKey")),
  "DELETE /api/v1/me/passkeys/:id": asks(one("operator", "passkey")),
  "DELETE /scim/v2/Groups/:id": asks(one("system", "scimGroup")),
  "DELETE /scim/v2/Users/:id": asks(one("system", "victim")),
  "DELETE /api/v1/directory/links/:id": asks(one("security", "link")),
  "DELETE /api/v1/directory/scim-tokens/:id": asks(one("security", "scimToken")),
  "POST /api/v1/people/:id/departure": asks(one("security", "victim", because)),
  "POST /api/v1/contracts/:id/end": asks(one("security", "contract", because)),
  "POST /api/v1/vendors/:id/retirement": asks(one("security", "vendor", because)),
  "DELETE /api/v1/units/:id": asks(one("security", "unit")),
};

/** A reading of the closed recording, with a query. */
function seen(query: string): Ask {
  return { who: "audit", id: ({ things }) => things.closedRecording, path: (id) => `${id}${query}` };
}
