/** Tickets and desktops over the real databases: used once among many at once, and ended with their page session. */
import { afterEach, describe, expect, it } from "vitest";
import type { EndReason } from "../../gateway/domain/index.js";
import { openDatabase } from "../../gateway/storage/index.js";
import { must } from "../support/access-house.js";
import { hire } from "../support/contract-house.js";
import { buildDesktopHouse, CHOICES, DESKTOP_ACTIONS, type DesktopHouse } from "../support/desktop-house.js";
import { startPostgres } from "../support/postgres.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function inPostgres(): Promise<string> {
  const server = await startPostgres();
  closing.push(() => server.stop());
  return server.url;
}

function build(url: (folder: string) => string): Promise<DesktopHouse> {
  return buildDesktopHouse({}, async ({ clock, ids, nodeId, folder }) => {
    const database = await openDatabase({ url: url(folder), clock, ids, nodeId, log: () => undefined });
    closing.unshift(() => database.close());
    return { database };
  });
}

describe.each([
  ["SQLite", async () => build((folder) => `sqlite:${folder}/g.db`)],
  [
    "PostgreSQL",
    async () => {
      const url = await inPostgres();
      return build(() => url);
    },
  ],
] as const)("desktops on %s", (_name, open) => {
  it("let one ticket in once, and end with the page session", async () => {
    const house = await open();
    const { desktops } = house.broker;
    const page = await house.onPage(house.people.alice);
    await house.grantDesktop();
    const { ticket } = must(await desktops.issueTicket(page, { accountId: house.deskAccount, choices: CHOICES }));
    const tries = await Promise.all(Array.from({ length: 8 }, () => desktops.redeemTicket(page, ticket)));
    expect(tries.filter((one) => one.ok)).toMatchObject([{ value: { choices: CHOICES, sessionId: null } }]);
    expect(await house.audit("ticket.refused")).toHaveLength(7);
    const ends: EndReason[] = [];
    const session = await house.openDesktop(page, (because) => ends.push(because));
    await session.detached();
    must(await session.rejoin(page, "browser"));
    const back = must(await desktops.issueReturnTicket(page, { sessionId: session.id, choices: CHOICES }));
    expect(must(await desktops.redeemTicket(page, back.ticket)).sessionId).toBe(session.id);
    const row = await house.deps.database.read.sessions.get(session.id);
    expect(row?.snapshot).toMatchObject({ certificate: "pinned", obligations: [] });
    await house.signOut(page);
    await house.broker.live.changed();
    expect(ends).toEqual(["left"]);
    await house.broker.live.allClosed();
    expect(await house.deps.database.read.connections.count({ sessionId: session.id, closedAt: null })).toBe(0);
    house.close();
  });

  it("end with the contract they are used under, also where it only became narrower, and come back with neither", async () => {
    const house = await open();
    const { registry, assets } = house.broker;
    const { alice, sec1 } = house.people;
    const { read } = house.deps.database;
    await hire(house, alice.personId);
    const page = await house.onPage(alice);
    const [contract] = await read.contracts.find({});
    if (contract === undefined) throw new Error("no contract");
    const { id, scope } = contract;
    const ends: EndReason[] = [];
    const right = { personId: alice.personId, accountId: house.deskAccount, actions: DESKTOP_ACTIONS, to: null };
    await house.grantDesktop();
    const session = await house.openDesktop(page, (because) => ends.push(because));
    const entitled = scope.actions.filter((action) => action !== "rdp.copy");
    must(await registry.changeContract(sec1, id, { scope: { ...scope, actions: entitled } }));
    const file = { kind: "file", action: "rdp.download", detail: "x" } as const;
    expect(await session.openChannel(file)).toMatchObject({ code: "grant-ended" });
    await house.broker.live.changed();
    expect(ends).toEqual(["revoked"]);
    must(await registry.changeContract(sec1, id, { scope }));
    expect((await house.tryDesktop(page)).kind).toBe("refused");
    must(await assets.createEntitlement(sec1, right));
    await house.grantDesktop();
    await house.openDesktop(page, (because) => ends.push(because));
    must(await registry.endContract(sec1, id, "the work is done"));
    await house.broker.live.changed();
    expect(ends).toEqual(["revoked", "bond-ended"]);
    expect(await house.tryDesktop(page)).toMatchObject({ kind: "refused" });
    await house.broker.live.allClosed();
    house.close();
  });
});
