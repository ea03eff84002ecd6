import Guacamole from "guacamole-common-js";
import { describe, expect, test } from "vitest";
import { encodeInstruction } from "../../recordings/codec/index.js";
import { base64Of, BLOB_BYTES, bytesFrom64 } from "./blobs.js";
import { CLIPBOARD_MOST_BYTES, receiveClipboard, sendClipboard } from "./clipboard.js";
import { download, fileName, upload, type Transfer } from "./transfers.js";

/** The client's side of streams, as the gate would see it. */
function fakeClient(): { client: Guacamole.Client; sent: string[][]; ack: (code: number) => void } {
  const sent: string[][] = [];
  let stream: Guacamole.OutputStream | undefined;
  const begin = (...opening: string[]): Guacamole.OutputStream => {
    sent.push(opening);
    stream = {
      index: 0,
      onack: null,
      sendBlob: (data) => {
        // Throws when it is more than guacd takes.
        encodeInstruction(["blob", 0, data]);
        sent.push(["blob", data]);
      },
      sendEnd: () => sent.push(["end"]),
    };
    return stream;
  };
  const client = {
    createClipboardStream: (mimetype: string) => begin("clipboard", mimetype),
    createFileStream: (mimetype: string, name: string) => begin("file", mimetype, name),
  } as unknown as Guacamole.Client;
  return { client, sent, ack: (code) => stream?.onack?.(new Guacamole.Status(code as Guacamole.Status.Code)) };
}
function incoming(): { stream: Guacamole.InputStream; acks: number[] } {
  const acks: number[] = [];
  return { stream: { index: 0, onblob: null, onend: null, sendAck: (_text, code) => acks.push(code) }, acks };
}
const joined = (sent: string[][]): Uint8Array =>
  Uint8Array.from(sent.filter(([opcode]) => opcode === "blob").flatMap(([, data]) => [...bytesFrom64(data ?? "")]));
const settle = async (until: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 500 && !until(); turn++) await new Promise((next) => setTimeout(next, 1));
};

describe("the clipboard", () => {
  const text = "复制到桌面 😀 𠮷\n".repeat(900);

  test("takes Chinese text there and back unharmed, cut inside characters", () => {
    const { client, sent } = fakeClient();
    expect(sendClipboard(client, text)).toBe(true);
    expect(sent[0]).toEqual(["clipboard", "text/plain"]);
    expect(sent.at(-1)).toEqual(["end"]);
    expect(sent.length).toBeGreaterThan(4);
    expect(new TextDecoder().decode(joined(sent))).toBe(text);

    const { stream } = incoming();
    const got: string[] = [];
    receiveClipboard(stream, "text/plain", (one) => got.push(one));
    for (const byte of new TextEncoder().encode("中文😀")) stream.onblob?.(base64Of(Uint8Array.of(byte)));
    stream.onend?.();
    expect(got).toEqual(["中文😀"]);
  });

  test("counts bytes, not characters, up to the limit and no further", () => {
    const most = "中".repeat(Math.floor(CLIPBOARD_MOST_BYTES / 3)) + "a";
    expect(new TextEncoder().encode(most)).toHaveLength(CLIPBOARD_MOST_BYTES);
    const within = fakeClient();
    expect(sendClipboard(within.client, most)).toBe(true);
    expect(joined(within.sent)).toHaveLength(CLIPBOARD_MOST_BYTES);
    const beyond = fakeClient();
    expect(sendClipboard(beyond.client, `${most}a`)).toBe(false);
    expect(beyond.sent).toEqual([]);
  });

  test("leaves out what is too long or no text", () => {
    const got: string[] = [];
    const long = incoming();
    receiveClipboard(long.stream, "text/plain", (one) => got.push(one));
    const blob = base64Of(new Uint8Array(BLOB_BYTES).fill(0x61));
    for (let size = 0; size <= CLIPBOARD_MOST_BYTES; size += BLOB_BYTES) long.stream.onblob?.(blob);
    long.stream.onend?.();
    const picture = incoming();
    receiveClipboard(picture.stream, "image/png", (one) => got.push(one));
    expect(picture.stream.onblob).toBeNull();
    expect(got).toEqual([]);
  });
});

describe("an upload", () => {
  const content = Uint8Array.from({ length: 20 * BLOB_BYTES + 17 }, (_, at) => at % 251);

  test("waits to be let in, keeps a bounded number of blobs under way, and arrives whole", async () => {
    const { client, sent, ack } = fakeClient();
    const seen: Transfer[] = [];
    upload(client, new File([content], "报告.txt", { type: "text/plain" }), (one) => seen.push(one));
    const blobs = (): number => sent.filter(([opcode]) => opcode === "blob").length;
    await new Promise((next) => setTimeout(next, 20));
    expect(sent).toEqual([["file", "text/plain", "报告.txt"]]);
    ack(0);
    await settle(() => blobs() === 8);
    expect(blobs()).toBe(8);
    for (let acked = 1; acked <= 21; acked++) {
      const before = blobs();
      ack(0);
      await settle(() => blobs() > before || before === 21);
    }
    expect(sent.at(-1)).toEqual(["end"]);
    expect(joined(sent)).toEqual(content);
    expect(seen.at(-1)).toMatchObject({ status: 0, done: content.length, size: content.length });
    expect(seen.every(({ done }, at) => at === 0 || done >= (seen[at - 1]?.done ?? 0))).toBe(true);
  });

  test("that is not granted says so and sends nothing more", async () => {
    const { client, sent, ack } = fakeClient();
    const seen: Transfer[] = [];
    upload(client, new File([content], "a.bin"), (one) => seen.push(one));
    ack(771);
    ack(0);
    await settle(() => sent.length > 1);
    expect(sent).toEqual([["file", "application/octet-stream", "a.bin"]]);
    expect(seen.at(-1)?.status).toBe(771);
  });

  test("of an empty file is complete once it is let in", () => {
    const { client, sent, ack } = fakeClient();
    const seen: Transfer[] = [];
    upload(client, new File([], "empty"), (one) => seen.push(one));
    ack(0);
    expect(sent.at(-1)).toEqual(["end"]);
    expect(seen.at(-1)?.status).toBe(0);
  });
});

describe("a download", () => {
  test("acknowledges its opening and each part, and is saved whole under a plain name", async () => {
    const { stream, acks } = incoming();
    const saved: [Blob, string][] = [];
    const seen: Transfer[] = [];
    download(
      stream,
      "../报告\u202e.txt",
      (one) => seen.push(one),
      (...one) => saved.push(one),
    );
    stream.onblob?.(base64Of(new TextEncoder().encode("一")));
    stream.onblob?.(base64Of(new TextEncoder().encode("二")));
    stream.onend?.();
    expect(acks).toEqual([0, 0, 0]);
    expect(saved).toHaveLength(1);
    expect(await saved[0]![0].text()).toBe("一二");
    expect(saved[0]![0].type).toBe("application/octet-stream");
    expect(saved[0]![1]).toBe(".._报告.txt");
    expect(seen.at(-1)).toMatchObject({ status: 0, done: 6 });
  });

  test("that is broken off saves nothing", () => {
    const { stream } = incoming();
    const saved: Blob[] = [];
    const end = download(
      stream,
      "a",
      () => undefined,
      (one) => saved.push(one),
    );
    stream.onblob?.(base64Of(Uint8Array.of(1)));
    end(518);
    stream.onend?.();
    expect(saved).toEqual([]);
  });
});

test("a file's name holds no path, no control or direction character, and is never empty", () => {
  expect(fileName("a/b\\c\u0000\n.txt")).toBe("a_b_c.txt");
  expect(fileName("..")).toBe("file");
  expect(fileName("\u202e")).toBe("file");
  expect([...fileName("😀".repeat(400))]).toHaveLength(255);
});
