/** Whole rows for tests of stores, with every column filled; a test overrides what it is about. */
import { asId } from "../../gateway/domain/index.js";
import type {
  AccessRequest,
  Account,
  Alert,
  Approval,
  Asset,
  Channel,
  Grant,
  Ids,
  Person,
  PersonKey,
  Recording,
  RequestItem,
  Session,
  Stores,
} from "../../gateway/domain/index.js";

export const NOW = 1_800_000_000_000;

export interface Rows {
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
    person: (more = {}) => ({
      id: id(),
      unitId: id(),
      login: `person-${++count}`,
      displayName: "李雷 <b>O'Hara</b>",
      locale: "zh-CN",
      state: "active",
      vendorId: null,
      contractId: null,
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

/** One row in every table, with what it leans on; answers the stores' names and the ids, to read them back. */
export async function insertOneOfEach(
  tx: Stores,
  rows: Rows,
  ids: Ids,
): Promise<Map<keyof Stores, { readonly id: string }>> {
  /** Fits every kind of id. */
  const id = (): never => asId<never>(ids.next());
  const written = new Map<keyof Stores, { readonly id: string }>();
  const put = async <K extends keyof Stores>(
    name: K,
    row: Stores[K] extends { insert(row: infer R): Promise<void> } ? R & { readonly id: string } : never,
  ): Promise<void> => {
    await (tx[name] as unknown as { insert(row: unknown): Promise<void> }).insert(row);
    written.set(name, row);
  };
  const person = rows.person();
  const asset = rows.asset();
  const request = rows.request();
  await put("settings", { id: `setting:${ids.next()}`, value: "{}" });
  await put("units", { id: id(), parentId: null, name: "局", createdAt: NOW });
  await put("people", person);
  await put("recoveryCodes", { id: ids.next(), personId: person.id, usedAt: null });
  await put("personKeys", rows.personKey(person.id));
  await put("powers", { id: person.id, power: "system", grantedBy: null, createdAt: NOW });
  await put("roles", {
    id: `${person.id}:operator:${person.unitId}`,
    personId: person.id,
    role: "operator",
    unitId: person.unitId,
    grantedBy: null,
    createdAt: NOW,
  });
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
  });
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
