/** The cookie of a web session: opaque, `HttpOnly`, `SameSite=Strict`, for this host alone. */
import type { FastifyReply } from "fastify";
import type { IncomingMessage } from "node:http";

export interface SessionCookie {
  readonly name: string;
  /** The value a request carries. A header with two cookies of the name is refused as none: one of them was planted. */
  of(request: IncomingMessage): string | undefined;
  /** Gives the browser a value; `maxAgeMs` 0 takes it away. */
  set(reply: FastifyReply, value: string, maxAgeMs: number): void;
}

/** Our own values are base64url; RFC 6265 §4.1.1 would allow more. */
const VALUE = /^[A-Za-z0-9._~-]{1,256}$/;

/** @param secure over https: the `__Host-` name and the `Secure` flag. */
export function createSessionCookie(secure: boolean, plainName = "gatehouse"): SessionCookie {
  const name = secure ? `__Host-${plainName}` : plainName;
  return {
    name,
    of(request) {
      const header = request.headers.cookie ?? "";
      const values = header
        .split(";")
        .map((piece) => piece.trim())
        .filter((piece) => piece.startsWith(`${name}=`))
        .map((piece) => piece.slice(name.length + 1));
      return values.length === 1 && VALUE.test(values[0] ?? "") ? values[0] : undefined;
    },
    set(reply, value, maxAgeMs) {
      const maxAge = Math.max(0, Math.floor(maxAgeMs / 1000));
      void reply.setCookie(name, value, { httpOnly: true, sameSite: "strict", path: "/", secure, maxAge });
    },
  };
}
