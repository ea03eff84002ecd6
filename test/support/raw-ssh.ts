/** Speaks to an SSH port below any library: bytes in, what came back and when it was cut off. */
import { connect, type Socket } from "node:net";

export interface Heard {
  readonly bytes: Buffer;
  /** Until the other side closed; undefined when it had not within the bound. */
  readonly closedAfterMs: number | undefined;
}

export interface RawOptions {
  /** Source address, e.g. `127.3.2.1`. */
  readonly from?: string;
  readonly withinMs?: number;
  /** Reads nothing that comes back. */
  readonly deaf?: boolean;
}

/** Connects, sends, waits for the close. */
export function speak(port: number, pieces: readonly (string | Buffer)[], options: RawOptions = {}): Promise<Heard> {
  return new Promise((resolve) => {
    const from = Date.now();
    const { withinMs = 5_000 } = options;
    const heard: Buffer[] = [];
    const socket: Socket = connect({
      host: "127.0.0.1",
      port,
      ...(options.from === undefined ? {} : { localAddress: options.from }),
    });
    const settle = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ bytes: Buffer.concat(heard), closedAfterMs: closed ? Date.now() - from : undefined });
    };
    const timer = setTimeout(() => settle(false), withinMs);
    // A socket that nobody reads does not hear its end either; so it reads in the last second.
    if (options.deaf === true) setTimeout(() => socket.resume(), withinMs - 1_000);
    else socket.on("data", (chunk: Buffer) => heard.push(chunk));
    socket.on("error", () => undefined);
    socket.once("close", () => settle(true));
    socket.once("connect", () => {
      for (const piece of pieces) socket.write(piece);
    });
  });
}

export const VERSION = "SSH-2.0-OpenSSH_9.2\r\n";

/** An unencrypted packet (RFC 4253 §6) around a payload; each field can be made to lie. */
export function packet(payload: Uint8Array, lie: { readonly length?: number; readonly padding?: number } = {}): Buffer {
  let padding = 8 - ((payload.length + 5) % 8);
  if (padding < 4) padding += 8;
  const whole = Buffer.alloc(5 + payload.length + padding);
  whole.writeUInt32BE(lie.length ?? 1 + payload.length + padding, 0);
  whole[4] = lie.padding ?? padding;
  whole.set(payload, 5);
  return whole;
}

/** A KEXINIT (RFC 4253 §7.1) whose ten lists are as given. */
export function kexInit(lists: readonly string[]): Buffer {
  const parts = lists.map((list) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(list.length);
    return Buffer.concat([length, Buffer.from(list, "latin1")]);
  });
  return Buffer.concat([Buffer.from([20]), Buffer.alloc(16, 7), ...parts, Buffer.alloc(5)]);
}

export const MODERN_LISTS: readonly string[] = [
  "curve25519-sha256",
  "ssh-ed25519",
  "aes256-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "hmac-sha2-256",
  "hmac-sha2-256",
  "none",
  "none",
  "",
  "",
];
