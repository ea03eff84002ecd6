/** What a broken or hostile client sends to the page's port, and hostile text in every name and reason: refused, or shown as text. */
import { connect } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, signInPage, visit } from "../support/browser.js";
import { Api, startGatehouse, type Gatehouse } from "../support/gatehouse.js";
import { residentMiB } from "../support/memory.js";

let house: Gatehouse;
let browser: Browser;
let port: number;
beforeAll(async () => {
  house = await startGatehouse();
  port = Number(new URL(house.http).port);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});

/** No answer is longer in coming, also on a busy machine. */
const SILENCE_MS = 15_000;
let calls = 0;
/** Sends bytes as they are, each time from another address; answers what came back until the close or the pause after it. */
function send(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    calls += 1;
    const localAddress = `127.66.${Math.floor(calls / 200)}.${1 + (calls % 200)}`;
    const socket = connect({ host: "127.0.0.1", port, localAddress }, () => socket.write(bytes));
    const settle = (): void => {
      socket.destroy();
      resolve(heard);
    };
    let timer = setTimeout(settle, SILENCE_MS);
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
      clearTimeout(timer);
      timer = setTimeout(settle, 300);
    });
    socket.on("error", () => undefined);
    socket.once("close", () => {
      clearTimeout(timer);
      settle();
    });
  });
}

const status = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? "0");
const head = (method: string, path: string, ...more: string[]): string =>
  [`${method} ${path} HTTP/1.1`, `Host: localhost:${port}`, "Connection: close", ...more, "", ""].join("\r\n");
function post(path: string, body: string | Buffer, type = "application/json"): Buffer {
  const bytes = Buffer.from(body);
  const lines = [`Content-Type: ${type}`, "x-gatehouse: 1", `Content-Length: ${bytes.length}`];
  return Buffer.concat([Buffer.from(head("POST", path, ...lines)), bytes]);
}

async function expectWell(): Promise<void> {
  expect(house.process.exitCode).toBe(null);
  expect((await fetch(`${house.http}/readyz`)).status).toBe(200);
}

const SIGN_IN = "/api/v1/auth/session";
const DEEP = 100_000;

/** What is no place of ours is answered with the page, which says so itself. */
const PAGE_OR_NOTHING = [200, 400, 403, 404];

describe("on the wire", () => {
  // 0: cut off while it still sent, so that the answer was lost.
  test.each<[string, string | Buffer, readonly number[]]>([
    ["half a JSON", post(SIGN_IN, '{"login":'), [400]],
    ["no JSON", post(SIGN_IN, "login=alice"), [400]],
    ["JSON of another shape", post(SIGN_IN, '[{"login":{"$ne":null}}]'), [400]],
    ["unknown keys", post(SIGN_IN, '{"login":"a","password":"b","code":"1","admin":true}'), [400]],
    ["a prototype", post(SIGN_IN, '{"__proto__":{"admin":true},"login":"a","password":"b","code":"1"}'), [400]],
    ["deep JSON", post(SIGN_IN, `${"[".repeat(DEEP)}${"]".repeat(DEEP)}`), [400, 413]],
    ["ten megabytes", post(SIGN_IN, `{"login":"${"a".repeat(10 * 1024 * 1024)}"}`), [413, 0]],
    ["bytes that are no text", post(SIGN_IN, Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d])), [400]],
    ["XML", post(SIGN_IN, "<a/>", "application/xml"), [400, 415]],
    ["a form", post(SIGN_IN, "login=alice", "application/x-www-form-urlencoded"), [400, 415]],
    ["no length that is a number", head("POST", SIGN_IN, "Content-Length: many"), [400]],
    ["two lengths", head("POST", SIGN_IN, "Content-Length: 1", "Content-Length: 2"), [400]],
    ["length and chunks", head("POST", SIGN_IN, "Content-Length: 5", "Transfer-Encoding: chunked"), [400]],
    ["a chunk of no size", `${head("POST", SIGN_IN, "Transfer-Encoding: chunked")}zz\r\n`, [400]],
    [
      "a flood of headers",
      head("GET", "/", ...Array.from({ length: 5_000 }, (_, at) => `X-${at}: ${"y".repeat(20)}`)),
      [400, 431],
    ],
    ["one great header", head("GET", "/", `Cookie: ${"c".repeat(200_000)}`), [400, 431]],
    ["a header with NUL", head("GET", "/", "X-A: a\u0000b"), [400]],
    ["a folded header", head("GET", "/", "X-A: a\r\n b: c"), [400]],
    ["no host", "GET / HTTP/1.1\r\n\r\n", [400]],
    ["a long path", head("GET", `/${"a".repeat(100_000)}`), [400, 404, 414, 431]],
    ["no method we know", head("BREW", "/"), [400, 404, 405]],
    ["a path that climbs", head("GET", "/../../../../etc/passwd"), PAGE_OR_NOTHING],
    ["a path that climbs in code", head("GET", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd"), PAGE_OR_NOTHING],
    ["a path that climbs among the assets", head("GET", "/assets/..%2f..%2f..%2fpackage.json"), [400, 403, 404]],
    ["a path with NUL", head("GET", "/assets/%00index.js"), [400, 403, 404]],
    ["bad percent code", head("GET", "/api/v1/%zz"), [400, 404]],
    ["a proxy's request", head("GET", "http://169.254.169.254/latest/meta-data/"), PAGE_OR_NOTHING],
    ["SSH", "SSH-2.0-OpenSSH_9.2\r\n", [400]],
    ["TLS", Buffer.from("16030100050100000103\r\n", "latin1"), [400]],
    ["HTTP/2 as such", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]],
    ["an upgrade to nothing known", head("GET", "/", "Connection: Upgrade", "Upgrade: h2c"), [400, 403, 404]],
    [
      "an upgrade elsewhere",
      head("GET", "/api/v1/me", "Connection: Upgrade", "Upgrade: websocket"),
      [400, 401, 403, 404],
    ],
    [
      "an upgrade without a cookie",
      head(
        "GET",
        "/live/?EIO=4&transport=websocket",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      ),
      [400, 401, 403, 404],
    ],
    [
      "an upgrade from a foreign page",
      head(
        "GET",
        "/live",
        "Origin: https://evil.example",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      ),
      [400, 401, 403, 404],
    ],
  ])("%s is refused", async (_name, bytes, expected) => {
    const answer = await send(bytes);
    expect(expected, answer.slice(0, 300)).toContain(status(answer));
    if (status(answer) === 200) expect(answer).toMatch(/<!doctype html>/i);
    expect(answer).not.toMatch(/root:x:0|"dependencies"|at .*\.js:\d+|node_modules/);
    await expectWell();
  });

  test("a crowd that sends large and deep bodies costs no memory", async () => {
    const before = residentMiB(house.process.pid ?? 0);
    const deep = post(SIGN_IN, `{"login":${"[".repeat(10_000)}`);
    const large = post(SIGN_IN, `{"login":"${"a".repeat(2 * 1024 * 1024)}`);
    for (let round = 0; round < 20; round += 1)
      await Promise.all(Array.from({ length: 10 }, (_, at) => send(at % 2 === 0 ? deep : large)));
    expect(residentMiB(house.process.pid ?? 0) - before).toBeLessThan(150);
    await expectWell();
  });
});

/** Text that some program somewhere takes for something else. */
const CONTROL: readonly [string, string][] = [
  ["a NUL", "a\u0000b"],
  ["an escape sequence", "\u001b]0;pwned\u0007\u001b[2J"],
  ["a carriage return", "a\rb"],
  ["a text-direction override", "\u202Egpj.exe"],
  ["half a surrogate", "\ud800"],
  ["a line separator", "a\u2028b"],
  ["C1 controls", "\u009b31m"],
];
const MARKUP =
  "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>{{constructor.constructor('window.pwned=1')()}}";

async function system(): Promise<Api> {
  return house.as("erin");
}
const asset = (over: object): object => ({
  name: `n${Math.random().toString(36).slice(2, 10)}`,
  protocol: "ssh",
  host: "10.99.88.77",
  port: 22,
  description: "",
  legacyAlgorithms: false,
  ...over,
});
const person = (over: object): object => ({
  login: `n${Math.random().toString(36).slice(2, 10)}`,
  displayName: "Somebody",
  locale: "en",
  power: null,
  roles: [],
  ...over,
});

describe("in names and reasons", () => {
  test.each(CONTROL)("%s is refused wherever a text is taken", async (_name, bad) => {
    const [grace, erin, alice] = [await house.as("grace"), await system(), await house.as("alice")];
    const made = await erin.call("POST", "/assets", asset({}));
    const access = await alice.call("GET", "/me/access");
    const items = [{ accountId: access.items[0].accountId as string, actions: ["ssh.shell"] }];
    const tries: readonly (readonly [Api, string, object])[] = [
      [grace, "/people", person({ login: bad })],
      [grace, "/people", person({ displayName: bad })],
      [erin, "/assets", asset({ name: bad })],
      [erin, "/assets", asset({ host: bad })],
      [erin, "/assets", asset({ description: bad })],
      [erin, "/accounts", { assetId: made.id, login: bad }],
      [alice, "/requests", { items, reason: bad, workOrder: "WO", durationMs: 3_600_000 }],
      [alice, "/requests", { items, reason: "work", workOrder: bad, durationMs: 3_600_000 }],
    ];
    for (const [api, path, body] of tries) {
      const answer = await api.raw("POST", path, body);
      expect(answer.status, `${path} ${JSON.stringify(body)}`).toBe(400);
      expect(((await answer.json()) as { code: string }).code).toBe("invalid-input");
    }
  });

  test("names are bounded, and no name can confuse the login's split", async () => {
    const [grace, erin] = [await house.as("grace"), await system()];
    const made = await erin.call("POST", "/assets", asset({}));
    for (const login of ["a@b", "a+b", "../a", "", "A", "a b", "a".repeat(33), "1a", MARKUP])
      expect((await grace.raw("POST", "/people", person({ login }))).status, login).toBe(400);
    for (const name of ["a@b", "a+b", "../etc", "..", "", "a/b", "A", "a".repeat(64), MARKUP])
      expect((await erin.raw("POST", "/assets", asset({ name }))).status, name).toBe(400);
    for (const login of ["a@b", "a+b", "a%b", "", "a b", "a".repeat(65), "root\n"])
      expect((await erin.raw("POST", "/accounts", { assetId: made.id, login })).status, login).toBe(400);
  });

  test("HTML in a person's name, an asset's description and a reason is text in every answer and on every page", async () => {
    const [grace, erin] = [await house.as("grace"), await system()];
    const made = await erin.call("POST", "/assets", asset({ description: MARKUP }));
    expect(made.description).toBe(MARKUP);
    await grace.call("POST", "/people", person({ displayName: MARKUP.slice(0, 100) }));
    const { items } = await (await house.as("alice")).call("GET", "/me/access");
    const accountId = items[0].accountId as string;
    const operator = await house.newPerson(["operator"]);
    await grace.call("POST", "/entitlements", { personId: operator.id, accountId, actions: ["ssh.shell"], to: null });
    const api = await new Api(house.http).signIn(operator);
    const filed = await api.raw("POST", "/requests", {
      items: [{ accountId, actions: ["ssh.shell"] }],
      reason: MARKUP,
      workOrder: MARKUP.slice(0, 60),
      durationMs: 3_600_000,
    });
    expect(filed.headers.get("content-type")).toMatch(/^application\/json/);
    expect(filed.headers.get("x-content-type-options")).toBe("nosniff");
    expect(((await filed.json()) as { reason: string }).reason).toBe(MARKUP);
    for (const [login, path, shown] of [
      ["dave", "/decisions", MARKUP.slice(0, 40)],
      ["heidi", "/people", MARKUP.slice(0, 40)],
      ["frank", `/assets/${made.id}`, MARKUP.slice(0, 40)],
    ] as const) {
      const { context, page, faults } = await visit(browser, { locale: "en" });
      const who = house.people.get(login);
      if (who === undefined) throw new Error(`nobody is called ${login}`);
      await signInPage(page, house.http, who);
      await page.goto(`${house.http}${path}`);
      await page.getByText(shown).first().waitFor();
      expect(await page.evaluate("window.pwned"), path).toBe(undefined);
      expect(faults, path).toEqual([]);
      await context.close();
    }
  });
});
