/**
 * Ports for servers that are told theirs before they listen. They lie below those that Linux hands out by itself, to connections
 * and to whoever listens on port 0, so that nobody takes one between the look and the server's own listening, nor while a server
 * that is to come back is down. Each process that tests begins somewhere of its own and takes no port twice.
 */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

const FIRST = 10_240;
/** Linux hands out 32768 and above (`net.ipv4.ip_local_port_range`). */
const BEYOND = 32_768;
let next = randomInt(FIRST, BEYOND);

/** A port of 127.0.0.1 where nobody listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next;
    next = port + 1 === BEYOND ? FIRST : port + 1;
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
