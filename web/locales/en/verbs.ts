/** The verbs of audit events, by noun and verb. */
export const verbs = {
  installation: {
    bootstrapped: "installation bootstrapped",
  },
  person: {
    created: "person created",
    enrolled: "person enrolled",
    "signed-in": "signed in",
    "sign-in-failed": "sign-in failed",
    "signed-out": "signed out",
    changed: "person changed",
    disabled: "person disabled",
    "password-changed": "password changed",
    "factor-reset": "factors reset",
    "key-added": "device key added",
    "key-retired": "device key retired",
    "recovery-code-used": "recovery code used",
    throttled: "person throttled",
  },
  power: {
    granted: "power granted",
    withdrawn: "power withdrawn",
  },
  role: {
    granted: "role granted",
    withdrawn: "role withdrawn",
  },
  asset: {
    created: "asset created",
    changed: "asset changed",
    "change-proposed": "asset change proposed",
    "change-confirmed": "asset change confirmed",
    "host-key-scanned": "host key scanned",
    "host-key-confirmed": "host key confirmed",
    retired: "asset retired",
  },
  account: {
    created: "account created",
    "credential-set": "credential set",
    "credential-tested": "credential tested",
    retired: "account retired",
  },
  entitlement: {
    created: "entitlement created",
    ended: "entitlement ended",
  },
  request: {
    filed: "request filed",
    approved: "request approved",
    denied: "request denied",
    withdrawn: "request withdrawn",
    lapsed: "request lapsed",
  },
  grant: {
    activated: "grant active",
    created: "grant created",
    expired: "grant expired",
    revoked: "grant revoked",
    suspended: "grant suspended",
  },
  connection: {
    refused: "connection refused",
  },
  session: {
    opened: "session opened",
    refused: "session refused",
    ended: "session ended",
    stopped: "session stopped",
    watched: "watch begun",
    unwatched: "watch ended",
    detached: "operator's connection lost",
    rejoined: "operator came back",
  },
  ticket: {
    issued: "ticket issued",
    refused: "ticket refused",
  },
  clipboard: {
    passed: "clipboard text passed",
  },
  channel: {
    opened: "channel opened",
    refused: "channel refused",
    closed: "channel closed",
  },
  transfer: {
    logged: "transfer logged",
    refused: "transfer refused",
  },
  forward: {
    opened: "forward opened",
  },
  recording: {
    completed: "recording completed",
    recovered: "recording recovered",
    viewed: "recording viewed",
    exported: "recording exported",
    verified: "recording verified",
    searched: "recordings searched",
    heads: "recording heads logged",
    "input-requested": "kept input asked for",
    "input-approved": "kept input agreed",
    "input-read": "kept input read",
  },
  alert: {
    opened: "alert opened",
    acknowledged: "alert acknowledged",
    resolved: "alert resolved",
    closed: "alert closed",
  },
  audit: {
    viewed: "audit viewed",
    exported: "audit exported",
  },
  node: {
    started: "node started",
    stopped: "node stopped",
  },
  policy: {
    loaded: "policy loaded",
  },
};
