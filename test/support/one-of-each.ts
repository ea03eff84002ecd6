/** One row in every table, so that a test of the stores reads each column back. */
import { asId } from "../../gateway/domain/index.js";
import type { Ids, Person, Stores } from "../../gateway/domain/index.js";
import { NOW, type Rows } from "./rows.js";

type RowOf<K extends keyof Stores> = Stores[K] extends { insert(row: infer R): Promise<void> }
  ? R & { readonly id: string }
  : never;
type Put = <K extends keyof Stores>(name: K, row: RowOf<K>) => Promise<void>;

/** One row in every table, with what it leans on; answers the stores' names and the ids, to read them back. */
export async function insertOneOfEach(
  tx: Stores,
  rows: Rows,
  ids: Ids,
): Promise<Map<keyof Stores, { readonly id: string }>> {
  /** Fits every kind of id. */
  const id = (): never => asId<never>(ids.next());
  const written = new Map<keyof Stores, { readonly id: string }>();
  const put: Put = async (name, row) => {
    await (tx[name] as unknown as { insert(row: unknown): Promise<void> }).insert(row);
    written.set(name, row);
  };
  const person = rows.person();
  const asset = rows.asset();
  const request = rows.request();
  await put("settings", { id: `setting:${ids.next()}`, value: "{}" });
  await put("units", rows.unit());
  await put("people", person);
  await put("recoveryCodes", { id: ids.next(), personId: person.id, usedAt: null });
  await put("personKeys", rows.personKey(person.id));
  await put("powers", rows.power(person, "system"));
  await put("roles", rows.role(person, "operator"));
  await put("webSessions", {
    id: id(),
    personId: person.id,
    credentialEpoch: 3,
    createdAt: NOW,
    lastSeenAt: NOW,
    expiresAt: NOW + 1,
    endedAt: null,
    sourceAddress: "10.1.1.1",
    userAgent: "curl",
    steppedUpAt: NOW,
    via: "password",
    passkeyId: null,
  });
  await insertRegistry(put, rows, person, id);
  await insertFactors(put, person, id);
  await put("tickets", {
    id: ids.next(),
    webSessionId: id(),
    personId: person.id,
    accountId: id(),
    sessionId: null,
    choices: { width: 1280, height: 800, dpi: 96, keyboardLayout: "failsafe", timeZone: "Asia/Shanghai" },
    createdAt: NOW,
    expiresAt: NOW + 30_000,
    usedAt: null,
  });
  await put("assets", asset);
  await put("accounts", rows.account(asset.id));
  await put("entitlements", {
    id: id(),
    unitId: id(),
    personId: person.id,
    accountId: id(),
    contractId: null,
    actions: ["sftp.read"],
    from: NOW,
    to: null,
    createdAt: NOW,
    createdBy: null,
    endedAt: null,
  });
  await put("requests", request);
  await put("requestItems", rows.item(request.id));
  await put("approvals", rows.approval(request.id));
  await put("grants", rows.grant());
  const session = rows.session();
  await put("sessions", session);
  await put("connections", {
    id: id(),
    sessionId: session.id,
    sourceAddress: "10.1.1.1",
    client: "OpenSSH",
    openedAt: NOW,
    closedAt: null,
  });
  await put("channels", rows.channel(session.id, 1));
  await put("recordings", rows.recording());
  await put("transfers", {
    id: ids.next(),
    sessionId: session.id,
    recordingId: session.recordingId,
    channelNumber: 1,
    direction: "upload",
    path: "/tmp/文件",
    size: 5_000_000_000,
    sha256: "00",
    sequential: false,
    atUs: 12,
  });
  await put("inputOpenings", {
    id: id(),
    recordingId: session.recordingId,
    requestedBy: id(),
    reason: "r",
    requestedAt: NOW,
    approvedBy: null,
    approvedAt: null,
    expiresAt: NOW + 1,
    usedAt: null,
  });
  await put("alerts", rows.alert());
  await put("nodes", { id: id(), name: "node-a", startedAt: NOW, seenAt: NOW, version: "0.1.0" });
  return written;
}

async function insertRegistry(put: Put, rows: Rows, person: Person, id: () => never): Promise<void> {
  const vendor = rows.vendor({ registrationNumber: `91${id() as string}` });
  await put("vendors", vendor);
  await put("contracts", rows.contract(vendor.id, { dutiesName: "安全责任书.pdf", dutiesBytes: 12 }));
  await put("signatures", {
    id: id(),
    personId: person.id,
    kind: "recording",
    digest: "d",
    locale: "zh-CN",
    signedAt: NOW,
    sourceAddress: "10.1.1.1",
  });
  await put("reviewItems", {
    id: id(),
    unitId: person.unitId,
    sponsorId: id(),
    personId: person.id,
    entitlementId: null,
    openedAt: NOW,
    dueAt: NOW + 1,
    state: "open",
    decidedBy: null,
    decidedAt: null,
  });
  await put("proposals", rows.proposal());
  await put("breakGlassSeals", {
    id: id(),
    power: "security",
    hash: id(),
    sealedAt: NOW,
    sealedBy: id(),
    confirmedBy: id(),
    shownAt: null,
    usedAt: null,
    voidAt: null,
  });
  await put("legalHolds", {
    id: id(),
    unitId: person.unitId,
    sessionId: id(),
    reason: "纪检",
    placedBy: id(),
    placedAt: NOW,
    releasedBy: null,
    releaseConfirmedBy: null,
    releasedAt: null,
  });
}

async function insertFactors(put: Put, person: Person, id: () => never): Promise<void> {
  const passkeyId = id();
  await put("passkeys", {
    id: passkeyId,
    personId: person.id,
    name: "手机",
    publicKey: "cose",
    counter: 4_294_967_295,
    transports: ["internal", "hybrid"],
    backedUp: true,
    createdAt: NOW,
    lastUsedAt: null,
    retiredAt: null,
  });
  await put("challenges", {
    id: id(),
    purpose: "passkey-sign-in",
    personId: null,
    webSessionId: null,
    value: "c",
    createdAt: NOW,
    expiresAt: NOW + 1,
    usedAt: null,
  });
  await put("terminalApprovals", {
    id: id(),
    codeHash: id(),
    number: "07",
    login: "alice",
    personId: null,
    sourceAddress: "10.1.1.1",
    purpose: "ssh",
    subject: "root@web-01",
    publicKey: null,
    pollHash: null,
    tries: 0,
    state: "pending",
    createdAt: NOW,
    expiresAt: NOW + 1,
    decidedBy: null,
    decidedAt: null,
    passkeyId,
  });
  await put("deviceKeys", {
    id: id(),
    personId: person.id,
    name: "laptop",
    publicKey: "ssh-ed25519 AAAA",
    fingerprint: id(),
    sourceAddress: "10.1.1.1",
    credentialEpoch: 1,
    passkeyId,
    createdAt: NOW,
    expiresAt: NOW + 1,
    lastUsedAt: null,
    retiredAt: null,
  });
  await put("passwordHistory", { id: id(), personId: person.id, hash: "$argon2id$y", at: NOW });
  await put("externalIdentities", {
    id: id(),
    personId: person.id,
    kind: "oidc",
    source: "https://idp.example",
    subject: id(),
    email: null,
    sealed: null,
    checkedAt: NOW,
    failingSince: null,
    createdAt: NOW,
    retiredAt: null,
  });
  const tokenId = id();
  await put("scimTokens", {
    id: tokenId,
    name: "hr",
    unitId: person.unitId,
    hash: id(),
    createdBy: id(),
    confirmedBy: id(),
    createdAt: NOW,
    lastUsedAt: null,
    retiredAt: null,
  });
  await put("scimGroups", {
    id: id(),
    tokenId,
    externalId: null,
    displayName: "ops",
    memberIds: [person.id],
    createdAt: NOW,
  });
}
