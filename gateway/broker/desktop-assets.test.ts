/** Desktops as assets: their settings, their certificate or the mark, their credentials, and the actions that fit them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CERTIFICATE, HOST_KEY, must, OTHER_CERTIFICATE } from "../../test/support/access-house.js";
import { hire } from "../../test/support/contract-house.js";
import { buildDesktopHouse, type DesktopHouse } from "../../test/support/desktop-house.js";
import { GatehouseError, type Action, type DesktopSettings } from "../domain/index.js";

let house: DesktopHouse;
beforeEach(async () => {
  house = await buildDesktopHouse();
});
afterEach(() => {
  house.close();
});

const INPUT = { name: "desk-02", protocol: "rdp", host: "10.0.0.3", port: 3389, description: "" } as const;
const create = (more: object = {}) =>
  house.broker.assets.create(house.people.sys1, { ...INPUT, legacyAlgorithms: false, ...more });
const grantStates = async (): Promise<unknown[]> =>
  (await house.deps.database.read.grants.find({})).map((grant) => grant.state);

describe("settings", () => {
  it("accept nothing that was not said", async () => {
    expect(must(await create())).toMatchObject({
      desktop: { security: "any", acceptsMissing: false },
      certificate: null,
    });
    const given = { security: "nla", acceptsMissing: true } as const;
    expect(must(await create({ name: "desk-03", desktop: given }))).toMatchObject({ desktop: given });
  });

  it.each([
    ["desktop", { protocol: "ssh", desktop: { security: "any", acceptsMissing: false } }],
    ["desktop", { desktop: { security: "vmconnect", acceptsMissing: false } }],
    ["desktop", { desktop: { security: "any", acceptsMissing: "yes" } }],
    ["legacyAlgorithms", { legacyAlgorithms: true }],
  ])("refuse a wrong %s: %o", async (field, wrong) => {
    expect(await create(wrong)).toEqual({ ok: false, code: "invalid-input", field });
  });

  it("are refused to SSH and weak algorithms to desktops also later", async () => {
    const desktop: DesktopSettings = { security: "any", acceptsMissing: true };
    const { assets } = house.broker;
    const { sys1 } = house.people;
    expect(await assets.change(sys1, house.asset.id, { desktop })).toMatchObject({ field: "desktop" });
    expect(await assets.change(sys1, house.desk.id, { legacyAlgorithms: true })).toMatchObject({
      field: "legacyAlgorithms",
    });
  });

  it.each<DesktopSettings>([
    { security: "any", acceptsMissing: true },
    { security: "rdp", acceptsMissing: false },
  ])("suspend what was granted under others, and make a pending request stale: %o", async (desktop) => {
    const { broker, people, desk } = house;
    await house.grantDesktop();
    const asked = await house.askDesktop();
    must(await broker.assets.change(people.sys1, desk.id, { desktop }));
    expect(await grantStates()).toEqual(["suspended"]);
    const word = { verdict: "approved", reason: "", digest: asked.digest } as const;
    expect(await broker.access.decide(people.bob, asked.id, word)).toEqual({ ok: false, code: "stale" });
  });

  it("suspend nothing when they stay as they were", async () => {
    await house.grantDesktop();
    const desktop: DesktopSettings = { security: "any", acceptsMissing: false };
    must(await house.broker.assets.change(house.people.sys1, house.desk.id, { desktop, description: "new" }));
    expect(await grantStates()).toEqual(["active"]);
  });

  it("stand before the approver", async () => {
    const desktop: DesktopSettings = { security: "tls", acceptsMissing: true };
    must(await house.broker.assets.change(house.people.sys1, house.desk.id, { desktop }));
    expect((await house.askDesktop()).items).toMatchObject([{ protocol: "rdp", certificate: "pinned", desktop }]);
    expect((await house.ask()).items).toMatchObject([{ protocol: "ssh", certificate: null, desktop: null }]);
  });
});

describe("the certificate", () => {
  it("is read from the checked address and shown as pairs of digits", async () => {
    const scanned = must(await house.broker.assets.scanHostKey(house.people.sys1, house.desk.id));
    expect(scanned).toEqual({ publicKey: CERTIFICATE, fingerprint: Array(32).fill("AB").join(":"), matches: true });
    house.world.addresses = { "desk-01.example": ["127.0.0.1"] };
    expect(await house.broker.assets.scanHostKey(house.people.sys1, house.desk.id)).toMatchObject({
      code: "address-refused",
    });
  });

  it.each(["target-unreachable", "target-too-old"] as const)("answers %s of the probe as it is", async (code) => {
    house.deps.desktopProbe.scanCertificate = async () => {
      throw new GatehouseError(code, "no certificate");
    };
    expect(await house.broker.assets.scanHostKey(house.people.sys1, house.desk.id)).toEqual({ ok: false, code });
  });

  it("is pinned only as the host shows it", async () => {
    const fresh = must(await create());
    const confirm = (text: string) => house.broker.assets.confirmHostKey(house.people.sys1, fresh.id, text);
    expect(await confirm(OTHER_CERTIFICATE)).toMatchObject({ code: "target-key-changed" });
    expect(await confirm(HOST_KEY)).toMatchObject({ code: "invalid-input" });
    expect(await confirm("x509-sha256 abcd")).toMatchObject({ code: "invalid-input" });
    expect(must(await confirm(CERTIFICATE.toUpperCase().replace("X509-SHA256", "x509-sha256")))).toMatchObject({
      hostKey: CERTIFICATE,
      certificate: "pinned",
    });
  });

  it("may be marked instead, by an administrator, without asking the host, and by no other asset", async () => {
    const fresh = must(await create());
    house.deps.desktopProbe.scanCertificate = async () => {
      throw new GatehouseError("target-unreachable", "down");
    };
    const mark = (id: typeof fresh.id, by = house.people.sys1) =>
      house.broker.assets.confirmHostKey(by, id, "certificate-unchecked");
    expect(await mark(fresh.id, house.people.alice)).toMatchObject({ code: "forbidden" });
    expect(await mark(house.asset.id)).toMatchObject({ code: "invalid-input" });
    expect(must(await mark(fresh.id))).toMatchObject({ certificate: "unchecked", hostKeyFingerprint: null });
    const [event] = (await house.audit("asset.host-key-confirmed")).filter((row) => row.objectId === fresh.id);
    expect(event?.leaf).toContain("certificate-unchecked");
  });

  it("gives way to another, or to the mark, only by a second administrator, and then grants are suspended", async () => {
    const { broker, people, desk } = house;
    await house.grantDesktop();
    const proposed = must(await broker.assets.confirmHostKey(people.sys1, desk.id, "certificate-unchecked"));
    expect(proposed).toMatchObject({
      certificate: "pinned",
      pendingChange: { hostKeyFingerprint: null, certificate: "unchecked" },
    });
    expect(await broker.assets.confirmChange(people.sys1, desk.id, true)).toMatchObject({
      code: "needs-second-person",
    });
    expect(must(await broker.assets.confirmChange(people.sys2, desk.id, true))).toMatchObject({
      certificate: "unchecked",
    });
    expect(await grantStates()).toEqual(["suspended"]);
  });
});

describe("credentials", () => {
  it("are passwords alone, kept as untested without asking the host", async () => {
    house.world.tested = "refused";
    const { assets } = house.broker;
    const set = (kind: "password" | "key") =>
      assets.setCredential(house.people.sys1, house.deskAccount, { kind, secret: "s3cret" });
    expect(await set("key")).toEqual({ ok: false, code: "invalid-input", field: "kind" });
    expect(must(await set("password"))).toMatchObject({
      protocol: "rdp",
      credentialBound: true,
      credentialTestedAt: null,
    });
    expect(
      (await house.audit("account.credential-tested")).filter((row) => row.objectId === house.deskAccount),
    ).toEqual([]);
  });
});

describe("actions", () => {
  it.each<[string, readonly Action[]]>([
    ["desktop", ["ssh.shell"]],
    ["desktop", ["rdp.connect", "sftp.read"]],
    ["desktop", ["rdp.copy", "rdp.upload"]],
    ["terminal", ["rdp.connect"]],
    ["terminal", ["ssh.shell", "rdp.connect"]],
  ])("of an entitlement for a %s may not be %o", async (which, actions) => {
    const accountId = which === "desktop" ? house.deskAccount : house.accountId;
    const input = { personId: house.people.mallory.personId, accountId, actions, to: null };
    expect(await house.broker.assets.createEntitlement(house.people.sec1, input)).toEqual({
      ok: false,
      code: "invalid-input",
      field: "actions",
    });
  });

  it.each<readonly Action[]>(
    [["rdp.copy"], ["rdp.connect", "ssh.shell"], ["rdp.upload", "rdp.download"]].map((x) => x as Action[]),
  )("of a request are one door's, and a desktop's come with the desktop", async (...actions) => {
    const ask = { items: [{ accountId: house.deskAccount, actions }], reason: "patching", workOrder: "" };
    expect(await house.broker.access.request(house.people.alice, { ...ask, durationMs: 3_600_000 })).toEqual({
      ok: false,
      code: "invalid-input",
      field: "items",
    });
  });

  it("of another protocol are outside what one may ask for", async () => {
    const items = [{ accountId: house.accountId, actions: ["rdp.connect"] as const }];
    const ask = { items, reason: "patching", workOrder: "", durationMs: 3_600_000 };
    expect(await house.broker.access.request(house.people.alice, ask)).toMatchObject({ code: "outside-entitlement" });
  });
});

describe("obligations", () => {
  const decide = async () => {
    await hire(house, house.people.alice.personId);
    return house.grantDesktop(["rdp.connect", "rdp.copy"]);
  };

  it("come into a vendor's grant from the rule that fits it, with an event", async () => {
    expect((await decide()).grants).toMatchObject([{ obligations: ["watermark"] }]);
    expect((await house.audit("grant.created")).at(-1)?.leaf).toContain('"obligations":["watermark"]');
  });

  it("are each grant's own: a terminal asked for beside a desktop takes none of the desktop's", async () => {
    await hire(house, house.people.alice.personId);
    const items = [
      { accountId: house.deskAccount, actions: ["rdp.connect"] as const },
      { accountId: house.accountId, actions: ["ssh.shell"] as const },
    ];
    const ask = { items, reason: "patching", workOrder: "", durationMs: 3_600_000 };
    const { id, digest } = must(await house.broker.access.request(house.people.alice, ask));
    const word = { verdict: "approved", reason: "", digest } as const;
    const { grants } = must(await house.broker.access.decide(house.people.bob, id, word));
    const ofDesk = grants.find((grant) => grant.accountId === house.deskAccount);
    expect([ofDesk?.obligations, grants.find((grant) => grant !== ofDesk)?.obligations]).toEqual([["watermark"], []]);
  });
});
