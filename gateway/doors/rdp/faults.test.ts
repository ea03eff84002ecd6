/** A guacd that is down, hung, hostile or dying, and a target that cannot be reached: a code for each, nobody else affected. */
import { createServer, type AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { encodeInstruction } from "../../../recordings/codec/index.js";
import {
  ARGS,
  goodGuacd,
  startDesktopDoor,
  until,
  type Browser,
  type TestDesktopDoor,
} from "../../../test/support/desktop-door.js";
import { askGuacd, createDesktopProbe } from "./index.js";

let test_: TestDesktopDoor | undefined;
afterEach(async () => {
  await test_?.stop();
  test_ = undefined;
});
type More = NonNullable<Parameters<typeof startDesktopDoor>[0]>;
async function failing(more: More, change?: (house: TestDesktopDoor) => void): Promise<string[]> {
  test_ = await startDesktopDoor(more);
  change?.(test_);
  const browser = (await test_.connect(test_.broker.ticket())) as Browser;
  const { reason } = await browser.closed;
  const error = browser.of("error")[0] ?? [];
  expect(error[2]).toBe(reason);
  expect(test_.broker.lent).toBe(0);
  expect(test_.broker.ends).toHaveLength(1);
  await until("guacd's end", () => test_!.peers.every((peer) => peer.closed));
  return [error[1] ?? "", reason, test_.broker.ends[0] ?? "", ...test_.broker.dialFailures];
}
const args =
  (...names: string[]): NonNullable<More["script"]> =>
  (peer, said) =>
    goodGuacd(peer, said, ["VERSION_1_3_0", ...names]);
const after =
  (...elements: (string | number)[]): NonNullable<More["script"]> =>
  (peer, [opcode]) => {
    if (opcode === "select") peer.say("args", ...ARGS);
    if (opcode !== "connect") return;
    peer.say("ready", "$1");
    peer.say(...elements);
  };

test("guacd is down", async () => {
  expect(await failing({ guacd: { host: "127.0.0.1", port: 1 } })).toEqual([
    "desktop-service-unavailable",
    "512",
    "target-unreachable",
    "desktop-service-unavailable",
  ]);
});

test("guacd connects and says nothing: bounded before args and before ready", async () => {
  const limits = { argsMs: 80, readyMs: 80 };
  expect(await failing({ script: "none", limits })).toContain("desktop-service-unavailable");
  await test_?.stop();
  const script: More["script"] = (peer, [opcode]) => opcode === "select" && peer.say("args", ...ARGS);
  expect(await failing({ script, limits })).toContain("desktop-service-unavailable");
});

test("guacd is ready and no picture comes: the target is unreachable", async () => {
  expect(await failing({ script: after("nop"), limits: { pictureMs: 100 } })).toEqual([
    "target-unreachable",
    "519",
    "target-unreachable",
    "target-unreachable",
  ]);
});

test.each(["HTTP/1.1 400 Bad Request\r\n\r\n", "99999999.x;", "4.args,9999999.", "5.hello;", "\u0000\u0001\u0002"])(
  "what listens is not guacd: %j",
  async (bytes) => {
    expect(await failing({ script: (peer) => peer.raw(bytes) })).toContain("desktop-service-unavailable");
  },
);

test.each([
  [769, "target-credential-refused", "769"],
  [519, "target-unreachable", "519"],
  [514, "target-unreachable", "514"],
  [523, "target-closed", "523"],
  ["SERVICE_UNAVAILABLE", "desktop-service-unavailable", "512"],
])("guacd's error %s before the picture is told as %s with a number, and audited", async (status, code, number) => {
  const told = await failing({ script: after("error", "secret detail", status) });
  expect(told.slice(0, 2)).toEqual([code, number]);
  expect(told).toHaveLength(4);
});

test("a restriction that guacd cannot keep refuses the session, unless the asset accepts that", async () => {
  const names = ARGS.slice(1).filter((name) => name !== "disable-copy");
  expect(await failing({ script: args(...names) })).toEqual([
    "desktop-service-too-old",
    "512",
    "target-unreachable",
    "desktop-service-too-old",
  ]);
  expect(test_?.guacd().of("connect")).toEqual([]);
  // Or guacd's child would wait for the rest of the handshake.
  expect(test_?.guacd().abandoned).toBe(true);
  await test_?.stop();
  test_ = await startDesktopDoor({ script: args(...names) });
  test_.broker.plan = { ...test_.broker.plan, desktop: { security: "any", acceptsMissing: true } };
  await test_.desktop();
});

test("a pinned certificate needs cert-fingerprints", async () => {
  const pin = (house: TestDesktopDoor): void => {
    house.broker.plan = { ...house.broker.plan, hostKey: `x509-sha256 ${"ab".repeat(32)}` };
  };
  expect(await failing({}, pin)).toContain("desktop-service-too-old");
  await test_?.stop();
  test_ = await startDesktopDoor({ script: args(...ARGS.slice(1), "cert-fingerprints") });
  pin(test_);
  await test_.desktop();
  expect(test_.guacd().of("connect")[0]?.at(-1)).toBe(`sha256:${Array(32).fill("ab").join(":")}`);
});

test.each([
  ["dies", (house: TestDesktopDoor) => void house.guacd().socket.destroy(), "512"],
  ["says what nobody knows", (house: TestDesktopDoor) => house.guacd().say("exec", "rm"), "512"],
  ["lies about a length", (house: TestDesktopDoor) => house.guacd().raw("3.syncc,1.1;"), "512"],
  ["closes the desktop", (house: TestDesktopDoor) => house.guacd().say("disconnect"), "523"],
  ["makes a layer larger than memory", (house: TestDesktopDoor) => house.guacd().say("size", 1, 1e9, 1e9), "512"],
])("guacd %s in the middle: that session ends alone", async (_what, act, status) => {
  test_ = await startDesktopDoor();
  const other = await test_.desktop();
  const browser = await test_.desktop();
  act(test_);
  expect((await browser.closed).reason).toBe(status);
  await until("the end", () => test_!.broker.ends.length === 1);
  expect(test_.broker.ends).toEqual(["target-closed"]);
  other.send("", "ping", 1);
  await until("the other's ping", () => other.of("").length === 2);
});

test("guacd's first size is lost, as 1.3 loses it under load: the gate says the one that was asked for, once", async () => {
  const script: More["script"] = (peer, [opcode]) => {
    if (opcode === "select") peer.say("args", ...ARGS);
    if (opcode !== "connect") return;
    peer.say("ready", "$1");
    peer.say("cfill", 14, 0, 64, 96, 255, 255);
    peer.say("sync", 1000);
    peer.say("cfill", 14, 0, 1, 2, 3, 255);
    peer.say("sync", 1001);
  };
  test_ = await startDesktopDoor({ script });
  const browser = await test_.desktop();
  await until("both", () => browser.of("sync").length === 2);
  expect(browser.heard.slice(1).map(([opcode]) => opcode)).toEqual(["size", "cfill", "sync", "cfill", "sync"]);
  expect(browser.of("size")).toEqual([["size", "0", "1024", "768"]]);
  expect(test_.broker.graphics.startsWith("4.size,1.0,4.1024,3.768;")).toBe(true);
});

test("guacd falls silent: the session ends", async () => {
  test_ = await startDesktopDoor({ limits: { silenceMs: 200, nopMs: 100 } });
  const browser = await test_.desktop();
  expect((await browser.closed).reason).toBe("512");
  expect(test_.guacd().of("nop").length).toBeGreaterThan(0);
});

test("what guacd says never reaches the browser unless it is wanted", async () => {
  test_ = await startDesktopDoor();
  const browser = await test_.desktop();
  const guacd = test_.guacd();
  for (const said of [
    ["required", "password"],
    ["argv", 2, "text/plain", "x"],
    ["blob", 2, "AAAA"],
    ["end", 2],
    ["pipe", 4, "text/plain", "y"],
    ["blob", 4, "AAAA"],
    ["audio", 6, "audio/L16"],
    ["blob", 6, "AAAA"],
    ["end", 6],
    ["nest", 1, "x"],
    ["log", "x"],
    ["name", "x"],
    ["mouse", 1, 1],
    ["file", 8, "application/pdf", "print.pdf"],
    ["blob", 8, "AAAA"],
    ["end", 8],
    ["body", 0, 10, "text/plain", "/secret"],
    ["blob", 10, "AAAA"],
    ["filesystem", 0, "Gatehouse"],
    ["msg", 1],
  ])
    guacd.say(...said);
  guacd.say("sync", 2000);
  await until("the frame", () => browser.of("sync").length === 2);
  expect(browser.heard.slice(5)).toEqual([["sync", "2000"]]);
  await until("the refusals", () => guacd.of("ack").length === 2);
  expect(guacd.of("ack").map((one) => one[3])).toEqual(["771", "771"]);
  expect(test_.broker.refusals.map((one) => one.path)).toEqual(["print.pdf", "/secret"]);
});

test("the whole bridge split at every byte shows and records the same", async () => {
  const wanted = [
    ["img", 2, 14, 0, "image/png", 0, 0],
    ["blob", 2, "QUJD"],
    ["end", 2],
    ["clipboard", 4, "text/plain"],
    ["blob", 4, Buffer.from("😀é").toString("base64")],
    ["end", 4],
    ["log", "ünï😀"],
    ["sync", 3000],
  ]
    .map((one) => encodeInstruction(one))
    .join("");
  const bytes = Buffer.from(wanted);
  test_ = await startDesktopDoor({ limits: { clipboardsPerMinute: bytes.length } });
  test_.broker.actions.push("rdp.copy");
  const browser = await test_.desktop();
  for (let at = 1; at < bytes.length; at++) {
    const seen = browser.of("sync").length;
    test_.guacd().raw(bytes.subarray(0, at));
    await new Promise((resolve) => setImmediate(resolve));
    test_.guacd().raw(bytes.subarray(at));
    await until("the frame", () => browser.of("sync").length === seen + 1);
  }
  expect(browser.of("img")).toHaveLength(bytes.length - 1);
  expect(test_.broker.clips).toHaveLength(bytes.length - 1);
  const keys = Buffer.from(encodeInstruction(["key", 0x10ffff, 1]));
  for (let at = 1; at < keys.length; at++) {
    browser.socket.send(keys.subarray(0, at));
    browser.socket.send(keys.subarray(at));
  }
  await until("the keys", () => test_!.guacd().of("key").length === keys.length - 1);
});

test("doctor's question: guacd, nothing there, silence, something else", async () => {
  test_ = await startDesktopDoor();
  const at = async (say: string | undefined): Promise<unknown> => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      if (say !== undefined) socket.write(say);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const answer = await askGuacd({ host: "127.0.0.1", port: (server.address() as AddressInfo).port }, 100);
    server.close();
    return answer;
  };
  expect(await at("4.args,13.VERSION_1_3_0,8.hostname;")).toEqual({ ok: true, version: "1.3.0", args: ["hostname"] });
  expect(await at(undefined)).toEqual({ ok: false, why: "silent" });
  expect(await at("SSH-2.0-x\r\n")).toEqual({ ok: false, why: "not-guacd" });
  expect(await askGuacd({ host: "127.0.0.1", port: 1 })).toEqual({ ok: false, why: "unreachable" });
});

test("the probe tells a host without TLS from one that is not there, and is bounded", async () => {
  const probe = createDesktopProbe({ timeoutMs: 150 });
  const answer = async (hex: string | undefined): Promise<string> => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      if (hex !== undefined) socket.write(Buffer.from(hex, "hex"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const code = await probe
      .scanCertificate({ address: "127.0.0.1", port })
      .catch((error: { code: string }) => error.code);
    server.close();
    return code;
  };
  expect(await answer("030000130ed00000123400" + "0200080000000000")).toBe("target-too-old");
  expect(await answer("030000130ed00000123400" + "0300080005000000")).toBe("target-too-old");
  expect(await answer(undefined)).toBe("target-unreachable");
  expect(await answer("48545450")).toBe("target-unreachable");
  expect(await answer("0300ffff" + "00".repeat(200))).toBe("target-unreachable");
});

test("a browser that answers no ping is gone, and the desktop waits for its operator; one that answers stays", async () => {
  test_ = await startDesktopDoor({ limits: { nopMs: 100, browserSilenceMs: 1_500 } });
  const quiet = await test_.desktop();
  const lively = await test_.desktop();
  quiet.socket.pause();
  const talking = setInterval(() => quiet.send("nop"), 20);
  await until("the desktop to be alone", () => test_!.broker.detachments === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(test_.broker.detachments).toBe(1);
  lively.send("", "ping", 1);
  await until("its ping", () => lively.of("").length === 2);
  clearInterval(talking);
  quiet.socket.terminate();
});
