/**
 * Speaks to a guacd below any library: a handshake by hand, every instruction kept, each `sync` answered. It checks nothing
 * and follows no layer; it only collects what the desktop's own layer was painted with.
 */
import { connect, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

/** Opcode and arguments. */
export type Instruction = readonly [string, ...string[]];

export interface Picture {
  readonly x: number;
  readonly y: number;
  readonly mime: string;
  readonly bytes: Buffer;
}

export interface RawGuacd {
  /** What came, in order; an image's `blob` without its data. */
  readonly heard: readonly Instruction[];
  /** Images painted onto the visible layer, in order. */
  readonly pictures: readonly Picture[];
  /** The names guacd asked for, without its version. */
  readonly args: readonly string[];
  /** Resolves with the first instruction, past or coming, that fits; rejects after `withinMs` (10 s) or at the close. */
  until(fits: (instruction: Instruction) => boolean, withinMs?: number): Promise<Instruction>;
  send(...instructions: Instruction[]): void;
  /** Milliseconds from the connection's beginning to its close; undefined while it stands. */
  closedAfterMs(): number | undefined;
  /** Says `disconnect` and waits for the close. */
  leave(): Promise<void>;
  /** Closes without a word. */
  cut(): void;
}

/** One instruction as it travels: lengths count code points. */
export function encode(...elements: string[]): string {
  return `${elements.map((element) => `${[...element].length}.${element}`).join(",")};`;
}

/** The instructions that a text holds whole, and the rest. Trusts its guacd: no limits. */
function decode(text: string): { readonly whole: Instruction[]; readonly rest: string } {
  const whole: Instruction[] = [];
  let elements: string[] = [];
  let start = 0;
  for (let at = 0; ;) {
    const dot = text.indexOf(".", at);
    if (dot < 0) break;
    let end = dot + 1;
    for (let left = Number(text.slice(at, dot)); left > 0 && end < text.length; left -= 1) {
      end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
    }
    const terminator = text[end];
    if (terminator === undefined) break;
    elements.push(text.slice(dot + 1, end));
    at = end + 1;
    if (terminator !== ";") continue;
    whole.push(elements as unknown as Instruction);
    elements = [];
    start = at;
  }
  return { whole, rest: text.slice(start) };
}

/** The answer to `args`: every setting by its name, what guacd does not ask for is left out. */
function handshake(asked: Instruction, settings: Readonly<Record<string, string>>): string {
  const { width = "1024", height = "768", dpi = "96" } = settings;
  const values = asked.slice(1).map((name) => (name.startsWith("VERSION_") ? name : (settings[name] ?? "")));
  const kinds = encode("audio") + encode("video") + encode("image", "image/png", "image/jpeg");
  return encode("size", width, height, dpi) + kinds + encode("connect", ...values);
}

/** Opens a connection of guacd's to `protocol` with these settings. Answers at once; `until` says how it went. */
export function talkToGuacd(port: number, settings: Readonly<Record<string, string>>, protocol = "rdp"): RawGuacd {
  const from = Date.now();
  const socket: Socket = connect(port, "127.0.0.1");
  const heard: Instruction[] = [];
  const pictures: Picture[] = [];
  const painting = new Map<string, { readonly opened: Instruction; readonly parts: Buffer[] }>();
  const waiting = new Set<() => void>();
  let closedAfterMs: number | undefined;
  let text = "";
  const decoder = new StringDecoder("utf8");

  const paint = (instruction: Instruction): void => {
    const [opcode, stream = "", value = ""] = instruction;
    if (opcode === "img" && instruction[3] === "0") painting.set(stream, { opened: instruction, parts: [] });
    else if (opcode === "blob") painting.get(stream)?.parts.push(Buffer.from(value, "base64"));
    else if (opcode === "end") {
      const { opened, parts } = painting.get(stream) ?? {};
      painting.delete(stream);
      if (opened === undefined || parts === undefined) return;
      const [, , , , mime = "", x, y] = opened;
      pictures.push({ x: Number(x), y: Number(y), mime, bytes: Buffer.concat(parts) });
    }
  };
  const take = (instruction: Instruction): void => {
    const [opcode, first = ""] = instruction;
    if (opcode === "args") socket.write(handshake(instruction, settings));
    if (opcode === "sync") socket.write(encode("sync", first));
    const painted = opcode === "blob" && painting.has(first);
    paint(instruction);
    heard.push(painted ? [opcode, first] : instruction);
  };
  socket.on("data", (chunk: Buffer) => {
    const { whole, rest } = decode(text + decoder.write(chunk));
    text = rest;
    whole.forEach(take);
    waiting.forEach((look) => look());
  });
  socket.on("error", () => undefined);
  socket.once("close", () => {
    closedAfterMs = Date.now() - from;
    waiting.forEach((look) => look());
  });
  // guacd drops a user who says nothing for 15 s.
  const nop = setInterval(() => socket.write(encode("nop")), 5_000);
  socket.once("close", () => clearInterval(nop));
  socket.write(encode("select", protocol));

  return {
    heard,
    pictures,
    get args() {
      return heard.find(([opcode]) => opcode === "args")?.slice(2) ?? [];
    },
    until(fits, withinMs = 10_000) {
      return new Promise((resolve, reject) => {
        const settle = (then: () => void): void => {
          clearTimeout(timer);
          waiting.delete(look);
          then();
        };
        const look = (): void => {
          const found = heard.find(fits);
          if (found !== undefined) settle(() => resolve(found));
          else if (closedAfterMs !== undefined) settle(() => reject(new Error("guacd closed the connection")));
        };
        const timer = setTimeout(() => settle(() => reject(new Error("guacd did not say it in time"))), withinMs);
        waiting.add(look);
        look();
      });
    },
    send: (...instructions) => void socket.write(instructions.map((each) => encode(...each)).join("")),
    closedAfterMs: () => closedAfterMs,
    async leave() {
      if (closedAfterMs !== undefined) return;
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.end(encode("disconnect"));
      await closed;
    },
    cut: () => void socket.destroy(),
  };
}
