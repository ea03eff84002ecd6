/** Desktops: the tickets that open one or lead back to one, and the socket that a ticket lets in. */
import { DESKTOP_PATH, DESKTOP_PROTOCOL, TICKET_PROTOCOL_PREFIX } from "../../gateway/http/contract/desktop.js";
import { post } from "./http.js";
import type { DesktopChoices, IssuedTicket } from "./types.js";

export const openDesktop = (accountId: string, choices: DesktopChoices): Promise<IssuedTicket> =>
  post("/sessions", { accountId, choices });
export const returnToDesktop = (sessionId: string, choices: DesktopChoices): Promise<IssuedTicket> =>
  post(`/sessions/${sessionId}/ticket`, { choices });

export interface SocketListener {
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Once, and nothing after it. `code` and `reason` are the close frame's (RFC 6455 §7.1.5). */
  readonly onClose: (code: number, reason: string) => void;
}
export interface DesktopSocket {
  /** What is sent before the socket is open, or after it closed, is dropped. */
  readonly send: (bytes: Uint8Array) => void;
  readonly close: () => void;
}

/** Opens a desktop's socket. The ticket goes as a subprotocol: never into an address, which would stand in logs. */
export function dialDesktop(ticket: string, listener: SocketListener): DesktopSocket {
  const address = new URL(DESKTOP_PATH, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address, [DESKTOP_PROTOCOL, TICKET_PROTOCOL_PREFIX + ticket]);
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event: MessageEvent<unknown>) => {
    if (event.data instanceof ArrayBuffer) listener.onBytes(new Uint8Array(event.data));
  };
  socket.onclose = (event) => listener.onClose(event.code, event.reason);
  return {
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>);
    },
    close: () => socket.close(1000),
  };
}
