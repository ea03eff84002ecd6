/** The cookie of a web session: opaque, `HttpOnly`, `SameSite=Strict`, for this host alone. */
import { fastifyCookie } from "@fastify/cookie";
import type { IncomingMessage } from "node:http";

export interface SessionCookie {
  readonly name: string;
  /** The value a request carries. A header with two cookies of the name is refused as none: one of them was planted. */
  of(request: IncomingMessage): string | undefined;
  /** A `Set-Cookie` line; `maxAgeMs` 0 ends it. */
  line(value: string, maxAgeMs: number): string;
}

const VALUE_MAX = 256;

/** @param secure over https: the `__Host-` name and the `Secure` flag. */
export function createSessionCookie(secure: boolean): SessionCookie {
  const name = secure ? "__Host-gatehouse" : "gatehouse";
  return {
    name,
    of(request) {
      const header = request.headers.cookie ?? "";
      const pieces = header.split(";").filter((piece) => piece.trim().startsWith(`${name}=`));
      if (pieces.length !== 1) return undefined;
      const value = fastifyCookie.parse(pieces[0] ?? "")[name];
      return value === undefined || value === "" || value.length > VALUE_MAX ? undefined : value;
    },
    line: (value, maxAgeMs) =>
      fastifyCookie.serialize(name, value, {
        httpOnly: true,
        sameSite: "strict",
        path: "/",
        secure,
        maxAge: Math.max(0, Math.floor(maxAgeMs / 1000)),
      }),
  };
}
