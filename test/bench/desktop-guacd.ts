/**
 * What stands where a gateway looks for guacd, in a process of its own: it hands on to the real one and notes when each frame's
 * `sync` went by, keeps one connection's stream, and can play that stream to many instead, so that a hundred desktops need no
 * hundred X servers. It rewrites nothing but the timestamps of what it plays.
 */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { encodeInstruction, InstructionParser } from "../../recordings/codec/index.js";
import asked from "../desktop-lab/args-1.3.0.json" with { type: "json" };
import { answerParent } from "./child.js";
import { sharedMs, SyncScanner, type Stamp } from "./desktop-syncs.js";

/** What guacd wrote up to a `sync`, and when after the stream's beginning. */
interface Frame {
  readonly atMs: number;
  readonly bytes: Buffer;
}

/** Between the film's last frame and its first. */
const AGAIN_MS = 50;

let stamps: Stamp[] = [];
let kept: { readonly atMs: number; readonly bytes: Buffer }[] | undefined;
let film: readonly Frame[] = [];
let guacdPort = 0;
let playing = false;
let lastStamp = 0;

function handOn(gateway: Socket): void {
  const guacd = connect({ host: "127.0.0.1", port: guacdPort, noDelay: true });
  const scanner = new SyncScanner();
  gateway.pipe(guacd);
  guacd.on("data", (chunk: Buffer) => {
    const atMs = sharedMs();
    for (const stamp of scanner.feed(chunk)) stamps.push([stamp, atMs]);
    kept?.push({ atMs, bytes: chunk });
    if (!gateway.write(chunk)) guacd.pause();
  });
  gateway.on("drain", () => guacd.resume());
  guacd.on("end", () => gateway.end());
  for (const [one, other] of [
    [gateway, guacd],
    [guacd, gateway],
  ] as const) {
    one.on("error", () => undefined);
    one.once("close", () => other.destroy());
  }
}

/** Cuts what was kept into frames: from `ready`, without it, to the last `sync`. */
function develop(chunks: NonNullable<typeof kept>): Frame[] {
  const parser = new InstructionParser();
  const frames: Frame[] = [];
  let parts: Buffer[] | undefined;
  const from = chunks[0]?.atMs ?? 0;
  for (const { atMs, bytes } of chunks) {
    for (const instruction of parser.feed(bytes)) {
      if (instruction.opcode === "ready") parts = [];
      else if (instruction.opcode === "sync" && parts !== undefined) {
        frames.push({ atMs: atMs - from, bytes: Buffer.concat(parts) });
        parts = [];
      } else parts?.push(Buffer.from(instruction.bytes));
    }
  }
  return frames;
}

/** Plays the film over and over, each time at its own pace, to one who shook hands. */
function play(gateway: Socket): void {
  const parser = new InstructionParser();
  let timer: NodeJS.Timeout | undefined;
  const show = (at: number, fromMs: number): void => {
    const frame = film[at];
    if (frame === undefined) return;
    // No two frames of this process share a timestamp, and none lies in the future.
    lastStamp = Math.max(lastStamp + 1, Date.now() - 60_000);
    stamps.push([lastStamp, sharedMs()]);
    gateway.write(Buffer.concat([frame.bytes, Buffer.from(encodeInstruction(["sync", lastStamp]))]));
    const next = film[at + 1];
    if (next === undefined) timer = setTimeout(begin, AGAIN_MS);
    else timer = setTimeout(show, fromMs + next.atMs - sharedMs(), at + 1, fromMs);
  };
  const begin = (): void => show(0, sharedMs() - (film[0]?.atMs ?? 0));
  gateway.on("data", (chunk: Buffer) => {
    for (const { opcode } of parser.feed(chunk)) {
      if (opcode === "select") gateway.write(encodeInstruction(["args", "VERSION_1_3_0", ...asked.args]));
      else if (opcode === "disconnect") gateway.end(encodeInstruction(["disconnect"]));
      else if (opcode === "connect") {
        gateway.write(encodeInstruction(["ready", "$00000000-0000-0000-0000-000000000000"]));
        begin();
      }
    }
  });
  gateway.on("error", () => undefined);
  gateway.once("close", () => clearTimeout(timer));
}

answerParent({
  listen: () =>
    new Promise<{ port: number }>((resolve) => {
      const server = createServer({ noDelay: true }, (gateway) => (playing ? play(gateway) : handOn(gateway)));
      server.listen(0, "127.0.0.1", () => resolve({ port: (server.address() as AddressInfo).port }));
    }),
  forward({ port }: { port: number }) {
    guacdPort = port;
  },
  /** Keeps what the next connection says; only one may stand until `develop`. */
  keep() {
    kept = [];
  },
  develop() {
    film = develop(kept ?? []);
    kept = undefined;
    return { frames: film.length, bytes: film.reduce((sum, { bytes }) => sum + bytes.length, 0) };
  },
  /** From now on connections see the film. */
  play() {
    if (film.length === 0) throw new Error("there is no film");
    playing = true;
  },
  /** The frames that went by since the last time. */
  stamps(): Stamp[] {
    const past = stamps;
    stamps = [];
    return past;
  },
});
