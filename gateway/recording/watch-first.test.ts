/** Whoever watches is shown the screen at once, also while a long recording is being derived. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { RecordingRoom, shell } from "../../test/support/recording-room.js";
import { encodeInstruction, encodeUtf8 } from "../../recordings/codec/index.js";
import type { BlobReader, BlobStore, RecordingId } from "../domain/index.js";
import { createLibrary } from "./index.js";

const workerUrl = new URL("../../dist/gateway/recording/derive/worker.js", import.meta.url);
const desktop = {
  kind: "desktop",
  detail: "win-01",
  desktop: { width: 800, height: 600, dpi: 96 },
  keepBytes: Infinity,
  beyond: "cut",
} as const;

/** The container of `id` is read no further until `go` resolves: its derivation takes as long. */
function slow(blobs: BlobStore, id: RecordingId, go: Promise<void>, onWaiting: () => void): BlobStore {
  const open = async (name: string): Promise<BlobReader | undefined> => {
    const blob = await blobs.open(name);
    if (blob === undefined || name !== `${id}.ghr`) return blob;
    let read = 0;
    return {
      size: blob.size,
      close: () => blob.close(),
      read: async (at, length) => {
        read += length;
        if (read > 600 * 1024) {
          onWaiting();
          await go;
        }
        return blob.read(at, length);
      },
    };
  };
  return {
    create: (name) => blobs.create(name),
    reopen: (name, size) => blobs.reopen(name, size),
    open,
    list: (prefix) => blobs.list(prefix),
    remove: (name) => blobs.remove(name),
    health: () => blobs.health(),
  };
}

test("a desktop and a terminal are shown while the only worker for recordings is busy with another", async () => {
  if (!existsSync(workerUrl)) throw new Error("build first: npx tsc -b gateway/recording");
  const room = await new RecordingRoom().start();
  const long = await room.open();
  const noisy = await long.tap.openChannel(shell);
  let state = 1;
  for (let n = 0; n < 64; n++) {
    const bytes = Uint8Array.from({ length: 32 * 1024 }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return 0x20 + ((state >>> 16) % 0x5f);
    });
    await noisy.output(bytes);
  }
  await noisy.close();
  await long.tap.close("left");
  const live = await room.open();
  const drawn = await live.tap.openChannel(desktop);
  await drawn.graphics(encodeUtf8(encodeInstruction(["size", 0, 800, 600]) + encodeInstruction(["sync", 1])));
  const typed = await room.open();
  await (await typed.tap.openChannel(shell)).output(encodeUtf8("hello"));

  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  let waits = (): void => undefined;
  const waiting = new Promise<void>((resolve) => (waits = resolve));
  const { crypto, recorder } = room;
  const blobs = slow(room.blobs, long.id, gate, waits);
  const library = createLibrary({ blobs, crypto, workers: 1, workerUrl, recorder, log: room.deps().log });
  try {
    let derived = false;
    const deriving = library.derived(long.id).then(() => (derived = true));
    await waiting;
    // Both in one go, so that one of them finds its worker taken by the other and waits for no more than that.
    const [screens, texts] = await Promise.all([library.liveScreens(live.id), library.liveScreens(typed.id)]);
    expect(screens).toMatchObject([{ cols: 800, rows: 600 }]);
    expect(texts[0]?.state).toContain("hello");
    expect(derived).toBe(false);
    go();
    await deriving;
  } finally {
    go();
    await library.close();
    await room.recorder.close();
  }
}, 20_000);
