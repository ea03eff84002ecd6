/**
 * Every route of the gateway, walked as each office of a sister unit over both real databases: what it lists, counts, finds, exports and
 * names is cut, and a thing of the other unit is answered as one that does not exist. A route that nobody wrote down in
 * `support/cut-routes.ts` fails here; so does a socket's event or a notice's topic, when the tests are type-checked.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { notice, placing } from "../../gateway/broker/notices.js";
import type { Notice, PlacedNotice } from "../../gateway/broker/index.js";
import type { ClientToServer, ServerToClient } from "../../gateway/live/messages.js";
import { CUT_ROUTES, type Ask, type Cut } from "../support/cut-routes.js";
import { onDatabase } from "../support/house-database.js";
import { OWN_PAGE } from "../support/http-door.js";
import {
  buildSisterBureaus,
  OFFICES,
  type Bureau,
  type Office,
  type SisterBureaus,
} from "../support/sister-bureaus.js";

const EVERY = Object.entries(CUT_ROUTES);
const UNKNOWN = "01900000-0000-7000-8000-ffffffffffff";
/** What a walk may answer besides what was asked for: not this office's, not there, or a body that names what is not there. */
const TURNED_AWAY = [400, 401, 403, 404, 409];

/** Where each event of the socket is tested to be cut; a new one does not compile. */
const SOCKET: Readonly<Record<keyof ClientToServer | keyof ServerToClient, string>> = {
  watch: "broker/scope-cut, e2e/organisation-units",
  unwatch: "ends a watch of one's own",
  notice: "below",
  "watch:event": "of a watch that was let in",
  "watch:ended": "of a watch that was let in",
};
/** By topic, what of a unit it may be about; a new one does not compile. */
const TOPICS: Readonly<Record<Notice["topic"], (of: Bureau) => readonly string[]>> = {
  requests: ({ things }) => [things.request],
  grants: ({ things }) => [things.grant],
  sessions: ({ things }) => [things.session],
  alerts: ({ things }) => [things.alert],
  people: ({ things }) => [things.victim],
  proposals: ({ things }) => [things.proposal],
  registry: ({ id, things }) => [id, things.unit, things.vendor, things.contract, things.review],
};

describe.each(["SQLite", "PostgreSQL"] as const)("every route, from a sister unit, on %s", (name) => {
  const closing: (() => Promise<unknown>)[] = [];
  let bureaus: SisterBureaus;
  let here: Bureau;
  let there: Bureau;

  beforeAll(async () => {
    bureaus = await buildSisterBureaus({}, onDatabase(name, closing));
    ({ here, there } = bureaus);
  }, 120_000);
  afterAll(async () => {
    await bureaus?.door.close();
    for (const close of closing) await close();
    bureaus?.units.house.close();
  });

  /** The answer without what is another each time: its own number, and how long to wait. */
  async function ask(of: Bureau, who: Office, line: string, path: string, body?: object) {
    const [method = "", url = ""] = line.split(" ");
    const [value = "", query = ""] = path.split(/(?=\?)/);
    const at = url.includes(":") ? `${url.replace(/:[a-z]+/, value)}${query}` : `${url}${path}`;
    const isFile = url.endsWith("/duties") && method === "PUT";
    const answer = await bureaus.door.app.inject({
      method: method as "GET",
      url: at,
      headers: {
        ...OWN_PAGE,
        ...(url.startsWith("/scim")
          ? { authorization: `Bearer ${of.bearer}` }
          : { cookie: `gatehouse=${bureaus.cookieOf(of.people[who])}` }),
        ...(isFile ? { "content-type": "application/octet-stream" } : {}),
      },
      ...(isFile ? { payload: Buffer.from("ours") } : body === undefined ? {} : { payload: body }),
    });
    const text = answer.body;
    const { instance: _, ...problem } = answer.statusCode < 400 ? {} : (JSON.parse(text) as { instance?: string });
    return { status: answer.statusCode, text, problem: problem as { readonly code?: string } };
  }
  const asking = (line: string, { who, path, body }: Ask, of: Bureau, id: string) =>
    ask(of, who, line, path?.(id, of) ?? id, body?.(id, of));
  /** Of the same form as the id that is asked for. */
  const unknownOf = (line: string, one: Ask): string => {
    if (line.includes("page-sessions/:id")) return "0".repeat(64);
    return one.id(here).endsWith("-passkey") ? "no-passkey" : UNKNOWN;
  };
  const shown = (text: string, { marks }: Bureau): readonly string[] => marks.filter((mark) => text.includes(mark));

  it("is written down, each once, and no other", () => {
    const registered = bureaus.door.routes.map(({ method, url }) => `${method} ${url}`).sort();
    expect(registered).toEqual(EVERY.map(([line]) => line).sort());
    expect(registered.length).toBeGreaterThan(120);
    expect(Object.values(SOCKET).every((where) => where !== "")).toBe(true);
  });

  const lists = EVERY.flatMap(([line, cut]) => (cut.kind === "list" ? [[line, cut.paths] as const] : []));
  it.each(lists)("%s shows nothing of the other, and something of its own", async (line, paths) => {
    let own = 0;
    for (const who of OFFICES) {
      for (const path of paths) {
        const { status, text } = await ask(there, who, line, path(here));
        expect([200, 403], `${who} ${path(here)}: ${text}`).toContain(status);
        expect(shown(text, here), `${who} ${path(here)}`).toEqual([]);
        own += shown((await ask(here, who, line, path(here))).text, here).length;
      }
    }
    if (line !== "GET /api/v1/retention") expect(own).toBeGreaterThan(0);
  });

  const objects = EVERY.flatMap(([line, cut]) =>
    cut.kind === "asks" ? cut.asks.map((one) => [line, one] as const) : [],
  );
  it.each(objects)("%s ($who) takes a thing of the other for one that does not exist", async (line, one) => {
    const id = one.id(here);
    const unknown = line.includes("page-sessions/:id")
      ? "0".repeat(64)
      : id.endsWith("-passkey")
        ? "no-passkey"
        : UNKNOWN;
    for (const who of OFFICES) {
      const [theirs, none] = [
        await asking(line, { ...one, who }, there, id),
        await asking(line, { ...one, who }, there, unknown),
      ];
      expect(TURNED_AWAY, `${who}: ${theirs.text}`).toContain(theirs.status);
      expect(JSON.stringify(theirs.problem).replaceAll(id, unknown), who).toBe(JSON.stringify(none.problem));
      expect(shown(theirs.text.replaceAll(id, ""), here), who).toEqual([]);
      if (who === one.who && !line.includes("/scim/"))
        expect(["not-found", "invalid-input", "outside-entitlement"]).toContain(theirs.problem.code);
    }
  });

  const tops = EVERY.flatMap(([line, cut]) => (cut.kind === "top" ? [[line, cut] as const] : []));
  it.each(tops)("%s is for the top unit", async (line, { who, body }: Extract<Cut, { kind: "top" }>) => {
    const { status, text } = await ask(there, who, line, "", body);
    expect([403, 404], text).toContain(status);
  });

  it("a notice is heard where it lies, whatever it is about", async () => {
    const { house } = bureaus.units;
    const placed = (one: Notice): Promise<PlacedNotice> => new Promise((resolve) => placing(house.deps, resolve)(one));
    const marks = [
      ["approver", "confirmer", "operator"],
      ["system", "security", "audit"],
    ] as const;
    for (const [topic, idsOf] of Object.entries(TOPICS))
      for (const id of idsOf(here)) {
        const told = await placed(notice(topic as Notice["topic"], id, [], marks[0], marks[1]));
        for (const who of OFFICES) {
          expect(await bureaus.broker.mayHear(here.people[who], told), `${topic} ${who}`).toBe(true);
          expect(await bureaus.broker.mayHear(there.people[who], told), `${topic} ${who}`).toBe(false);
        }
      }
  });

  // Last: what is asked of one's own is done.
  it("its own unit is answered otherwise by each of them, so that none was refused for another reason", async () => {
    const alike: string[] = [];
    for (const [line, one] of objects) {
      if (one.mute !== undefined) continue;
      const [own, none] = [
        await asking(line, one, here, one.id(here)),
        await asking(line, one, here, unknownOf(line, one)),
      ];
      if (own.status === none.status && own.problem.code === none.problem.code)
        alike.push(`${line} ${one.who} ${own.text}`);
    }
    expect(alike).toEqual([]);
  });
});
