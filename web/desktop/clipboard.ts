/** Text between the two clipboards, as Guacamole streams: whole, in UTF-8, and bounded both ways. */
import type Guacamole from "guacamole-common-js";
import { bytesFrom64, sendBytes } from "./blobs.js";

/** guacd's bound for a clipboard (FreeRDP plug-in, GUAC_COMMON_CLIPBOARD_MAX_LENGTH), in bytes of UTF-8. */
export const CLIPBOARD_MOST_BYTES = 262_144;

/** Bytes of a text in UTF-8. */
export const clipboardBytes = (text: string): number => new TextEncoder().encode(text).length;

/** Puts a text on the desktop's clipboard; false, and nothing sent, when it is too long. */
export function sendClipboard(client: Guacamole.Client, text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > CLIPBOARD_MOST_BYTES) return false;
  const stream = client.createClipboardStream("text/plain");
  sendBytes(stream, bytes);
  stream.sendEnd();
  return true;
}

/** Reads what the desktop puts on its clipboard. Anything but plain text, and what is too long, is left out. */
export function receiveClipboard(
  stream: Guacamole.InputStream,
  mimetype: string,
  onText: (text: string) => void,
): void {
  if (!/^text\/plain(?:;|$)/i.test(mimetype)) return;
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  stream.onblob = (data) => {
    const bytes = bytesFrom64(data);
    size += bytes.length;
    if (size <= CLIPBOARD_MOST_BYTES) text += decoder.decode(bytes, { stream: true });
  };
  stream.onend = () => {
    if (size <= CLIPBOARD_MOST_BYTES) onText(text + decoder.decode());
  };
}
