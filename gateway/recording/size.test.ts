import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { AsciicastWriter, asciicastHeader, encodeUtf8 } from "../../recordings/codec/index.js";
import { RecordingRoom, shell } from "../../test/support/recording-room.js";

/** A generator that is the same in each run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Sizes {
  readonly container: number;
  readonly gzip: number;
}

/** Size of a recording against `gzip -6` of the asciicast of the same terminal. */
async function sizes(
  work: (
    show: (text: string) => Promise<void>,
    type: (key: string) => Promise<void>,
    wait: (ms: number) => Promise<void>,
  ) => Promise<void>,
): Promise<Sizes> {
  const room = await new RecordingRoom().start();
  const { tap, id } = await room.open();
  const channel = await tap.openChannel(shell);
  let sinceHeads = 0;
  const wait = async (ms: number): Promise<void> => {
    room.advance(ms);
    sinceHeads += ms;
    if (sinceHeads < 10_000) return;
    sinceHeads = 0;
    await room.recorder.heads();
  };
  await work(
    (text) => channel.output(encodeUtf8(text)),
    (key) => channel.input(encodeUtf8(key), { endsLine: key === "\r", secret: false }),
    wait,
  );
  await tap.close("left");
  await room.recorder.close();
  const writer = new AsciicastWriter();
  const lines = room.events(id).map((event) => writer.event(event));
  const header = asciicastHeader({
    cols: 80,
    rows: 24,
    startedAt: 1_700_000_000_000,
    title: "",
    env: { TERM: "xterm" },
  });
  return {
    container: room.blobs.content(`${id}.ghr`).length,
    gzip: gzipSync(header + lines.join(""), { level: 6 }).length,
  };
}

test("quiet typing takes at most twice of gzip -6 of its asciicast", async () => {
  const random = dice(7);
  const commands = [
    "ls -la /var/log",
    "cd /etc/nginx",
    "cat nginx.conf",
    "systemctl status nginx",
    "tail -n 50 error.log",
    "df -h",
    "ps aux",
    "exit",
  ];
  const { container, gzip } = await sizes(async (show, type, wait) => {
    for (let n = 0; n < 120; n++) {
      await show("\u001b[?2004h\u001b]0;alice@web-01: ~\u0007alice@web-01:~$ ");
      for (const key of commands[n % commands.length] ?? "") {
        await wait(60 + random() * 240);
        await type(key);
        await wait(random() * 8);
        await show(key);
      }
      await wait(300 + random() * 400);
      await type("\r");
      await show("\r\n\u001b[?2004l\r");
      for (let line = 0; line < 6; line++) {
        await wait(random() * 3);
        await show(
          `-rw-r--r-- 1 root root ${String(Math.floor(random() * 1e6))} Nov 22 01:${String(10 + line)} file-${String(line)}.log\r\n`,
        );
      }
      await wait(2_000 + random() * 8_000);
    }
  });
  expect(container).toBeLessThanOrEqual(2 * gzip);
});

test("steady typing takes at most twice of it", async () => {
  const random = dice(5);
  const { container, gzip } = await sizes(async (show, type, wait) => {
    await show("$ ");
    for (let n = 0; n < 3_000; n++) {
      await wait(80 + random() * 200);
      const key = n % 40 === 39 ? "\r" : ("etaoin shrdlu"[Math.floor(random() * 13)] ?? " ");
      await type(key);
      await wait(random() * 8);
      await show(key === "\r" ? "\r\n$ " : key);
    }
  });
  expect(container).toBeLessThanOrEqual(2 * gzip);
});

for (const chunk of [512, 4_096, 32_768]) {
  test(`above 1 MiB, in pieces of ${String(chunk)} bytes, takes at most 1.1 times of it`, async () => {
    const random = dice(11);
    const words = [
      "GET",
      "POST",
      "/index.html",
      "/api/v1/items",
      "200",
      "404",
      "upstream",
      "timeout",
      "connection",
      "from",
      "nginx",
    ];
    let text = "";
    while (text.length < 4 * 1024 * 1024) {
      const word = () => words[Math.floor(random() * words.length)] ?? "";
      text += `2026-11-22T01:${String(10 + Math.floor(random() * 50))}:${random().toFixed(3)} 10.0.${String(Math.floor(random() * 255))}.${String(Math.floor(random() * 255))} ${word()} ${word()} ${word()} ${String(Math.floor(random() * 1e5))}\r\n`;
    }
    const { container, gzip } = await sizes(async (show, _type, wait) => {
      const pending: Promise<void>[] = [];
      for (let at = 0; at < text.length; at += chunk) {
        await wait(random());
        pending.push(show(text.slice(at, at + chunk)));
        if (pending.length * chunk >= 128 * 1024) await Promise.all(pending.splice(0));
      }
      await Promise.all(pending);
    });
    expect(container).toBeLessThanOrEqual(1.1 * gzip);
  });
}
