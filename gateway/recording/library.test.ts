import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import headless from "@xterm/headless";
import { ContainerScanner, EventType, Flag, encodeUtf8 } from "../../recordings/codec/index.js";
import type { BlobStore, ChannelTap, RecordingId } from "../domain/index.js";
import { RecordingRoom, payloads, shell } from "../../test/support/recording-room.js";
import { createLibrary } from "./index.js";
import type { Keyframe, Library } from "./index.js";
import { PasswordPrompt } from "./password-prompt.js";

const workerUrl = new URL("../../dist/gateway/recording/derive/worker.js", import.meta.url);
let room: RecordingRoom;
let library: Library;

beforeEach(async () => {
  if (!existsSync(workerUrl)) throw new Error("build first: npx tsc -b gateway/recording");
  room = await new RecordingRoom().start();
  const { blobs, crypto } = room;
  library = createLibrary({
    blobs,
    crypto,
    workers: 1,
    workerUrl,
    recorder: room.recorder,
    log: room.deps().log,
    hangMs: 5_000,
  });
});
afterEach(async () => {
  await library.close();
  await room.recorder.close();
});

/** An operator at a terminal, with a shell that echoes, and the detector of prompts between them as the SSH door has it. */
class Desk {
  readonly #channel: ChannelTap;
  readonly #prompts = new PasswordPrompt();
  constructor(channel: ChannelTap) {
    this.#channel = channel;
  }
  async shows(text: string): Promise<void> {
    room.advance(20);
    this.#prompts.output(encodeUtf8(text));
    await this.#channel.output(encodeUtf8(text));
  }
  async types(text: string, echo = true): Promise<void> {
    for (const key of text) {
      room.advance(120);
      for (const piece of this.#prompts.input(encodeUtf8(key))) await this.#channel.input(piece.bytes, piece);
      if (key === "\r") await this.shows("\r\n");
      else if (echo) await this.shows(key);
    }
  }
}

async function terminal(keyframe: Keyframe): Promise<InstanceType<typeof headless.Terminal>> {
  const { cols, rows, state } = keyframe;
  const screen = new headless.Terminal({ cols, rows, scrollback: 0, allowProposedApi: true });
  await new Promise<void>((resolve) => screen.write(state, resolve));
  return screen;
}

async function shown(keyframe: Keyframe): Promise<string> {
  const { active } = (await terminal(keyframe)).buffer;
  return Array.from({ length: keyframe.rows }, (_, y) => active.getLine(y)?.translateToString(true) ?? "")
    .join("\n")
    .trimEnd();
}

async function gather(parts: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all).toString();
}

async function session(work: (desk: Desk, channel: ChannelTap) => Promise<void>): Promise<RecordingId> {
  const { tap, id } = await room.open();
  const channel = await tap.openChannel(shell);
  await work(new Desk(channel), channel);
  await channel.close();
  await tap.close("left");
  return id;
}

const commandsOf = async (id: RecordingId): Promise<string[]> =>
  (await library.derived(id)).markers.filter(({ kind }) => kind === "command").map(({ text }) => text);

describe("commands", () => {
  test("are what the screen shows behind the prompt at Enter", async () => {
    const id = await session(async (desk) => {
      await desk.shows("Welcome\r\nroot@web-01:~# ");
      await desk.types("ls -la\r");
      await desk.shows("total 0\r\n100% done $ not a command\r\nroot@web-01:~# ");
      await desk.types("\r");
      await desk.shows("root@web-01:~# ");
      // Recalled from history: the keys are not the text.
      await desk.types("\u001b[A", false);
      await desk.shows("systemctl restart nginx");
      await desk.types("\r");
    });
    expect(await commandsOf(id)).toEqual(["ls -la", "systemctl restart nginx"]);
  });

  test("are joined where a long line wraps", async () => {
    const long = `echo ${"x".repeat(200)} end`;
    const id = await session(async (desk) => {
      await desk.shows("$ ");
      await desk.types(`${long}\r`);
    });
    expect(await commandsOf(id)).toEqual([long]);
  });

  test("keep wide characters before and in them", async () => {
    const id = await session(async (desk) => {
      await desk.shows("[运维@主机 ~]$ ");
      await desk.types("cat 报告.txt\r");
    });
    expect(await commandsOf(id)).toEqual(["cat 报告.txt"]);
  });

  test("pasted several at once are each found", async () => {
    const id = await session(async (desk, channel) => {
      await desk.shows("$ ");
      for (const line of ["first\r", "second\r"])
        await channel.input(encodeUtf8(line), { endsLine: true, secret: false });
      await desk.shows("first\r\nout\r\n$ second\r\nout\r\n$ ");
    });
    expect(await commandsOf(id)).toContain("first");
  });

  test("leave out what is typed on the alternate screen", async () => {
    const id = await session(async (desk) => {
      await desk.shows("$ ");
      await desk.types("vi x\r");
      await desk.shows("\u001b[?1049h\u001b[2J\u001b[H");
      await desk.types("i text\r");
      await desk.shows("\u001b[?1049l$ ");
      await desk.types("exit\r");
    });
    expect(await commandsOf(id)).toEqual(["vi x", "exit"]);
  });

  test("of an exec channel are its detail, and transfers, forwards and alerts are markers too", async () => {
    const { tap, id } = await room.open();
    const bound = { keepBytes: 1e6, beyond: "digest" } as const;
    const exec = await tap.openChannel({ kind: "exec", detail: "uname -a", ...bound });
    await exec.output(encodeUtf8("Linux\n"));
    const sftp = await tap.openChannel({ kind: "sftp", detail: "", ...bound });
    await sftp.transfer({ direction: "upload", path: "/etc/hosts", size: 3, sha256: "00", sequential: true });
    await tap.openChannel({ kind: "forward", detail: "db:5432", ...bound });
    await tap.note("alert", { text: "typed too fast" });
    await tap.close("left");
    const { markers, channels } = await library.derived(id);
    expect(markers.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      "command uname -a",
      "transfer upload /etc/hosts",
      "forward db:5432",
      "alert typed too fast",
    ]);
    expect(channels.map(({ kind, pty }) => `${kind} ${String(pty)}`)).toEqual([
      "exec false",
      "sftp false",
      "forward false",
    ]);
    expect(await gather(library.text(id, 1))).toBe("Linux\n");
    expect(await gather(library.asciicast(id, 1))).toContain('"Linux\\r\\n"');
  });
});

describe("a password at a prompt", () => {
  test("is nowhere: not in main or input stream, derived data, text or asciicast", async () => {
    const secret = "Tr0ub4dor&3";
    const id = await session(async (desk) => {
      await desk.shows("$ ");
      await desk.types("sudo -i\r");
      await desk.shows("[sudo] password for alice: ");
      await desk.types(`${secret.slice(0, 4)}`, false);
      await desk.shows("\r\n[1]+  Done   sleep 1\r\n");
      await desk.types(`${secret.slice(4)}\r`, false);
      await desk.shows("root@web:~# ");
      await desk.types("id\r");
    });
    const everything = [
      ...room.events(id).map((event) => Buffer.from(event.payload).toString()),
      JSON.stringify(await library.derived(id)),
      await gather(library.text(id, 1)),
      await gather(library.asciicast(id, 1)),
    ].join("\n");
    const input = payloads(room.events(id, 1), EventType.input).toString();
    expect(input).toBe("sudo -i\rid\r");
    for (const part of [secret, secret.slice(0, 4), secret.slice(4)]) expect(everything.includes(part)).toBe(false);
    expect(await commandsOf(id)).toEqual(["sudo -i", "id"]);
  });
});

describe("keyframes", () => {
  test("bring a terminal to the state it had, modes included", async () => {
    const state = [
      "\u001b]2;top - web-01\u0007line one\r\n\u001b[31mred\u001b[0m\r\n",
      "\u001b[5;20r\u001b[?25l\u001b[?1002h\u001b[?1006h\u001b[?2004h\u001b[?1h\u001b(0\u001b[3g\u001b[1;11H\u001bH",
      "\u001b[7;9H\u001b7\u001b[10;4Hqqq",
    ].join("");
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(shell);
    await channel.output(encodeUtf8(state));
    room.advance(31_000);
    await channel.output(encodeUtf8("x"));
    const later = tap.elapsedUs;
    await tap.close("left");
    const keyframe = await library.keyframe(id, 1, later + 1e9);
    expect(keyframe.atUs).toBe(later);
    const [restored, original] = [await terminal(keyframe), await terminal({ ...keyframe, state: `${state}x` })];
    // Both go on alike: scroll inside the region, restore the cursor, tab, draw.
    const next = "\u001b[20;1H\r\nscrolled\u001b8here\ttab\u001b(B\u001b[1;1HA";
    for (const one of [restored, original]) await new Promise<void>((resolve) => one.write(next, resolve));
    const rows = (one: typeof restored) =>
      Array.from({ length: 24 }, (_, y) => one.buffer.active.getLine(y)?.translateToString(true));
    expect(rows(restored)).toEqual(rows(original));
    expect(restored.modes).toEqual(original.modes);
    expect(keyframe.state).toContain("\u001b[?25l");
    expect(keyframe.state).toContain("\u001b[?1006h");
    expect(keyframe.state).toContain("top - web-01");
  });

  test("come at most 30 s of content or 1 MiB apart, and the newest at or before the time is given", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(shell);
    const times: number[] = [];
    for (let n = 0; n < 20; n++) {
      room.advance(10_000);
      await channel.output(encodeUtf8(`tick ${String(n)}\r\n`));
      times.push(tap.elapsedUs);
    }
    for (let n = 0; n < 40; n++) await channel.output(Buffer.alloc(64 * 1024, "y\n"));
    await tap.close("left");
    const { keyframes } = await library.derived(id);
    expect(keyframes.length).toBeGreaterThanOrEqual(8);
    for (const atUs of times) {
      const keyframe = await library.keyframe(id, 1, atUs);
      expect(atUs - keyframe.atUs).toBeLessThanOrEqual(30_000_000 + 10_000_000);
      expect(keyframe.atUs).toBeLessThanOrEqual(atUs);
    }
    expect(await library.keyframe(id, 1, 0)).toMatchObject({ state: "", cols: 80, rows: 24 });
  });
});

describe("derived data", () => {
  test("is kept sealed: no plaintext in the file, which goes with the recording", async () => {
    const id = await session(async (desk) => {
      await desk.shows("MARKER-TEXT on screen\r\n$ ");
      await desk.types("cat MARKER-FILE\r");
    });
    const first = await library.derived(id);
    expect(JSON.stringify(first)).toContain("MARKER-TEXT");
    const file = room.blobs.content(`${id}.derived`);
    for (const text of ["MARKER", "markers", "command", "channel"]) expect(file.includes(text)).toBe(false);
    expect(await library.derived(id)).toEqual(first);
    await library.remove(id);
    expect([...room.blobs.blobs.keys()]).toEqual([]);
  });

  test("tells a note's facts as people read them, never as JSON", async () => {
    const { tap, id } = await room.open();
    await tap.note("session", { channel: 1, environment: { LANG: "C.UTF-8" } });
    await tap.close("left");
    const { markers } = await library.derived(id);
    expect(markers.map(({ text }) => text)).toEqual(["session: channel 1 · environment LANG=C.UTF-8"]);
  });

  test("is made again when its file is not whole", async () => {
    const id = await session((desk) => desk.shows("hello\r\n"));
    const first = await library.derived(id);
    const name = `${id}.derived`;
    room.blobs.put(name, room.blobs.content(name).subarray(0, -3));
    await library.close();
    const { blobs, crypto } = room;
    library = createLibrary({ blobs, crypto, workers: 1, workerUrl, log: room.deps().log });
    expect(await library.derived(id)).toEqual(first);
  });

  test("of an open recording reaches up to now and is not stored", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(shell);
    await channel.output(encodeUtf8("so far\r\n"));
    expect((await library.derived(id)).screen.map(({ text }) => text)).toEqual(["so far"]);
    await channel.output(encodeUtf8("and on\r\n"));
    expect((await library.derived(id)).screen.map(({ text }) => text)).toEqual(["so far", "and on"]);
    expect(await shown((await library.liveScreens(id))[0] as Keyframe)).toBe("so far\nand on");
    expect([...room.blobs.blobs.keys()]).toEqual([`${id}.ghr`]);
  });

  test("survives hostile sizes and sequences, and the next recording does not notice", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel({ ...shell, pty: { term: "x", cols: 65_535, rows: 65_535 } });
    await channel.resize(65_535, 1);
    await channel.output(
      encodeUtf8(
        `\u001b[99999999999;9999999999H\u001b[2147483647b\u001b]2;${"t".repeat(100_000)}\u0007\u001bP${"q".repeat(200_000)}`,
      ),
    );
    await channel.resize(1, 65_535);
    await channel.output(encodeUtf8("\u001b[9999999S\u001b[9999999Lx"));
    await tap.close("left");
    expect((await library.derived(id)).channels).toHaveLength(1);
    const next = await session((desk) => desk.shows("fine\r\n"));
    expect((await library.derived(next)).screen.map(({ text }) => text)).toEqual(["fine"]);
  });

  test("is made without terminals when they cannot be emulated", async () => {
    const folder = mkdtempSync(join(tmpdir(), "worker-"));
    const path = join(folder, "broken.mjs");
    writeFileSync(
      path,
      `import { parentPort } from "node:worker_threads";
       let early = [];
       parentPort.on("message", (m) => { if (m.op === "begin" && m.mode.emulate) for (;;); early?.push(m); });
       await import(${JSON.stringify(workerUrl.href)});
       const held = early; early = undefined;
       for (const m of held) parentPort.emit("message", m);`,
    );
    const broken = pathToFileURL(path);
    const id = await session((desk) => desk.shows("x\r\n"));
    const { blobs, crypto } = room;
    const stuck = createLibrary({ blobs, crypto, workers: 1, workerUrl: broken, hangMs: 1_000, log: room.deps().log });
    expect(await stuck.derived(id)).toMatchObject({ channels: [{ kind: "shell" }], keyframes: [], screen: [] });
    await stuck.close();
    expect(room.logged.some((line) => line.includes("could not be emulated"))).toBe(true);
  });

  test("fails for that one recording alone when its file cannot be written, and ends no process", async () => {
    const id = await session(async (desk) => {
      for (let n = 0; n < 80; n++) await desk.shows("\u001b[31mx\r\n".repeat(6_000));
    });
    const { blobs, crypto } = room;
    const full: BlobStore = {
      create: async (name) => {
        const writer = await blobs.create(name);
        let left = 1;
        return {
          size: writer.size,
          sync: () => writer.sync(),
          finish: () => writer.finish(),
          abandon: () => writer.abandon(),
          // Later than at once, as a disk answers: when nobody waits for it yet.
          append: async (bytes) => {
            await new Promise((next) => setImmediate(next));
            left -= 1;
            if (left >= 0) return writer.append(bytes);
            throw new Error("no space left");
          },
        };
      },
      reopen: (name, size) => blobs.reopen(name, size),
      open: (name) => blobs.open(name),
      list: (prefix) => blobs.list(prefix),
      remove: (name) => blobs.remove(name),
      health: () => blobs.health(),
    };
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", onUnhandled);
    const library2 = createLibrary({ blobs: full, crypto, workers: 1, workerUrl, log: room.deps().log });
    await expect(library2.derived(id)).rejects.toThrow();
    await library2.close();
    await new Promise((next) => setTimeout(next, 50));
    process.off("unhandledRejection", onUnhandled);
    expect(unhandled).toEqual([]);
  });

  test("fails for that one recording alone when the worker hangs", async () => {
    const hanging = new URL(
      "data:text/javascript,import{parentPort as p}from'node:worker_threads';p.on('message',()=>{for(;;);})",
    );
    const id = await session((desk) => desk.shows("x\r\n"));
    const { blobs, crypto } = room;
    const stuck = createLibrary({ blobs, crypto, workers: 1, workerUrl: hanging, hangMs: 200, log: room.deps().log });
    await expect(stuck.derived(id)).rejects.toMatchObject({ code: "internal" });
    await stuck.close();
    expect((await library.derived(id)).channels).toHaveLength(1);
  });
});

describe("reading", () => {
  test("from a moment begins with the frame that holds it", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(shell);
    const at: number[] = [];
    for (let n = 0; n < 100; n++) {
      room.advance(10_000);
      await channel.output(encodeUtf8(`n${String(n)}; alice@web-01:~$ the same words in every frame\r\n`));
      at.push(tap.elapsedUs);
      await room.recorder.heads();
    }
    await tap.close("left");
    const continued = new ContainerScanner()
      .push(room.blobs.content(`${id}.ghr`))
      .filter(({ head }) => head.flags & Flag.continued);
    expect(continued.length).toBeGreaterThan(80);
    const reader = await library.read(id);
    for (const n of [0, 1, 31, 32, 33, 34, 50, 99]) {
      const events = [];
      for await (const event of reader?.events(at[n] ?? 0, (at[n] ?? 0) + 5) ?? [])
        if (event.type === EventType.output) events.push(Buffer.from(event.payload).toString().split(";")[0]);
      expect(events).toEqual([`n${String(n)}`]);
    }
    await reader?.close();
  });

  test("kept input takes the input key", async () => {
    const id = await session((desk) => desk.types("whoami\r"));
    const typed: string[] = [];
    for await (const event of library.input(id, room.crypto.inputOpener(id)))
      typed.push(Buffer.from(event.payload).toString());
    expect(typed.join("")).toBe("whoami\r");
    await expect(gatherInput(id)).rejects.toThrow();
  });

  async function gatherInput(id: RecordingId): Promise<void> {
    for await (const event of library.input(id, room.crypto.mainOpener(id, `main:${id}`)))
      expect(event).toBeUndefined();
  }

  test("verifies, and names what was altered", async () => {
    const id = await session((desk) => desk.shows("x\r\n"));
    expect(await library.verify(id)).toMatchObject({ verdict: "complete" });
    const bytes = room.blobs.content(`${id}.ghr`);
    bytes[bytes.length - 200] = (bytes[bytes.length - 200] ?? 0) ^ 1;
    room.blobs.put(`${id}.ghr`, bytes);
    expect(await library.verify(id)).toMatchObject({ verdict: "altered" });
  });
});
