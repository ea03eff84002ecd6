/** Tickets: who gets one, what it opens, and that no other hand, page, time or second use opens anything. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { must } from "../../test/support/access-house.js";
import { buildDesktopHouse, CHOICES, type DesktopHouse } from "../../test/support/desktop-house.js";
import { asId, type DesktopChoices } from "../domain/index.js";
import { issueTicket } from "./issue-ticket.js";
import { sweepTickets } from "./redeem-ticket.js";

let house: DesktopHouse;
let page: Awaited<ReturnType<DesktopHouse["onPage"]>>;
beforeEach(async () => {
  house = await buildDesktopHouse();
  page = await house.onPage(house.people.alice);
});
afterEach(() => {
  house.close();
});

const issue = (actor = page, accountId = house.deskAccount, choices = CHOICES) =>
  house.broker.desktops.issueTicket(actor, { accountId, choices });
const redeem = (ticket: string, actor = page) => house.broker.desktops.redeemTicket(actor, ticket);
const whys = async (): Promise<unknown[]> =>
  (await house.audit("ticket.refused")).map((row) => (JSON.parse(row.leaf) as { detail: { why: string } }).detail.why);

describe("issuing", () => {
  it("answers 256 random bits once, keeps their hash alone, and writes it down", async () => {
    const granted = await house.grantDesktop();
    const issued = must(await issue());
    expect(issued).toMatchObject({ accountLogin: "CORP\\wang", assetName: "desk-01", endsAt: granted.grants[0]?.to });
    expect(issued.actions).toEqual(["rdp.connect", "rdp.copy"]);
    expect(issued.expiresAt - house.clock.now()).toBe(30_000);
    expect(Buffer.from(issued.ticket, "base64url")).toHaveLength(32);
    const rows = await house.deps.database.read.tickets.find({});
    expect(rows).toMatchObject([{ webSessionId: page.webSessionId, personId: page.personId, choices: CHOICES }]);
    expect(rows[0]?.id).toMatch(/^[0-9a-f]{64}$/);
    const everything = JSON.stringify([rows, await house.audit()]);
    expect(everything).not.toContain(issued.ticket);
    expect(await house.audit("ticket.issued")).toHaveLength(1);
  });

  it("says the earliest end: the grant's, or the page session's twelfth hour, or the longest session", async () => {
    const { clock, deps, people } = house;
    const granted = await house.grantDesktop();
    const to = granted.grants[0]?.to ?? 0;
    const pages = await deps.database.read.webSessions.get(page.webSessionId);
    expect(pages?.expiresAt).toBeGreaterThan(to);
    await deps.database.write((tx) => tx.webSessions.update(page.webSessionId, { expiresAt: to - 5 * 60_000 }));
    expect(must(await issue()).endsAt).toBe(to - 5 * 60_000);
    const session = await house.openDesktop(page);
    expect(session.endsAt).toBe(to - 5 * 60_000);
    const input = { sessionId: session.id, choices: CHOICES };
    expect(must(await house.broker.desktops.issueReturnTicket(page, input)).endsAt).toBe(to - 5 * 60_000);
    const other = await house.onPage(people.alice);
    const short = { ...deps, config: { ...deps.config, maxSessionMs: 60_000 } };
    expect(must(await issueTicket(short, other, { accountId: house.deskAccount, choices: CHOICES })).endsAt).toBe(
      clock.now() + 60_000,
    );
  });

  it("answers the same for unknown, forbidden, without a grant and not a desktop, and writes nothing", async () => {
    expect(await issue()).toEqual({ ok: false, code: "not-found" });
    await house.grantDesktop();
    await house.grant();
    const mallory = await house.onPage(house.people.mallory);
    expect(await issue(mallory)).toEqual({ ok: false, code: "not-found" });
    expect(await issue(page, asId("nothing"))).toEqual({ ok: false, code: "not-found" });
    expect(await issue(page, house.accountId)).toEqual({ ok: false, code: "not-found" });
    expect(await house.deps.database.read.tickets.count({})).toBe(0);
  });

  it("is for page sessions alone, and for those that stand", async () => {
    await house.grantDesktop();
    const { webSessionId: _, ...bare } = page;
    expect(await house.broker.desktops.issueTicket(bare, { accountId: house.deskAccount, choices: CHOICES })).toEqual({
      ok: false,
      code: "forbidden",
    });
    await house.signOut(page);
    expect(await issue()).toEqual({ ok: false, code: "unauthenticated" });
  });

  it.each<[string, Partial<Record<keyof DesktopChoices, unknown>>]>([
    ["width", { width: 319 }],
    ["width", { width: 7681 }],
    ["width", { width: 800.5 }],
    ["height", { height: 239 }],
    ["height", { height: Number.NaN }],
    ["dpi", { dpi: 47 }],
    ["dpi", { dpi: 385 }],
    ["keyboardLayout", { keyboardLayout: "klingon" }],
    ["timeZone", { timeZone: "Mars/Olympus" }],
    ["timeZone", { timeZone: "+08:00" }],
    ["timeZone", { timeZone: "" }],
    ["timeZone", { timeZone: "Asia/Shanghai,4.args" }],
  ])("refuses %s outside what may be chosen: %o", async (field, wrong) => {
    await house.grantDesktop();
    expect(await issue(page, house.deskAccount, { ...CHOICES, ...wrong } as DesktopChoices)).toEqual({
      ok: false,
      code: "invalid-input",
      field,
    });
  });

  it("keeps nothing of the choices but what may be chosen", async () => {
    await house.grantDesktop();
    must(await issue(page, house.deskAccount, { ...CHOICES, "ignore-cert": "true" } as DesktopChoices));
    expect((await house.deps.database.read.tickets.find({}))[0]?.choices).toEqual(CHOICES);
  });

  it("lets twenty tickets of a person wait, no more, until they are over", async () => {
    await house.grantDesktop();
    for (let count = 0; count < 20; count += 1) must(await issue());
    expect(await issue()).toMatchObject({ ok: false, code: "too-many-tries" });
    house.clock.advance(30_000);
    must(await issue());
  });

  it("names no action that an obligation takes away", async () => {
    await house.grantDesktop(["rdp.connect", "rdp.download"]);
    const [grant] = await house.deps.database.read.grants.find({});
    await house.deps.database.write((tx) =>
      tx.grants.update(grant?.id ?? asId(""), { obligations: ["no-download", "watermark"] }),
    );
    expect(must(await issue())).toMatchObject({
      actions: ["rdp.connect"],
      obligations: ["no-download", "watermark"],
    });
  });
});

describe("using", () => {
  beforeEach(async () => {
    await house.grantDesktop();
  });

  it("lets its page in once", async () => {
    const { ticket } = must(await issue());
    expect(must(await redeem(ticket))).toEqual({
      sessionId: null,
      accountLogin: "CORP\\wang",
      assetName: "desk-01",
      protocol: "rdp",
      choices: CHOICES,
    });
    expect(await redeem(ticket)).toEqual({ ok: false, code: "ticket-refused" });
    expect(await whys()).toEqual(["used"]);
  });

  it("lets one of many in that come at once", async () => {
    const { ticket } = must(await issue());
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => redeem(ticket)));
    expect(outcomes.filter((one) => one.ok)).toHaveLength(1);
    expect(await whys()).toHaveLength(19);
  });

  it("answers one thing for forged, malformed, expired, another page's, another person's and signed out", async () => {
    const refusal = { ok: false, code: "ticket-refused" };
    expect(await redeem("A".repeat(43))).toEqual(refusal);
    expect(await redeem("../../etc/passwd")).toEqual(refusal);
    const late = must(await issue()).ticket;
    house.clock.advance(30_000);
    expect(await redeem(late)).toEqual(refusal);
    expect(await redeem(must(await issue()).ticket, await house.onPage(house.people.alice))).toEqual(refusal);
    expect(await redeem(must(await issue()).ticket, await house.onPage(house.people.mallory))).toEqual(refusal);
    const own = must(await issue()).ticket;
    await house.signOut(page);
    expect(await redeem(own)).toEqual(refusal);
    expect(await whys()).toEqual(["unknown", "malformed", "expired", "other-page", "other-person", "signed-out"]);
  });

  it("is over for a ticket that another hand has shown", async () => {
    const { ticket } = must(await issue());
    await redeem(ticket, await house.onPage(house.people.mallory));
    expect(await redeem(ticket)).toMatchObject({ code: "ticket-refused" });
  });

  it("takes tickets away once they have been over for a minute", async () => {
    must(await issue());
    house.clock.advance(90_001);
    must(await issue());
    await sweepTickets(house.deps);
    expect(await house.deps.database.read.tickets.count({})).toBe(1);
  });
});

describe("coming back", () => {
  const back = (sessionId: Parameters<typeof asId>[0], actor = page) =>
    house.broker.desktops.issueReturnTicket(actor, { sessionId: asId(sessionId), choices: CHOICES });
  beforeEach(async () => {
    await house.grantDesktop();
  });

  it("is for the page session that opened the desktop, while it runs", async () => {
    const session = await house.openDesktop(page);
    const { ticket } = must(await back(session.id));
    expect(must(await redeem(ticket))).toMatchObject({ sessionId: session.id });
    const other = await house.onPage(house.people.alice);
    expect(await back(session.id, other)).toEqual({ ok: false, code: "not-found" });
    expect(await back(session.id, await house.onPage(house.people.mallory))).toEqual({ ok: false, code: "not-found" });
    expect(await back("nothing")).toEqual({ ok: false, code: "not-found" });
    const last = must(await back(session.id)).ticket;
    await session.end("left");
    expect(await back(session.id)).toEqual({ ok: false, code: "not-found" });
    expect(await redeem(last)).toEqual({ ok: false, code: "ticket-refused" });
    expect(await whys()).toEqual(["gone"]);
  });

  it("is nothing for a terminal", async () => {
    await house.grant();
    const terminal = await house.open();
    expect(await back(terminal.id)).toEqual({ ok: false, code: "not-found" });
  });
});
