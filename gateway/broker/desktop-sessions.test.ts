/** Desktops as sessions: what opens them, what is recorded of them, who ends them, and how their operator comes back. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CERTIFICATE, must, OTHER_CERTIFICATE, SECRET } from "../../test/support/access-house.js";
import { buildDesktopHouse, type DesktopHouse } from "../../test/support/desktop-house.js";
import { asId, type ClipboardRecord, type EndReason, type TapEvent } from "../domain/index.js";
import type { DialPlan, LiveSession } from "./index.js";

let house: DesktopHouse;
let page: Awaited<ReturnType<DesktopHouse["onPage"]>>;
beforeEach(async () => {
  house = await buildDesktopHouse();
  page = await house.onPage(house.people.alice);
});
afterEach(() => {
  house.close();
});

const recordingOf = (session: LiveSession) => {
  const recording = house.recordings.get(session.tap.recordingId);
  if (recording === undefined) throw new Error("no recording");
  return recording;
};
const setObligations = async (...obligations: ("no-download" | "watermark")[]): Promise<void> => {
  const [grant] = await house.deps.database.read.grants.find({});
  await house.deps.database.write((tx) => tx.grants.update(grant?.id ?? asId(""), { obligations }));
};
const PASTED: ClipboardRecord = {
  direction: "paste",
  mimetype: "text/plain",
  text: "粘贴的口令 hunter2",
  size: 26,
  sha256: "ee".repeat(32),
  truncated: false,
};

describe("opening", () => {
  it("lends the door all that a desktop needs, and shows nothing of the secret", async () => {
    await house.grantDesktop();
    const session = await house.openDesktop(page);
    const plan = must(await house.broker.sessions.dial(session.admission, async (lent: DialPlan) => ({ ...lent })));
    expect(plan).toEqual({
      assetName: "desk-01",
      address: "10.0.0.2",
      port: 3389,
      username: "CORP\\wang",
      hostKey: CERTIFICATE,
      legacyAlgorithms: false,
      desktop: { security: "any", acceptsMissing: false },
      credential: { kind: "password", password: SECRET },
    });
    expect(session.snapshot).toMatchObject({ certificate: "pinned", obligations: [] });
    expect(JSON.stringify(await house.audit())).not.toContain(SECRET);
  });

  it("is for page sessions that stand", async () => {
    await house.grantDesktop();
    expect(await house.tryDesktop(house.people.alice)).toEqual({ kind: "refused", code: "forbidden" });
    await house.signOut(page);
    expect(await house.tryDesktop(page)).toEqual({ kind: "refused", code: "unauthenticated" });
    expect(await house.audit("session.refused")).toHaveLength(2);
  });

  it("is not found as a terminal, nor a terminal as a desktop", async () => {
    await house.grantDesktop();
    const input = {
      actor: page,
      accountLogin: "CORP\\wang",
      assetName: "desk-01",
      client: "x",
      onEnd: () => undefined,
    };
    expect(await house.broker.sessions.open({ ...input, protocol: "ssh" })).toEqual({
      kind: "refused",
      code: "not-found",
    });
  });

  it("puts what was said of the certificate before approver and recording", async () => {
    const { broker, people, desk } = house;
    must(await broker.assets.confirmHostKey(people.sys1, desk.id, "certificate-unchecked"));
    must(await broker.assets.confirmChange(people.sys2, desk.id, true));
    const untested = { kind: "password", secret: SECRET } as const;
    must(await broker.assets.setCredential(people.sys1, house.deskAccount, untested));
    const granted = await house.grantDesktop();
    expect(granted.items).toMatchObject([{ protocol: "rdp", certificate: "unchecked", hostKeyFingerprint: null }]);
    const session = await house.openDesktop(page);
    expect(session.snapshot.certificate).toBe("unchecked");
    const plan = must(await broker.sessions.dial(session.admission, async (lent: DialPlan) => lent.hostKey));
    expect(plan).toBe("certificate-unchecked");
  });

  it("ends with an alert when the desktop shows another certificate", async () => {
    await house.grantDesktop();
    const ends: EndReason[] = [];
    const session = await house.openDesktop(page, (because) => ends.push(because));
    await house.broker.sessions.hostKeyChanged(session.admission, OTHER_CERTIFICATE);
    expect(ends).toEqual(["target-unreachable"]);
    const alerts = await house.deps.database.read.alerts.find({ kind: "host-key-changed" });
    expect(alerts).toMatchObject([{ detail: { shown: Array(32).fill("CD").join(":") } }]);
  });
});

describe("channels", () => {
  it("keep a desktop whole and a file up to its bound", async () => {
    await house.grantDesktop(["rdp.connect", "rdp.upload", "rdp.download"]);
    const session = await house.openDesktop(page);
    await house.screenOf(session);
    must(await session.openChannel({ kind: "file", action: "rdp.upload", detail: "a.txt" }));
    must(await session.openChannel({ kind: "file", action: "rdp.download", detail: "b.txt" }));
    expect(recordingOf(session).openings).toMatchObject([
      { kind: "desktop", desktop: { width: 1280, height: 800, dpi: 96 }, keepBytes: Infinity },
      { kind: "file", keepBytes: 64 * 1024 * 1024, beyond: "digest" },
      { kind: "file" },
    ]);
  });

  it.each([
    ["a file that was not granted", { kind: "file", action: "rdp.upload" }],
    ["a file under the desktop's own action", { kind: "file", action: "rdp.connect" }],
    [
      "a desktop under another action",
      { kind: "desktop", action: "rdp.copy", desktop: { width: 1, height: 1, dpi: 1 } },
    ],
    ["a desktop without a size", { kind: "desktop", action: "rdp.connect" }],
    ["a terminal under a desktop's action", { kind: "shell", action: "rdp.connect" }],
  ] as const)("refuse %s, in rows and recording", async (_name, ask) => {
    await house.grantDesktop();
    const session = await house.openDesktop(page);
    expect(await session.openChannel({ detail: "x", ...ask })).toEqual({ ok: false, code: "not-granted" });
    expect(await house.deps.database.read.channels.find({})).toMatchObject([{ kind: ask.kind, outcome: "refused" }]);
    expect(recordingOf(session).notes).toMatchObject([{ kind: "refused" }]);
  });

  it("are asked of policy again, each at its own moment", async () => {
    await house.grantDesktop(["rdp.connect", "rdp.upload"]);
    const session = await house.openDesktop(page);
    await house.screenOf(session);
    const decide = vi.spyOn(house.deps.policy, "decide").mockReturnValue({ allowed: false, decidedBy: [] });
    const ask = { kind: "file", action: "rdp.upload", detail: "a.txt" } as const;
    expect(await session.openChannel(ask)).toEqual({ ok: false, code: "not-granted" });
    const asked = decide.mock.calls.map(([query]) => query);
    decide.mockRestore();
    expect(asked).toMatchObject([{ act: "use", action: "rdp.upload", account: { id: house.deskAccount } }]);
  });

  it("do not keep an idle desktop when they are files, which the desktop may send by itself", async () => {
    await house.grantDesktop(["rdp.connect", "rdp.download"]);
    const session = await house.openDesktop(page);
    for (let minute = 0; minute < 15; minute += 1) {
      expect(session.ended).toBe(false);
      house.clock.advance(60_000);
      must(await session.openChannel({ kind: "file", action: "rdp.download", detail: "again.txt" }));
      await house.broker.live.changed();
    }
    expect(session.ended).toBe(true);
  });

  it("let nothing leave by file under no-download", async () => {
    await house.grantDesktop(["rdp.connect", "rdp.upload", "rdp.download"]);
    await setObligations("no-download", "watermark");
    const session = await house.openDesktop(page);
    expect(session.snapshot.obligations).toEqual(["no-download", "watermark"]);
    expect(["rdp.upload", "rdp.download"].map((action) => session.allows(action as "rdp.upload"))).toEqual([
      true,
      false,
    ]);
    expect(await session.openChannel({ kind: "file", action: "rdp.download", detail: "x" })).toMatchObject({
      code: "not-granted",
    });
  });

  it("let nothing be read over sftp under no-download", async () => {
    await house.grant(["ssh.shell", "sftp.read"]);
    await setObligations("no-download");
    const session = await house.open();
    expect([session.allows("ssh.shell"), session.allows("sftp.read")]).toEqual([true, false]);
    expect(await session.openChannel({ kind: "sftp", action: "sftp.read", detail: "" })).toMatchObject({
      code: "not-granted",
    });
    const [mine] = await house.broker.access.reachable(house.people.alice);
    expect((await house.broker.access.reachable(house.people.alice)).find((one) => one.grant)?.grant?.actions).toEqual([
      "ssh.shell",
    ]);
    expect(mine).toBeDefined();
  });

  it("keep a pasted text in the recording alone", async () => {
    await house.grantDesktop(["rdp.connect", "rdp.paste"]);
    const session = await house.openDesktop(page);
    await session.clipboard(await house.screenOf(session), PASTED);
    expect(recordingOf(session).clipboards).toEqual([PASTED]);
    const [event] = await house.audit("clipboard.passed");
    expect(JSON.parse(event?.leaf ?? "{}")).toMatchObject({
      detail: { direction: "paste", size: 26, sha256: PASTED.sha256, mimetype: "text/plain" },
    });
    expect(JSON.stringify(await house.audit())).not.toContain("hunter2");
  });
});

describe("ending", () => {
  const ends: EndReason[] = [];
  beforeEach(async () => {
    ends.length = 0;
    await house.grantDesktop();
  });
  const open = (): Promise<LiveSession> => house.openDesktop(page, (because) => ends.push(because));

  it("comes within the second with the sign-out of its page session, and takes nothing more meanwhile", async () => {
    const session = await open();
    await house.signOut(page);
    expect(await session.openChannel({ kind: "file", action: "rdp.upload", detail: "x" })).toMatchObject({ ok: false });
    expect(ends).toEqual(["left"]);
    const other = await house.onPage(house.people.alice);
    page = other;
    await open();
    await house.signOut(other);
    house.clock.advance(1000);
    house.broker.live.tick();
    await expect.poll(() => ends).toEqual(["left", "left"]);
  });

  it("does not come with the sign-out of another page session, nor to terminals", async () => {
    await house.grant();
    const terminal = await house.open();
    const session = await open();
    await house.signOut(await house.onPage(house.people.alice));
    await house.broker.live.changed();
    expect([terminal.ended, session.ended]).toEqual([false, false]);
  });

  it("comes with the twelfth hour of the page session, not with its being unused", async () => {
    const session = await open();
    await house.deps.database.write((tx) => tx.webSessions.update(page.webSessionId, { lastSeenAt: 0 }));
    await house.broker.live.changed();
    expect(session.ended).toBe(false);
    await house.deps.database.write((tx) => tx.webSessions.update(page.webSessionId, { expiresAt: house.clock.now() }));
    await house.broker.live.changed();
    expect(ends).toEqual(["left"]);
  });

  it("comes with the page session's own time also when the wall clock is set back, and makes no page younger", async () => {
    const row = () => house.deps.database.read.webSessions.get(page.webSessionId);
    house.clock.advance(900_000);
    const seen = house.clock.now();
    const times = { lastSeenAt: seen, expiresAt: seen + 900_000 };
    await house.deps.database.write((tx) => tx.webSessions.update(page.webSessionId, times));
    const session = await open();
    house.clock.ms -= 800_000;
    for (const ms of [600_000, 300_000 - 1]) {
      house.clock.advance(ms);
      session.touch();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect((await row())?.lastSeenAt).toBe(Math.max(seen, house.clock.now()));
      await house.broker.live.changed();
    }
    expect(ends).toEqual([]);
    house.clock.advance(1);
    await house.broker.live.changed();
    expect(ends).toEqual(["left"]);
  });

  it("asks for the page sessions of all desktops at once", async () => {
    await open();
    await open();
    const { webSessions } = house.deps.database.read;
    let asked = 0;
    const find = webSessions.find.bind(webSessions);
    webSessions.find = (where, options) => {
      asked += 1;
      return find(where, options);
    };
    await house.broker.live.changed();
    expect(asked).toBe(1);
  });

  it("comes to an idle desktop whatever is drawn on it", async () => {
    const session = await open();
    const screen = await house.screenOf(session);
    for (let minute = 0; minute < 15; minute += 1) {
      house.clock.advance(60_000);
      await screen.tap.graphics(Buffer.from("4.sync,1.0;"));
      await house.broker.live.changed();
    }
    expect(ends).toEqual(["idle"]);
  });

  it("keeps the page session in use while the operator works, told at most once a minute", async () => {
    const session = await open();
    const seen = async (): Promise<number> =>
      (await house.deps.database.read.webSessions.get(page.webSessionId))?.lastSeenAt ?? 0;
    const first = await seen();
    house.clock.advance(59_000);
    session.touch();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await seen()).toBe(first);
    house.clock.advance(1000);
    session.touch();
    await expect.poll(seen).toBe(first + 60_000);
    const events = (await house.audit()).length;
    house.clock.advance(1000);
    session.touch();
    expect(await seen()).toBe(first + 60_000);
    expect(await house.audit()).toHaveLength(events);
  });
});

describe("going away and coming back", () => {
  let session: LiveSession;
  beforeEach(async () => {
    await house.grantDesktop();
    session = await house.openDesktop(page);
  });

  it("leaves rows, notes and events", async () => {
    await session.detached();
    const there = { ...page, sourceAddress: "198.18.0.7" };
    expect(await session.rejoin(there, "browser")).toEqual({ ok: true, value: undefined });
    expect(recordingOf(session).notes).toEqual([
      { kind: "session", detail: { detached: true } },
      { kind: "session", detail: { rejoined: true, sourceAddress: "198.18.0.7" } },
    ]);
    const rows = await house.deps.database.read.connections.find({ sessionId: session.id }, { orderBy: "id" });
    expect(rows.map((row) => row.closedAt === null)).toEqual([false, true]);
    expect(rows[1]?.sourceAddress).toBe("198.18.0.7");
    expect(await house.audit("session.detached")).toHaveLength(1);
    expect(await house.audit("session.rejoined")).toHaveLength(1);
    await house.screenOf(session);
    const [channel] = await house.deps.database.read.channels.find({ sessionId: session.id });
    expect(channel?.connectionId).toBe(rows[1]?.id);
    await session.end("left");
    const after = await house.deps.database.read.connections.find({ sessionId: session.id, closedAt: null });
    expect(after).toEqual([]);
  });

  it("is refused to another page session, another person, a signed-out one and an SSH connection", async () => {
    expect(await session.rejoin(await house.onPage(house.people.alice), "x")).toMatchObject({ code: "not-found" });
    expect(await session.rejoin(await house.onPage(house.people.mallory), "x")).toMatchObject({ code: "not-found" });
    expect(await session.rejoin(house.people.alice, "x")).toMatchObject({ code: "forbidden" });
    await house.signOut(page);
    expect(await session.rejoin(page, "x")).toMatchObject({ code: "unauthenticated" });
    expect(await house.audit("session.rejoined")).toEqual([]);
  });

  it("is refused once the grant has ended, whatever this node last read", async () => {
    const [grant] = await house.deps.database.read.grants.find({});
    await house.deps.database.write((tx) => tx.grants.update(grant?.id ?? asId(""), { state: "revoked" }));
    expect(await session.rejoin(page, "x")).toMatchObject({ code: "grant-ended" });
    expect(session.ended).toBe(true);
    await session.detached();
    expect(await house.audit("session.detached")).toEqual([]);
  });

  it("shows the picture as it is now", async () => {
    const screen = await house.screenOf(session);
    expect(await session.picture(screen)).toEqual({ atUs: 0, state: "" });
    const state = "4.size,1.0,4.1280,3.800;";
    house.world.screens = [{ channel: screen.tap.number, atUs: 7, cols: 1280, rows: 800, state }];
    expect(await session.picture(screen)).toEqual({ atUs: 7, state });
  });
});

describe("watching", () => {
  it("begins with the picture, then what is newer, with pointer and clipboard but no text", async () => {
    await house.grantDesktop(["rdp.connect", "rdp.paste"]);
    const session = await house.openDesktop(page);
    const screen = await house.screenOf(session);
    const seen: (TapEvent | { readonly type: "ended" })[] = [];
    const watch = must(await house.broker.sessions.watch(house.people.bob, session.id, (event) => seen.push(event)));
    expect(watch.catchUp.channels).toMatchObject([{ kind: "desktop", cols: 1280, rows: 800, pty: false }]);
    await new Promise((resolve) => setImmediate(resolve));
    await screen.tap.graphics(Buffer.from("4.sync,1.0;"));
    await screen.tap.pointer(3, 4, 1);
    await session.clipboard(screen, PASTED);
    expect(seen.map((event) => event.type)).toEqual(["graphics", "pointer", "clipboard"]);
    expect(JSON.stringify(seen)).not.toContain("hunter2");
  });

  it("is given up when more is drawn than may be held back for the first picture", async () => {
    await house.grantDesktop();
    const session = await house.openDesktop(page);
    const screen = await house.screenOf(session);
    const { library } = house.deps;
    const held = library.liveScreens.bind(library);
    library.liveScreens = async (id) => {
      for (let count = 0; count < 300; count += 1) await screen.tap.graphics(new Uint8Array(65_536));
      return held(id);
    };
    const ended: unknown[] = [];
    const watch = await house.broker.sessions.watch(house.people.bob, session.id, (event) => ended.push(event));
    expect(watch).toEqual({ ok: false, code: "not-found" });
    expect(ended).toEqual([{ type: "ended", because: "quota" }]);
  });
});
