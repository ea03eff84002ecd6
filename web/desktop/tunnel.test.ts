import Guacamole from "guacamole-common-js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { encodeInstructionBytes, InstructionParser } from "../../recordings/codec/index.js";
import type { SocketListener } from "../api/desktop.js";
import { DesktopTunnel, PING_EVERY_MS, type ReturnAnswer, type TunnelDeps, type TunnelEnd } from "./tunnel.js";

/** The gate's end of one socket: what came in, and what it may do. */
class FakeSocket {
  readonly ticket: string;
  readonly received: string[][] = [];
  closed = false;
  readonly #listener: SocketListener;
  readonly #parser = new InstructionParser();
  constructor(ticket: string, listener: SocketListener) {
    this.ticket = ticket;
    this.#listener = listener;
  }
  send = (bytes: Uint8Array): void => {
    for (const { opcode, args } of this.#parser.feed(bytes)) this.received.push([opcode, ...args]);
  };
  close = (): void => {
    this.closed = true;
  };
  say(...elements: (string | number)[]): void {
    this.raw(encodeInstructionBytes(elements));
  }
  raw(bytes: Uint8Array): void {
    this.#listener.onBytes(bytes);
  }
  drop(reason = ""): void {
    this.#listener.onClose(1006, reason);
  }
  stand(): void {
    this.say("", "session", "s-1");
  }
  of(opcode: string): string[][] {
    return this.received.filter(([first]) => first === opcode);
  }
}

let sockets: FakeSocket[];
let answers: ReturnAnswer[];
let asked: string[];
let told: string[];
let ends: TunnelEnd[];
let instructions: unknown[][];
let tunnel: DesktopTunnel;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  sockets = [];
  answers = [];
  asked = [];
  told = [];
  ends = [];
  instructions = [];
  const deps: TunnelDeps = {
    dial: (ticket, listener) => {
      const socket = new FakeSocket(ticket, listener);
      sockets.push(socket);
      return socket;
    },
    askReturn: async (sessionId) => {
      asked.push(sessionId);
      return answers.shift() ?? "later";
    },
    onSession: (id, again) => told.push(`session ${id}${again ? " again" : ""}`),
    onLatency: (ms) => told.push(`latency ${ms}`),
    onDrain: (endsAt) => told.push(`drain ${endsAt}`),
    onUnstable: (unstable) => told.push(unstable ? "unstable" : "stable"),
    onAway: (until) => told.push(`away ${until - Date.now()}`),
    onEnd: (end) => ends.push(end),
  };
  tunnel = new DesktopTunnel(deps);
  tunnel.oninstruction = (opcode, args) => instructions.push([opcode, ...args]);
});
afterEach(() => {
  vi.useRealTimers();
});
const only = (): FakeSocket => sockets[0]!;
function open(): FakeSocket {
  tunnel.connect("ticket-1");
  only().stand();
  return only();
}
const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe("instructions", () => {
  test("pass in both directions with lengths in characters, however the bytes are cut", () => {
    const gate = open();
    for (const byte of encodeInstructionBytes(["name", "中文😀.;,"])) gate.raw(Uint8Array.of(byte));
    expect(instructions).toEqual([["name", "中文😀.;,"]]);
    tunnel.sendMessage("file", 0, "text/plain", "报告😀.txt");
    expect(gate.of("file")).toEqual([["file", "0", "text/plain", "报告😀.txt"]]);
  });

  test("of the tunnel's own are not shown to the client", () => {
    const gate = open();
    gate.say("", "ping", 1_000_000);
    gate.say("", "unheard-of", "x");
    expect(instructions).toEqual([]);
  });

  test("when the gate goes down is told, where it is a moment", () => {
    const gate = open();
    gate.say("", "drain", 1_060_000);
    gate.say("", "drain", "soon");
    gate.say("", "drain");
    expect(told.filter((one) => one.startsWith("drain"))).toEqual(["drain 1060000"]);
    expect(instructions).toEqual([]);
  });

  test("that make no sense end it", () => {
    const gate = open();
    gate.raw(new TextEncoder().encode("4.sync,x"));
    expect(ends).toEqual([{ code: "desktop-protocol", status: 515 }]);
    expect(gate.closed).toBe(true);
  });

  test("are not sent before the session stands, while it is away, or after its end", async () => {
    tunnel.connect("ticket-1");
    tunnel.sendMessage("key", 97, 1);
    only().stand();
    only().drop();
    tunnel.sendMessage("key", 98, 1);
    answers.push({ ticket: "ticket-2" });
    await settle(500);
    sockets[1]!.stand();
    tunnel.sendMessage("key", 99, 1);
    tunnel.disconnect();
    tunnel.sendMessage("key", 100, 1);
    expect(sockets.flatMap((socket) => socket.of("key"))).toEqual([["key", "99", "1"]]);
  });
});

describe("pings", () => {
  test("go every half second, and their echo is the latency", async () => {
    const gate = open();
    await settle(PING_EVERY_MS);
    expect(gate.of("")).toEqual([["", "ping", "1000500"]]);
    await settle(42);
    gate.say("", "ping", 1_000_500);
    expect(told).toContain("latency 42");
  });

  test("whose time lies ahead, or is none, measure nothing", () => {
    const gate = open();
    gate.say("", "ping", 1_000_001);
    gate.say("", "ping", "soon");
    gate.say("", "ping", "NaN");
    expect(told.filter((one) => one.startsWith("latency"))).toEqual([]);
  });

  test("without an echo the connection is unstable, and stable with the next byte", async () => {
    const gate = open();
    await settle(2_500);
    expect(told).toContain("unstable");
    expect(tunnel.state).toBe(Guacamole.Tunnel.State.UNSTABLE);
    gate.say("nop");
    expect(told.at(-1)).toBe("stable");
    expect(tunnel.isConnected()).toBe(true);
  });

  test("without an echo for 15 seconds the connection is lost", async () => {
    const gate = open();
    await settle(16_000);
    expect(gate.closed).toBe(true);
    expect(told).toContain("away 30000");
  });

  test("that the browser held back in a hidden page do not make it lost", async () => {
    const gate = open();
    vi.setSystemTime(1_060_000);
    await settle(PING_EVERY_MS);
    expect(gate.closed).toBe(false);
    expect(tunnel.state).toBe(Guacamole.Tunnel.State.OPEN);
  });
});

describe("an end", () => {
  test("said by the gate has its code and its status, and nothing follows", async () => {
    const gate = open();
    gate.say("error", "revoked", 771);
    gate.say("sync", 1);
    gate.drop("771");
    await settle(60_000);
    expect(ends).toEqual([{ code: "revoked", status: 771 }]);
    expect(instructions).toEqual([]);
    expect(asked).toEqual([]);
    expect(tunnel.state).toBe(Guacamole.Tunnel.State.CLOSED);
  });

  test("in a close frame has its status", () => {
    open().drop("519");
    expect(ends).toEqual([{ code: undefined, status: 519 }]);
  });

  test("without a number is a server error", () => {
    open().say("error", "stopped", "SERVER_ERROR");
    expect(ends).toEqual([{ code: "stopped", status: 512 }]);
  });

  test("before the session stands is a refused connection", () => {
    tunnel.connect("ticket-1");
    only().drop();
    expect(ends).toEqual([{ code: "connection-refused", status: 520 }]);
  });

  test("of one's own sends what was sent before it, and closes", async () => {
    const gate = open();
    tunnel.sendMessage("disconnect");
    tunnel.disconnect();
    gate.drop();
    await settle(60_000);
    expect(gate.of("disconnect")).toEqual([["disconnect"]]);
    expect(gate.closed).toBe(true);
    expect(ends).toEqual([{ code: "left", status: 0 }]);
    expect(gate.of("")).toEqual([]);
  });

  test("by the target's disconnect is a closed session", () => {
    open().say("disconnect");
    expect(ends).toEqual([{ code: undefined, status: 523 }]);
  });
});

describe("a lost connection", () => {
  test("is taken up again with a return ticket, on the same session", async () => {
    answers.push("later", { ticket: "ticket-2" });
    open().drop();
    await settle(500);
    expect(sockets.map(({ ticket }) => ticket)).toEqual(["ticket-1", "ticket-2"]);
    sockets[1]!.stand();
    sockets[1]!.say("sync", 7);
    // Well past the time that the desktop would have waited.
    for (let second = 0; second < 40; second++) {
      await settle(1_000);
      sockets[1]!.say("nop");
    }
    expect(asked).toEqual(["s-1", "s-1"]);
    expect(told.filter((one) => !one.startsWith("stable") && !one.startsWith("unstable"))).toEqual([
      "session s-1",
      "away 30000",
      "session s-1 again",
    ]);
    expect(instructions.filter(([opcode]) => opcode !== "nop")).toEqual([["sync", "7"]]);
    expect(ends).toEqual([]);
  });

  test("asks less and less often, and gives up when the desktop no longer waits", async () => {
    open().drop();
    await settle(29_900);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.length).toBeLessThan(15);
    expect(ends).toEqual([]);
    await settle(200);
    expect(ends).toEqual([{ code: "connection-lost", status: 522 }]);
    const last = asked.length;
    await settle(60_000);
    expect(asked.length).toBe(last);
  });

  test("ends at once when the gate will not have it back", async () => {
    answers.push({ refused: "session-over" });
    open().drop();
    await settle();
    expect(ends).toEqual([{ code: "session-over", status: 523 }]);
  });

  test("tries another ticket when the way back breaks too", async () => {
    answers.push({ ticket: "ticket-2" }, { ticket: "ticket-3" });
    open().drop();
    await settle(100);
    sockets[1]!.drop();
    await settle(1_000);
    sockets[2]!.stand();
    await settle(2_000);
    expect(sockets.map(({ ticket }) => ticket)).toEqual(["ticket-1", "ticket-2", "ticket-3"]);
    expect(ends).toEqual([]);
    sockets[2]!.drop();
    await settle();
    expect(told.filter((one) => one.startsWith("away"))).toHaveLength(2);
  });

  test("hears nothing more from the socket that was lost", async () => {
    const gate = open();
    gate.drop();
    gate.say("sync", 1);
    gate.drop("523");
    await settle();
    expect(instructions).toEqual([]);
    expect(ends).toEqual([]);
  });

  test("can be left while it is away", async () => {
    answers.push({ ticket: "ticket-2" });
    open().drop();
    tunnel.disconnect();
    await settle(60_000);
    expect(ends).toEqual([{ code: "left", status: 0 }]);
    expect(sockets).toHaveLength(1);
  });

  test("begins a new parser: half an instruction from before spoils nothing", async () => {
    const gate = open();
    gate.raw(new TextEncoder().encode("4.sync,4.12"));
    answers.push({ ticket: "ticket-2" });
    gate.drop();
    await settle();
    sockets[1]!.stand();
    sockets[1]!.say("sync", 9);
    expect(instructions).toEqual([["sync", "9"]]);
    expect(ends).toEqual([]);
  });
});

test("no ticket stays in the tunnel", () => {
  open();
  expect(JSON.stringify(Object.entries(tunnel))).not.toContain("ticket-1");
});
