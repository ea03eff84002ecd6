/** Tickets and desktops over the real databases: used once among many at once, and ended with their page session. */
import { afterEach, describe, expect, it } from "vitest";
import type { EndReason } from "../../gateway/domain/index.js";
import { openDatabase } from "../../gateway/storage/index.js";
import { must } from "../support/access-house.js";
import { buildDesktopHouse, CHOICES, type DesktopHouse } from "../support/desktop-house.js";
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
});
