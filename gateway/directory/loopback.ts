/** Whether a host is this machine itself: only there may a directory be spoken to in the clear. */
import { isIP } from "node:net";

export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[(.*)\]$/, "$1");
  return plain === "localhost" || plain === "::1" || (isIP(plain) === 4 && plain.startsWith("127."));
}
