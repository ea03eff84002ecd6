/**
 * The real HTTP door and live room with the built page, in front of a synthetic recording, a running desktop, an asset and a
 * request, so that every picture is known: the colour of a second says which second is shown.
 */
import { join } from "node:path";
import { createCanvas } from "@napi-rs/canvas";
import type { SessionUseCases } from "../../gateway/broker/index.js";
import { asId, done } from "../../gateway/domain/index.js";
import { createHttp } from "../../gateway/http/index.js";
import { createLive } from "../../gateway/live/index.js";
import { encodeInstruction } from "../../recordings/codec/index.js";
import { createFakeBroker, fakeActor, type FakeBroker } from "./fake-broker-http.js";
import { freePort } from "./free-port.js";
import { ROOT } from "./gatehouse.js";

const S = 1_000_000;
const [WIDTH, HEIGHT] = [960, 600];
export const LENGTH_S = 120;
export const ID = "01900000-0000-7000-8000-00000000d001";
const STARTED = 1_790_000_000_000;

/** Three far steps a channel tell 120 seconds apart, whatever a scale does to the edges. */
export const colour = (second: number): readonly [number, number, number] => [
  20 + (second % 5) * 50,
  20 + (Math.floor(second / 5) % 5) * 50,
  20 + (Math.floor(second / 25) % 5) * 50,
];
function png(second: number, width = WIDTH, height = HEIGHT): Buffer {
  const canvas = createCanvas(width, height);
  const pen = canvas.getContext("2d");
  pen.fillStyle = `rgb(${colour(second).join(" ")})`;
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = "white";
  pen.fillRect(width / 8, height / 8, width / 6, height / 6);
  return canvas.toBuffer("image/png");
}
/** One picture as guacd sends it: an image in pieces, then the end of the frame. */
export function frame(second: number): string {
  const whole = png(second).toString("base64");
  const pieces = whole.match(/.{1,6000}/g) ?? [];
  return [
    encodeInstruction(["img", 3, 14, 0, "image/png", 0, 0]),
    ...pieces.map((piece) => encodeInstruction(["blob", 3, piece])),
    encodeInstruction(["end", 3]),
    encodeInstruction(["sync", second * 1000]),
  ].join("");
}
const state = (second: number): string => encodeInstruction(["size", 0, WIDTH, HEIGHT]) + frame(second);

const session = (live: boolean): Record<string, unknown> => ({
  id: ID,
  unitId: ID,
  grantId: ID,
  personId: ID,
  accountId: ID,
  assetId: ID,
  nodeId: ID,
  protocol: "rdp",
  state: live ? "live" : "ended",
  because: live ? null : "left",
  snapshot: {
    login: "zhang.wei",
    displayName: "张伟",
    vendorChain: ["Example Vendor"],
    contract: "C-2026-7",
    accountLogin: "administrator",
    assetName: "erp-desktop",
    assetHost: "10.0.0.9",
    assetPort: 3389,
    reason: "月末结账：核对应收报表",
    workOrder: "WO-2026-0113",
    approvers: ["li.na"],
    grantFrom: STARTED,
    grantTo: STARTED + 7_200_000,
    actions: ["rdp.connect", "rdp.copy", "rdp.paste"],
    legacyAlgorithms: false,
    certificate: "unchecked",
    obligations: ["watermark"],
  },
  recordingId: ID,
  sourceAddress: "203.0.113.9",
  startedAt: STARTED,
  endedAt: live ? null : STARTED + LENGTH_S * 1000,
  leaseUntil: STARTED,
  live,
  endsAt: live ? Date.now() + 3_600_000 : null,
  recording: null,
  watchers: 0,
});
const MARKERS: readonly (readonly [number, string, string, Record<string, string | number | boolean>?])[] = [
  [4, "watch", "li.na joined", { login: "li.na", on: true }],
  [12, "keys", "84 keys · until 0:00:21", { keys: 84, untilUs: 21 * S }],
  [25, "clipboard", "paste · 22 bytes · 应收账款 2026-10", { direction: "paste", bytes: 22, text: "应收账款 2026-10" }],
  [41, "transfer", "download 报表.xlsx"],
  [
    60,
    "clipboard",
    "copy · 30 bytes · SELECT sum(amount) FROM ledger",
    { direction: "copy", bytes: 30, text: "SELECT sum(amount) FROM ledger" },
  ],
  [
    70,
    "note",
    "refused: channel 1 · what upload",
    { note: "refused", what: "upload", path: "工具.exe", because: "not-granted" },
  ],
  [77, "alert", "policy watcher"],
  [80, "note", "session: detached true", { note: "session", detached: true }],
  [90, "note", "session: rejoined true", { note: "session", rejoined: true, sourceAddress: "203.0.113.9" }],
  [
    110,
    "note",
    "no pictures from here on: drawing takes too long",
    { note: "no-picture", why: "drawing takes too long" },
  ],
];
const channelRow = (number: number, kind: string, detail: string): Record<string, unknown> => ({
  id: ID,
  sessionId: ID,
  connectionId: ID,
  number,
  kind,
  detail,
  outcome: "recorded",
  refusedBecause: null,
  bytesIn: 4096,
  bytesOut: 900_000,
  exit: null,
  openedAt: STARTED,
  closedAt: STARTED + LENGTH_S * 1000,
});
const recordings = {
  index: async () =>
    done({
      session: session(false),
      durationUs: LENGTH_S * S,
      complete: true,
      channels: [
        {
          channel: 1,
          kind: "desktop",
          detail: "rdp",
          pty: false,
          fromUs: 0,
          toUs: LENGTH_S * S,
          cols: WIDTH,
          rows: HEIGHT,
        },
        { channel: 2, kind: "file", detail: "报表.xlsx", pty: false, fromUs: 41 * S, toUs: 42 * S, cols: 0, rows: 0 },
      ],
      markers: MARKERS.map(([at, kind, text, parts]) => ({ atUs: at * S, channel: 1, kind, text, parts })),
      activity: Array.from({ length: 60 }, (_, i) => Math.abs(Math.sin(i / 4))),
      thumbnails: Array.from({ length: 12 }, (_, i) => ({ channel: 1, atUs: i * 10 * S })),
      keyframes: [],
    } as never),
  segment: async (_actor: unknown, _id: unknown, { fromUs, maxUs }: { fromUs: number; maxUs: number }) => {
    const toUs = Math.min(LENGTH_S * S, fromUs + maxUs);
    const events = Array.from({ length: LENGTH_S }, (_, second) => second)
      .filter((second) => second * S > fromUs && second * S < toUs)
      .flatMap((second) => [
        [second * S, "d", frame(second)],
        [second * S, "p", `${String(200 + second * 3)},${String(150 + second)},${String(second % 2)}`],
      ]);
    const screen = { cols: WIDTH, rows: HEIGHT, state: state(Math.floor(fromUs / S)) };
    return done({ channel: 1, fromUs, toUs, screen, events } as never);
  },
  thumbnail: async (_actor: unknown, _id: unknown, { atUs }: { atUs: number }) =>
    done(new Uint8Array(png(Math.floor(atUs / S), 192, 120))),
};

export interface ReplayHouse {
  readonly fake: FakeBroker;
  readonly base: string;
  /** Listeners of the watches, as the broker holds them. */
  readonly watched: Parameters<SessionUseCases["watch"]>[2][];
  stop(): Promise<void>;
}

const asset = {
  id: ID,
  unitId: ID,
  name: "erp-desktop",
  protocol: "rdp",
  host: "10.0.0.9",
  port: 3389,
  description: "ERP 财务桌面",
  legacyAlgorithms: false,
  desktop: { security: "nla", acceptsMissing: true },
  certificate: "unchecked",
  hostKey: "certificate-unchecked",
  hostKeyFingerprint: null,
  hostKeyConfirmedBy: ID,
  hostKeyConfirmedAt: STARTED,
  pin: "aa",
  businessSystem: "ERP",
  protectionLevel: 3,
  dataClass: "important",
  ownerId: null,
  ownerName: null,
  sensitive: true,
  unitName: "Example Bureau",
  pendingChange: null,
  state: "active",
  createdAt: STARTED,
  createdBy: ID,
};
const unit = {
  id: ID,
  parentId: null,
  name: "Example Bureau",
  state: "active",
  createdAt: STARTED,
  path: ["Example Bureau"],
};
const account = {
  id: ID,
  assetId: ID,
  unitId: ID,
  login: "administrator",
  credentialKind: "password",
  credentialPin: null,
  credentialTestedAt: null,
  state: "active",
  createdAt: STARTED,
  createdBy: ID,
  assetName: "erp-desktop",
  protocol: "rdp",
  hasCredential: true,
  credentialBound: true,
};
const request = {
  id: ID,
  unitId: ID,
  requesterId: ID,
  contractId: null,
  reason: "月末结账：核对应收报表",
  workOrder: "WO-2026-0113",
  windowFrom: STARTED,
  durationMs: 7_200_000,
  digest: "ab".repeat(32),
  state: "pending",
  createdAt: STARTED,
  lapsesAt: STARTED + 86_400_000,
  decidedAt: null,
  grants: [],
  sourceAddress: "203.0.113.9",
  approvalsNeeded: 2,
  requesterLogin: "zhang.wei",
  requesterName: "张伟",
  vendorChain: ["Example Vendor"],
  contractNumber: null,
  contractEndsAt: null,
  withinContract: null,
  sponsorName: null,
  items: [
    {
      id: ID,
      requestId: ID,
      accountId: ID,
      assetId: ID,
      assetPin: "aa",
      actions: ["rdp.connect", "rdp.copy", "rdp.paste", "rdp.upload", "rdp.download"],
      limits: { forwardTo: [] },
      accountLogin: "administrator",
      assetName: "erp-desktop",
      assetHost: "10.0.0.9",
      assetPort: 3389,
      hostKeyFingerprint: null,
      legacyAlgorithms: false,
      protocol: "rdp",
      certificate: "unchecked",
      desktop: { security: "nla", acceptsMissing: true },
    },
  ],
  approvals: [],
  approverGroups: ["approvers of Example Bureau"],
  decidable: { ok: true },
};
const reachable = {
  accountId: ID,
  accountLogin: "administrator",
  assetId: ID,
  assetName: "erp-desktop",
  assetDescription: "ERP 财务桌面",
  protocol: "rdp",
  actions: ["rdp.connect", "rdp.copy", "rdp.paste", "rdp.upload", "rdp.download"],
  grant: null,
  pendingRequestId: null,
};
const page = (items: readonly unknown[]) => async () => done({ items, next: null } as never);

export async function startReplayHouse(): Promise<ReplayHouse> {
  const watched: ReplayHouse["watched"] = [];
  const fake = createFakeBroker({
    recordings: recordings,
    sessions: {
      get: async (_actor, id) =>
        done({
          session: session(id !== asId(ID)),
          channels: [channelRow(1, "desktop", "rdp"), channelRow(2, "file", "报表.xlsx")],
          transfers: [],
        } as never),
      watch: async (_actor, _id, listener) => {
        watched.push(listener);
        const channel = { channel: 1, kind: "desktop", detail: "rdp", cols: WIDTH, rows: HEIGHT, pty: false };
        const catchUp = { session: session(true), channels: [{ ...channel, screen: state(33) }] };
        return done({ stop: () => undefined, catchUp: catchUp as never });
      },
    },
    assets: {
      list: page([asset]),
      listAccounts: page([account]),
      listEntitlements: page([]),
      owners: page([]),
      get: async () => done({ asset, accounts: [account] } as never),
      scanHostKey: async () =>
        done({ publicKey: `x509-sha256 ${"c4".repeat(32)}`, fingerprint: "C4:".repeat(31) + "C4", matches: false }),
    },
    people: { list: page([]) },
    registry: { units: async () => done([unit] as never) },
    audit: { listAlerts: page([]), alerts: page([]) } as never,
    access: { list: page([request]), reachable: async () => [reachable] as never },
  });
  fake.people.set("audit", fakeActor("audit", "audit", []));
  fake.people.set("system", fakeActor("system", "system", []));
  fake.people.set("security", fakeActor("security", "security", []));
  fake.people.set("approver", fakeActor("approver", null, ["approver"]));
  fake.people.set("operator", fakeActor("operator", null, ["operator"]));
  const port = await freePort();
  const base = `http://127.0.0.1:${String(port)}`;
  const door = createHttp({
    broker: fake.broker,
    staticFolder: join(ROOT, "dist", "web"),
    metrics: { contentType: "text/plain", text: async () => "" },
    ready: async () => true,
    clock: { now: () => Date.now(), monotonicUs: () => 0 },
    log: () => undefined,
    config: {
      listen: { host: "127.0.0.1", port },
      trustedProxy: [],
      demo: false,
      publicUrl: base,
      sshPublic: { host: "gate.example", port: 2222 },
      requestsPerMinute: 100_000,
      triesPerMinute: 100_000,
    },
  });
  const live = createLive({ broker: fake.broker, log: () => undefined });
  door.registerUpgrade("/live", live.handleUpgrade);
  await door.listen();
  return {
    fake,
    base,
    watched,
    stop: async () => {
      await live.close();
      await door.close();
    },
  };
}
