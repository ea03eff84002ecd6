/**
 * Streams a file to a reader and keeps asking whether he may still have it: a download whose reader signed out, was
 * disabled or lost the power it needed is cut, also when he does not read (promise 3).
 */
import type { FastifyReply } from "fastify";
import { Readable } from "node:stream";
import { mayEnter, type Access } from "./access.js";
import type { Call, RouteDeps } from "./route.js";
import { keepVigil } from "./vigil.js";

interface File {
  readonly access: Access;
  readonly mediaType: string;
  fileName(call: Call<never, never, undefined>): string;
}

/** Only what is safe between quotes in a header and as a file name on any system. */
function safeName(name: string): string {
  return name
    .replace(/[^A-Za-z0-9._-]/g, "_")
    .replace(/^\.+/, "_")
    .slice(0, 120);
}

/** Sends the bytes with `Content-Disposition: attachment` (RFC 6266). An error after the first byte cuts the connection. */
export function streamDownload<C extends Call<never, never, undefined>>(
  deps: Pick<RouteDeps, "broker" | "cookie" | "addresses" | "log" | "tethers">,
  call: C,
  file: Omit<File, "fileName"> & { fileName(call: C): string },
  bytes: AsyncIterable<Uint8Array | string>,
): FastifyReply {
  const stream = Readable.from(bytes, { objectMode: false });
  const stopAsking = keepVigil(deps, {
    cookie: deps.cookie.of(call.request.raw) ?? "",
    address: deps.addresses.of(call.request.raw),
    may: (actor) => file.access === "public" || (actor.mustChangePassword !== true && mayEnter(file.access, actor)),
    end: () => call.request.raw.socket.destroy(),
  });
  const stop = (): void => {
    stopAsking();
    stream.destroy();
  };
  call.reply.raw.once("close", stop);
  stream.once("error", (error) => {
    deps.log("error", "a download broke off", { request: call.request.id, error: error.message });
  });
  return call.reply
    .type(file.mediaType)
    .header("content-disposition", `attachment; filename="${safeName(file.fileName(call))}"`)
    .header("x-content-type-options", "nosniff")
    .send(stream);
}
