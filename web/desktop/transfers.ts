/**
 * Files between browser and desktop. An upload keeps a few blobs under way and waits for their acknowledgement; a download is
 * gathered here and handed to the browser when it is whole. Names are foreign text. Knows no right: the gate refuses by status.
 */
import Guacamole from "guacamole-common-js";
import { base64Of, BLOB_BYTES, bytesFrom64 } from "./blobs.js";

/** One file on its way or through. `status` is a Guacamole status once it has failed, or 0 once it is whole. */
export interface Transfer {
  readonly id: number;
  readonly direction: "upload" | "download";
  readonly name: string;
  /** Undefined while a download's size is not known. */
  readonly size: number | undefined;
  readonly done: number;
  readonly status: number | undefined;
}
export type OnTransfer = (transfer: Transfer) => void;

/** Blobs under way at once: enough to fill a slow line, few enough that a refusal comes early. */
const BLOBS_UNDER_WAY = 8;
/** A browser holds a download in memory until it is whole. */
export const DOWNLOAD_MOST_BYTES = 1_073_741_824;
const NAME_LONGEST = 255;
const { Code } = Guacamole.Status;

let last = 0;

/** A name that a file system takes, and that is what it looks like: no path, no control or direction character. */
export function fileName(name: string): string {
  const plain = name
    // eslint-disable-next-line no-control-regex -- control characters are exactly what is taken out
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, "")
    .replace(/[/\\]/g, "_");
  const short = [...plain].slice(0, NAME_LONGEST).join("");
  return /^\.*$/.test(short) ? "file" : short;
}

/** Sends a file to the desktop; `onChange` hears of each step and of the end. Answers how to give it up. */
export function upload(client: Guacamole.Client, file: File, onChange: OnTransfer): (status: number) => void {
  const id = ++last;
  const stream = client.createFileStream(file.type || "application/octet-stream", fileName(file.name));
  let sent = 0;
  let underWay = 0;
  let over = false;
  let reading = false;
  const tell = (status?: number): void =>
    onChange({ id, direction: "upload", name: file.name, size: file.size, done: Math.max(0, sent - underWay), status });

  function finish(status: number): void {
    if (over) return;
    over = true;
    if (status === Code.SUCCESS) stream.sendEnd();
    tell(status);
  }
  async function fill(): Promise<void> {
    if (reading) return;
    reading = true;
    try {
      while (!over && sent < file.size && underWay < BLOBS_UNDER_WAY * BLOB_BYTES) {
        const bytes = new Uint8Array(await file.slice(sent, sent + BLOB_BYTES).arrayBuffer());
        if (over) return;
        stream.sendBlob(base64Of(bytes));
        sent += bytes.length;
        underWay += bytes.length;
      }
    } catch {
      // The file changed or vanished while it was read; what is there stays incomplete, and is said to be.
      stream.sendEnd();
      over = true;
      tell(Code.RESOURCE_NOT_FOUND);
    } finally {
      reading = false;
    }
  }
  let opened = false;
  stream.onack = (status) => {
    if (over) return;
    if (status.isError()) return finish(status.code);
    // The first acknowledgement is for the opening, each other one for the oldest blob under way.
    if (opened) underWay = Math.max(0, underWay - Math.min(BLOB_BYTES, underWay));
    opened = true;
    if (sent >= file.size && underWay === 0) return finish(Code.SUCCESS);
    tell();
    void fill();
  };
  tell();
  return finish;
}

/** Takes a file that the desktop sends, acknowledging each part; `save` gets it whole. Answers how to give it up. */
export function download(
  stream: Guacamole.InputStream,
  name: string,
  onChange: OnTransfer,
  save: (content: Blob, name: string) => void,
): (status: number) => void {
  const id = ++last;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  let over = false;
  const tell = (status?: number): void =>
    onChange({ id, direction: "download", name, size: status === Code.SUCCESS ? done : undefined, done, status });
  function finish(status: number): void {
    if (over) return;
    over = true;
    tell(status);
    parts.length = 0;
  }
  stream.onblob = (data) => {
    if (over) return;
    const bytes = bytesFrom64(data);
    done += bytes.length;
    if (done > DOWNLOAD_MOST_BYTES) {
      stream.sendAck("too large", Code.CLIENT_OVERRUN);
      return finish(Code.CLIENT_OVERRUN);
    }
    parts.push(bytes);
    stream.sendAck("OK", Code.SUCCESS);
    tell();
  };
  stream.onend = () => {
    if (over) return;
    save(new Blob(parts, { type: "application/octet-stream" }), fileName(name));
    finish(Code.SUCCESS);
  };
  stream.sendAck("OK", Code.SUCCESS);
  tell();
  return finish;
}

/** Hands a file to the browser's downloads. */
export function saveFile(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
