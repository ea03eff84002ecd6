/**
 * The page: built files with a hash in their name are kept for ever, everything else is asked for again; an unknown path
 * without a file ending is the page's own business and gets its `index.html`.
 */
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { sendProblem } from "./refusals.js";

const YEAR_S = 31_536_000;

/** Serves `folder` under `/`; without a built page there every path but the API's answers 404. */
export async function servePage(app: FastifyInstance, folder: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: folder,
    serve: false,
    index: false,
    dotfiles: "ignore",
    cacheControl: false,
    suppressWarning: true,
  });
  const hasPage = existsSync(join(folder, "index.html"));

  app.route({
    method: ["GET", "HEAD"],
    url: "/*",
    config: { access: "public" },
    schema: { hide: true },
    handler(request, reply) {
      const path = (request.params as { "*": string })["*"];
      if (!hasPage || path.startsWith("api/") || path.includes("\0")) return sendProblem(request, reply, "not-found");
      if (path === "index.html" || !/\.[A-Za-z0-9]+$/.test(path)) {
        return reply.header("cache-control", "no-store").sendFile("index.html");
      }
      const keep = path.startsWith("assets/") ? `public, max-age=${String(YEAR_S)}, immutable` : "no-cache";
      return reply.header("cache-control", keep).sendFile(path);
    },
  });
}
