/** A page's socket as tests hold one: connects with a cookie and origin, keeps what it was told. */
import { io, type Socket } from "socket.io-client";

export interface LivePeer {
  readonly socket: Socket;
  readonly heard: { readonly event: string; readonly message: unknown }[];
  /** Resolves when a message of this event that satisfies `test` has come. */
  hears(event: string, test?: (message: never) => boolean): Promise<unknown>;
  watch(input: unknown): Promise<{ readonly ok: boolean; readonly code?: string; readonly start?: unknown }>;
  close(): void;
}

/** Rejects with the refusal's status line or reason when the gate does not let it in. */
export async function connectPeer(
  port: number,
  cookie: string | undefined,
  headers: Readonly<Record<string, string>> = { origin: "http://localhost:8080" },
): Promise<LivePeer> {
  const socket = io(`http://127.0.0.1:${String(port)}`, {
    path: "/live",
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
    extraHeaders: { ...headers, ...(cookie === undefined ? {} : { cookie: `gatehouse=${cookie}` }) },
  });
  const heard: { event: string; message: unknown }[] = [];
  const waiting = new Set<() => void>();
  socket.onAny((event: string, message: unknown) => {
    heard.push({ event, message });
    for (const look of [...waiting]) look();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  return {
    socket,
    heard,
    hears: (event, test = () => true) =>
      new Promise((resolve, reject) => {
        const tooLong = setTimeout(() => reject(new Error(`no ${event} came`)), 10_000);
        const look = (): void => {
          const found = heard.find((one) => one.event === event && test(one.message as never));
          if (found === undefined) return;
          clearTimeout(tooLong);
          waiting.delete(look);
          resolve(found.message);
        };
        waiting.add(look);
        look();
      }),
    watch: (input) =>
      new Promise((resolve) => {
        socket.emit("watch", input, resolve);
      }),
    close: () => socket.disconnect(),
  };
}
