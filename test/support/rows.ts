/** Whole rows for tests of stores, with every column filled; a test overrides what it is about. */
import { asId } from "../../gateway/domain/index.js";
import type {
  AccessRequest,
  Account,
  Alert,
  Approval,
  Asset,
  Channel,
  Contract,
  Grant,
  Ids,
  Person,
  PersonKey,
  PowerHolding,
  Proposal,
  Recording,
  RequestItem,
  RoleHolding,
  Session,
  Stores,
  Unit,
  Vendor,
} from "../../gateway/domain/index.js";

export const NOW = 1_800_000_000_000;

export interface Rows {
  unit(more?: Partial<Unit>): Unit;
  vendor(more?: Partial<Vendor>): Vendor;
  contract(vendorId: string, more?: Partial<Contract>): Contract;
  proposal(more?: Partial<Proposal>): Proposal;
  power(person: Person, power: PowerHolding["power"], more?: Partial<PowerHolding>): PowerHolding;
  role(person: Person, role: RoleHolding["role"], more?: Partial<RoleHolding>): RoleHolding;
  person(more?: Partial<Person>): Person;
  personKey(personId: string, more?: Partial<PersonKey>): PersonKey;
  asset(more?: Partial<Asset>): Asset;
  account(assetId: string, more?: Partial<Account>): Account;
  request(more?: Partial<AccessRequest>): AccessRequest;
  item(requestId: string, more?: Partial<RequestItem>): RequestItem;
  approval(requestId: string, more?: Partial<Approval>): Approval;
  grant(more?: Partial<Grant>): Grant;
  session(more?: Partial<Session>): Session;
  channel(sessionId: string, number: number, more?: Partial<Channel>): Channel;
  recording(more?: Partial<Recording>): Recording;
  alert(more?: Partial<Alert>): Alert;
}

export function createRows(ids: Ids): Rows {
  const id = <T extends string>(): T => asId<T>(ids.next());
  let count = 0;
  return {
    unit: (more = {}) => ({
      id: id(),
      parentId: null,
      name: `局 ${++count}`,
      nameKey: `局 ${count}`,
      state: "active",
      createdAt: NOW,
      ...more,
    }),
    vendor: (more = {}) => ({
      id: id(),
      unitId: id(),
      name: `甲公司 ${++count}`,
      nameKey: `甲公司 ${count}`,
      registrationNumber: null,
      parentId: null,
      state: "active",
      createdAt: NOW,
      createdBy: null,
      ...more,
    }),
    contract: (vendorId, more = {}) => ({
      id: id(),
      unitId: id(),
      vendorId: asId(vendorId),
      number: `HT-${++count}`,
      numberKey: `ht-${count}`,
      title: "运维服务",
      scope: { assetIds: [], accountIds: [], actions: ["ssh.shell"] },
      fromDate: "2027-01-15",
      toDate: "2027-12-31",
      zone: "Asia/Shanghai",
      fromAt: NOW,
      toAt: NOW + 86_400_000,
      ownerId: id(),
      dutiesName: null,
      dutiesSha256: null,
      dutiesBytes: null,
      dutiesAcceptedAt: null,
      state: "active",
      endedAt: null,
      endedBy: null,
      endReason: null,
      createdAt: NOW,
      createdBy: null,
      ...more,
    }),
    proposal: (more = {}) => ({
      id: id(),
      unitId: id(),
      kind: "person.rights",
      subject: `person:${++count}`,
      content: "{}",
      digest: "d",
      reason: "r",
      proposedBy: id(),
      proposedAt: NOW,
      lapsesAt: NOW + 604_800_000,
      state: "pending",
      decidedBy: null,
      decidedAt: null,
      ...more,
    }),
    power: (person, power, more = {}) => ({
      id: person.id,
      power,
      unitId: person.unitId,
      grantedBy: null,
      confirmedBy: null,
      createdAt: NOW,
      ...more,
    }),
    role: (person, role, more = {}) => ({
      id: `${person.id}:${role}:${person.unitId}`,
      personId: person.id,
      role,
      unitId: person.unitId,
      grantedBy: null,
      confirmedBy: null,
      createdAt: NOW,
      ...more,
    }),
    person: (more = {}) => ({
      id: id(),
      unitId: id(),
      login: `person-${++count}`,
      displayName: "李雷 <b>O'Hara</b>",
      locale: "zh-CN",
      state: "active",
      vendorId: null,
      contractId: null,
      sponsorId: null,
      identityKey: null,
      identitySealed: null,
      identityTail: null,
      email: null,
      passwordAt: "here",
      approvesFrom: null,
      reviewedAt: NOW,
      lastSignInAt: null,
      passwordHash: "$argon2id$x",
      passwordChangedAt: NOW,
      totpSealed: "sealed",
      totpLastStep: 60_000_000,
      totpEnrolledAt: NOW,
      enrolmentHash: null,
      enrolmentExpiresAt: null,
      failures: 0,
      lastFailureAt: null,
      createdAt: NOW,
      createdBy: null,
      credentialEpoch: 1,
      ...more,
    }),
    personKey: (personId, more = {}) => ({
      id: id(),
      personId: asId(personId),
      name: "laptop",
      publicKey: "ssh-ed25519 AAAA",
      fingerprint: `SHA256:${++count}`,
      createdAt: NOW,
      retiredAt: null,
      ...more,
    }),
    asset: (more = {}) => ({
      id: id(),
      unitId: id(),
      name: `asset-${++count}`,
      protocol: "ssh",
      host: "10.0.0.1",
      port: 22,
      description: "",
      legacyAlgorithms: true,
      desktop: null,
      hostKey: null,
      hostKeyConfirmedBy: null,
      hostKeyConfirmedAt: null,
      pin: "pin",
      pendingChange: null,
      businessSystem: "税务门户",
      protectionLevel: 3,
      dataClass: "important",
      ownerId: null,
      sensitive: false,
      state: "active",
      createdAt: NOW,
      createdBy: null,
      ...more,
    }),
    account: (assetId, more = {}) => ({
      id: id(),
      assetId: asId(assetId),
      unitId: id(),
      login: `root-${++count}`,
      credentialKind: "none",
      credentialSealed: null,
      credentialPin: null,
      credentialTestedAt: null,
      state: "active",
      createdAt: NOW,
      createdBy: null,
      ...more,
    }),
    request: (more = {}) => ({
      id: id(),
      unitId: id(),
      requesterId: id(),
      contractId: null,
      reason: "磁盘告警",
      workOrder: "WO-1",
      windowFrom: NOW,
      durationMs: 3_600_000,
      digest: "d",
      state: "pending",
      approvalsNeeded: 1,
      sourceAddress: "10.9.9.9",
      createdAt: NOW,
      lapsesAt: NOW + 86_400_000,
      decidedAt: null,
      ...more,
    }),
    item: (requestId, more = {}) => ({
      id: id(),
      requestId: asId(requestId),
      accountId: id(),
      assetId: id(),
      assetPin: "pin",
      actions: ["ssh.shell", "ssh.forward"],
      limits: { forwardTo: [{ host: "db.internal", port: 5432 }] },
      ...more,
    }),
    approval: (requestId, more = {}) => ({
      id: id(),
      requestId: asId(requestId),
      approverId: id(),
      verdict: "approved",
      reason: "ok",
      digest: "d",
      at: NOW,
      ...more,
    }),
    grant: (more = {}) => ({
      id: id(),
      unitId: id(),
      requestId: id(),
      itemId: id(),
      personId: id(),
      accountId: id(),
      assetId: id(),
      contractId: null,
      assetPin: "pin",
      actions: ["ssh.shell"],
      limits: { forwardTo: [] },
      obligations: ["no-download"],
      from: NOW,
      to: NOW + 3_600_000,
      state: "active",
      endedAt: null,
      endedBy: null,
      endReason: null,
      createdAt: NOW,
      ...more,
    }),
    session: (more = {}) => ({
      id: id(),
      unitId: id(),
      grantId: id(),
      personId: id(),
      accountId: id(),
      assetId: id(),
      nodeId: id(),
      protocol: "ssh",
      state: "opening",
      because: null,
      snapshot: {
        login: "alice",
        displayName: "Alice",
        vendorChain: ["甲公司"],
        contract: null,
        accountLogin: "root",
        assetName: "web-01",
        assetHost: "10.0.0.1",
        assetPort: 22,
        reason: "r",
        workOrder: "",
        approvers: ["bob"],
        grantFrom: NOW,
        grantTo: NOW + 1,
        actions: ["ssh.shell"],
        legacyAlgorithms: false,
      },
      recordingId: id(),
      sourceAddress: "10.9.9.9",
      startedAt: NOW,
      endedAt: null,
      leaseUntil: NOW + 10_000,
      ...more,
    }),
    channel: (sessionId, number, more = {}) => ({
      id: id(),
      sessionId: asId(sessionId),
      connectionId: id(),
      number,
      kind: "shell",
      detail: "",
      outcome: "open",
      refusedBecause: null,
      bytesIn: 0,
      bytesOut: 9_007_199_254_740_991,
      exit: null,
      openedAt: NOW,
      closedAt: null,
      ...more,
    }),
    recording: (more = {}) => ({
      id: id(),
      sessionId: id(),
      unitId: id(),
      nodeId: id(),
      state: "open",
      startedAt: NOW,
      endedAt: null,
      durationUs: 0,
      bytes: 0,
      frames: 0,
      headHash: null,
      closingHash: null,
      derivedAt: null,
      ...more,
    }),
    alert: (more = {}) => ({
      id: id(),
      unitId: id(),
      kind: "storage-full",
      state: "open",
      subject: `node:${++count}`,
      detail: { freeBytes: 12, node: "a", fatal: true, since: null },
      at: NOW,
      lastAt: NOW,
      count: 1,
      acknowledgedBy: null,
      acknowledgedAt: null,
      resolution: null,
      ...more,
    }),
  };
}

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
  await put("passkeys", {
    id: id(),
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
  });
  await put("deviceKeys", {
    id: id(),
    personId: person.id,
    name: "laptop",
    publicKey: "ssh-ed25519 AAAA",
    fingerprint: id(),
    sourceAddress: "10.1.1.1",
    credentialEpoch: 1,
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
