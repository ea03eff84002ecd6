/**
 * How many connections may be open, from one address and in all, so that those who only connect leave descriptors for the
 * SSH door and the recordings. A named proxy carries everybody and counts in the whole alone.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { plainAddress, rateKey } from "./addresses.js";

export const CONNECTION_LIMITS = { perAddress: 256, inAll: 4096 };

/** @param isProxy whether a peer's address is a named proxy's. */
export function capConnections(server: Server, isProxy: (address: string) => boolean): void {
  const counts = new Map<string, number>();
  let open = 0;
  server.on("connection", (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress ?? "");
    const key = rateKey(address);
    const count = counts.get(key) ?? 0;
    if (open >= CONNECTION_LIMITS.inAll || (count >= CONNECTION_LIMITS.perAddress && !isProxy(address))) {
      socket.destroy();
      return;
    }
    open += 1;
    counts.set(key, count + 1);
    socket.once("close", () => {
      open -= 1;
      const left = (counts.get(key) ?? 1) - 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    });
  });
}
