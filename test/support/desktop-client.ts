/**
 * A browser's side of the desktop door without a browser: ticket over the API, WebSocket, every instruction kept, each `sync`
 * answered as Guacamole's client does. It checks nothing and may be told to misbehave.
 */
import WebSocket from "ws";
import { encodeInstruction, InstructionParser } from "../../recordings/codec/index.js";
import type { Api } from "./gatehouse.js";
import { CHOICES } from "./desktop-lab.js";

export interface Heard {
  readonly opcode: string;
  readonly args: readonly string[];
  readonly at: number;
}

export interface DesktopClient {
  readonly sessionId: string;
  readonly heard: readonly Heard[];
  /** Resolves with the first instruction, from now or before, that fits; rejects after `withinMs` or when the socket closes first. */
  until(what: string, fits: (one: Heard) => boolean, withinMs?: number): Promise<Heard>;
  send(...elements: (string | number)[]): void;
  raw(bytes: string | Uint8Array): void;
  /** Stops reading, as a browser that hangs. */
  pause(): void;
  resume(): void;
  /** Resolves with the error instruction heard (code, status) and the close's reason. */
  readonly closed: Promise<{
    readonly code: string | undefined;
    readonly status: string | undefined;
    readonly reason: string;
  }>;
  /** Cuts the line without a word. */
  cut(): void;
  /** Leaves as the page does. */
  leave(): void;
}

export async function ticketFor(api: Api, accountId: string, choices: Record<string, unknown> = {}): Promise<string> {
  const issued = await api.call("POST", "/sessions", { accountId, choices: { ...CHOICES, ...choices } });
  return issued.ticket as string;
}

/** The HTTP status of a refused upgrade, or the client of an accepted one, before its first instruction. */
export async function upgrade(
  api: Api,
  ticket: string,
  more: { readonly headers?: Record<string, string>; readonly answerSyncs?: boolean } = {},
): Promise<{ readonly status: number } | { readonly status: 101; readonly client: Omit<DesktopClient, "sessionId"> }> {
  const url = `${api.base.replace(/^http/, "ws")}/desktop`;
  const socket = new WebSocket(url, ["gatehouse.desktop", `ticket.${ticket}`], {
    headers: { cookie: api.cookie, origin: api.base, ...more.headers },
    perMessageDeflate: false,
  });
  const heard: Heard[] = [];
  const parser = new InstructionParser();
  const wakers = new Set<() => void>();
  let over: { code: string | undefined; status: string | undefined; reason: string } | undefined;
  const wake = (): void => {
    for (const waker of [...wakers]) waker();
  };
  const send = (...elements: (string | number)[]): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(Buffer.from(encodeInstruction(elements)));
  };
  socket.on("message", (data: Buffer) => {
    for (const { opcode, args } of parser.feed(data)) {
      heard.push({ opcode, args: [...args], at: Date.now() });
      if (opcode === "sync" && more.answerSyncs !== false) send("sync", args[0] ?? "");
    }
    wake();
  });
  const closed = new Promise<NonNullable<typeof over>>((resolve) => {
    socket.once("close", (_code, reason) => {
      const error = heard.findLast((one) => one.opcode === "error");
      over = { code: error?.args[0], status: error?.args[1], reason: reason.toString() };
      wake();
      resolve(over);
    });
  });
  const refused = await new Promise<number | undefined>((resolve, reject) => {
    socket.once("open", () => resolve(undefined));
    socket.once("unexpected-response", (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once("error", reject);
  });
  socket.on("error", () => undefined);
  if (refused !== undefined) return { status: refused };
  // guacd drops who says nothing; a page says nop while it lives.
  const nops = setInterval(() => send("nop"), 5_000);
  socket.once("close", () => clearInterval(nops));
  const until: DesktopClient["until"] = (what, fits, withinMs = 20_000) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = heard.find(fits);
        if (found === undefined && over === undefined) return;
        finish();
        if (found !== undefined) resolve(found);
        else reject(new Error(`closed before ${what}: ${JSON.stringify(over)}`));
      };
      const timer = setTimeout(() => {
        finish();
        reject(
          new Error(
            `waited ${withinMs} ms in vain for ${what}; heard ${heard
              .slice(-5)
              .map((one) => one.opcode)
              .join(" ")}`,
          ),
        );
      }, withinMs);
      const finish = (): void => {
        clearTimeout(timer);
        wakers.delete(look);
      };
      wakers.add(look);
      look();
    });
  return {
    status: 101,
    client: {
      heard,
      until,
      send,
      raw: (bytes) => socket.send(typeof bytes === "string" ? Buffer.from(bytes) : bytes),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      closed,
      cut: () => socket.terminate(),
      leave: () => {
        send("disconnect");
        socket.close();
      },
    },
  };
}

/** Opens a desktop and waits until it is shown. */
export async function openDesktop(
  api: Api,
  accountId: string,
  more: { readonly choices?: Record<string, unknown>; readonly ticket?: string; readonly shown?: boolean } = {},
): Promise<DesktopClient> {
  const ticket = more.ticket ?? (await ticketFor(api, accountId, more.choices));
  const answer = await upgrade(api, ticket);
  if (!("client" in answer)) throw new Error(`the upgrade answered ${answer.status}`);
  const session = await answer.client.until(
    "the session's id",
    (one) => one.opcode === "" && one.args[0] === "session",
  );
  if (more.shown !== false) await answer.client.until("the first picture", (one) => one.opcode === "sync", 30_000);
  return { ...answer.client, sessionId: session.args[1] ?? "" };
}
