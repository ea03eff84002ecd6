/** Tickets for desktops: who gets one, what a browser may choose, and that none is kept on the way. */
import { describe, expect, it } from "vitest";
import { createFakeBroker, UUID, withPeople } from "../../test/support/fake-broker-http.js";
import { doorOf, OWN_PAGE } from "../../test/support/http-door.js";
import { done, GatehouseError, refused, type ErrorCode } from "../domain/index.js";
import { DESKTOP_BOUNDS, KEYBOARD_LAYOUTS } from "./contract/index.js";
import { TICKET_LIMITS } from "./routes/tickets.js";

const TICKET = "q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng";
const issued = {
  ticket: TICKET,
  expiresAt: 1_700_000_030_000,
  accountLogin: "Administrator",
  assetName: "win-01",
  endsAt: 1_700_003_600_000,
  actions: ["rdp.connect", "rdp.copy"],
  obligations: ["watermark"],
} as const;
const choices = { width: 1_280, height: 800, dpi: 96, keyboardLayout: "en-us-qwerty", timeZone: "Asia/Shanghai" };
const OPEN = "/api/v1/sessions";
const RETURN = `/api/v1/sessions/${UUID}/ticket`;

async function bench(refuse?: ErrorCode) {
  const asked: unknown[] = [];
  const answer = (input: unknown) => {
    asked.push(input);
    return refuse === undefined ? done({ ...issued, hash: "KEPT" }) : refused(refuse);
  };
  const fake = withPeople(
    createFakeBroker({
      desktops: {
        issueTicket: async (_actor, input) => answer(input),
        issueReturnTicket: async (_actor, input) => answer(input),
      },
    }),
  );
  const { door, lines } = await doorOf(fake);
  const post = (url: string, payload: object | string, who = "operator", headers: object = OWN_PAGE) =>
    door.app.inject({
      method: "POST",
      url,
      headers: { ...headers, cookie: `gatehouse=${who}`, "content-type": "application/json" },
      payload,
    });
  return { asked, lines, post, fake, door };
}

describe("a ticket", () => {
  it.each([
    [OPEN, { accountId: UUID, choices }, { accountId: UUID, choices }],
    [RETURN, { choices }, { sessionId: UUID, choices }],
  ])("from POST %s is answered once, to be kept by nobody", async (url, body, reached) => {
    const { asked, lines, post } = await bench();
    const answer = await post(url, body);
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual(issued);
    expect(answer.headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    expect(JSON.stringify(answer.headers)).not.toContain(TICKET);
    expect(asked).toEqual([reached]);
    expect(lines).toEqual([]);
  });

  it("needs our own page's mark, and an operator", async () => {
    const { asked, post } = await bench();
    for (const [url, body] of [
      [OPEN, { accountId: UUID, choices }],
      [RETURN, { choices }],
    ] as const) {
      expect((await post(url, body, "operator", {})).json()).toMatchObject({ code: "cross-site" });
      expect((await post(url, body, "operator", { ...OWN_PAGE, origin: "http://evil.example" })).statusCode).toBe(403);
      expect((await post(url, body, "audit")).statusCode).toBe(403);
      expect((await post(url, body, "nobody")).statusCode).toBe(401);
    }
    expect(asked).toEqual([]);
  });

  it.each([
    ["not-found", 404],
    ["ticket-refused", 403],
    ["desktop-service-unavailable", 503],
    ["desktop-service-too-old", 503],
    ["too-many-sessions", 429],
  ] as const)("that is refused as %s says so", async (code, status) => {
    const { post } = await bench(code);
    const answer = await post(OPEN, { accountId: UUID, choices });
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ code, type: `urn:gatehouse:problem:${code}` });
  });

  it("is given to one person so often, then a little later again; others do not notice", async () => {
    const { asked, post, fake } = await bench();
    const operator = fake.people.get("operator");
    if (operator === undefined) throw new Error("there is no operator");
    fake.people.set("other", { ...operator, personId: "person-other" as typeof operator.personId });
    const urls = [OPEN, RETURN];
    const answers = [];
    for (let count = 0; count <= TICKET_LIMITS.burst; count += 1)
      answers.push(await post(urls[count % 2] ?? "", count % 2 === 0 ? { accountId: UUID, choices } : { choices }));
    const last = answers.pop();
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([201]));
    expect(last?.statusCode).toBe(429);
    expect(last?.json()).toMatchObject({ code: "too-many-tries", retryAfterMs: 1000 / TICKET_LIMITS.perSecond });
    expect(asked).toHaveLength(TICKET_LIMITS.burst);
    expect((await post(OPEN, { accountId: UUID, choices }, "other")).statusCode).toBe(201);
  });

  it("stands in no log when the answer fails, nor does what was chosen", async () => {
    const { lines, post, fake } = await bench();
    const { desktops } = fake.broker;
    (desktops as { issueTicket: unknown }).issueTicket = () =>
      Promise.reject(new GatehouseError("storage-unavailable", "the database does not answer"));
    const answer = await post(OPEN, { accountId: UUID, choices: { ...choices, timeZone: "Europe/Oslo" } });
    expect(answer.json()).toMatchObject({ code: "storage-unavailable" });
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toMatch(/Oslo|q83v/);
  });
});

describe("what a browser may choose", () => {
  const { width, height, dpi } = DESKTOP_BOUNDS;
  const strange = [0, -1, 1.5, 1e9, null, "96", true, [], {}];
  const WRONG: readonly (readonly [string, readonly unknown[]])[] = [
    ["width", [...strange, width.least - 1, width.most + 1]],
    ["height", [...strange, height.least - 1, height.most + 1]],
    ["dpi", [...strange, dpi.least - 1, dpi.most + 1]],
    ["keyboardLayout", [...strange, "", "en-US-qwerty", "en-us-qwerty\0", "xx-xx-qwerty", "constructor"]],
    [
      "timeZone",
      [
        ...strange,
        "",
        "../../etc/passwd",
        "/etc/localtime",
        ":UTC",
        "Asia/../UTC",
        "Asia/Shanghai\n",
        "Asia/Shanghai\0",
        "Asia/Atlantis",
        "+08:00",
        "CST-8",
        "a/b/c/d",
        "亚洲/上海",
        "A".repeat(65),
      ],
    ],
  ];

  it("is refused beyond its bounds, by field, before anybody is asked", async () => {
    const { asked, post, door } = await bench();
    let tried = 0;
    for (const [field, values] of WRONG)
      for (const value of values) {
        const answer = await post(OPEN, { accountId: UUID, choices: { ...choices, [field]: value } });
        expect(answer.json(), `${field}: ${JSON.stringify(value)}`).toMatchObject({
          code: "invalid-input",
          field: `choices.${field}`,
        });
        tried += 1;
      }
    expect(tried).toBeGreaterThan(50);
    expect(asked).toEqual([]);
    await door.close();
  });

  it("is nothing else: no setting of the connection can be slipped in, and none may miss", async () => {
    const { asked, post } = await bench();
    const bodies: object[] = [
      {},
      [],
      { accountId: UUID },
      { choices },
      { accountId: "../x", choices },
      { accountId: [UUID], choices },
      { accountId: UUID, choices: [choices] },
      { accountId: UUID, choices, hostname: "192.0.2.1" },
      { accountId: UUID, choices, password: "guess" },
      ...["hostname", "port", "ignore-cert", "security", "enable-drive", "drive-path", "disable-copy", "width "].map(
        (name) => ({ accountId: UUID, choices: { ...choices, [name]: "true" } }),
      ),
      ...Object.keys(choices).map((name) => ({ accountId: UUID, choices: { ...choices, [name]: undefined } })),
    ];
    for (const body of bodies) expect((await post(OPEN, body)).statusCode, JSON.stringify(body)).toBe(400);
    for (const body of [{}, { choices, sessionId: UUID }, { choices, accountId: UUID }])
      expect((await post(RETURN, body)).statusCode, JSON.stringify(body)).toBe(400);
    expect((await post("/api/v1/sessions/none/ticket", { choices })).statusCode).toBe(400);
    expect(asked).toEqual([]);
  });

  it("survives what is no such body at all", async () => {
    const { asked, post } = await bench();
    const valid = JSON.stringify({ accountId: UUID, choices });
    const broken = Array.from({ length: 40 }, (_, index) => valid.slice(0, Math.floor((valid.length * index) / 40)));
    const twisted = Array.from({ length: 40 }, (_, index) => {
      const bytes = Buffer.from(valid);
      bytes[(index * 13) % bytes.length] = (index * 37) % 256;
      return bytes.toString("latin1");
    }).filter((text) => {
      // A changed digit may still be within bounds.
      try {
        JSON.parse(text);
        return false;
      } catch {
        return true;
      }
    });
    expect(twisted.length).toBeGreaterThan(5);
    for (const text of [...broken, ...twisted, '{"accountId":1e999}', `{"choices":${"[".repeat(50_000)}`])
      expect((await post(OPEN, text)).statusCode, text.slice(0, 80)).toBe(400);
    expect(asked).toEqual([]);
  });

  it("may be anything within", async () => {
    const { asked, post } = await bench();
    const within = [
      { ...choices, width: width.least, height: height.least, dpi: dpi.least },
      { ...choices, width: width.most, height: height.most, dpi: dpi.most },
      ...["UTC", "Etc/GMT+8", "America/Argentina/Buenos_Aires", "America/Port-au-Prince"].map((timeZone) => ({
        ...choices,
        timeZone,
      })),
      ...KEYBOARD_LAYOUTS.map((keyboardLayout) => ({ ...choices, keyboardLayout })),
    ];
    for (const one of within) expect((await post(OPEN, { accountId: UUID, choices: one })).statusCode).toBe(201);
    expect(asked).toHaveLength(within.length);
  });
});
