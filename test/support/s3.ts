/** An S3 server of a test's own (`s3rver`), on a free port of 127.0.0.1, with one bucket; it can go away and come back. */
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface S3rver {
  configureBuckets(): Promise<unknown>;
  callback(): (request: unknown, response: unknown) => void;
}
const S3rverClass = createRequire(import.meta.url)("s3rver") as new (options: object) => S3rver;

export interface TestS3 {
  readonly endpoint: string;
  readonly bucket: string;
  /** Requests by method and path so far, as `PUT /bucket/key?query`. */
  readonly requests: readonly string[];
  /** Refuses connections and cuts those there are. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

/** The server takes only these, and the SDK finds them where its default chain looks first. */
const KEYS = { AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" };

export async function startS3(): Promise<TestS3> {
  Object.assign(process.env, KEYS);
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-s3-"));
  const bucket = "recordings";
  const s3 = new S3rverClass({ directory, silent: true, configureBuckets: [{ name: bucket }] });
  await s3.configureBuckets();
  const requests: string[] = [];
  const handle = s3.callback();
  const sockets = new Set<Socket>();
  let server: Server;
  async function listen(port: number): Promise<number> {
    server = createServer((request, response) => {
      requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
      handle(request, response);
    });
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }
  async function goAway(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  const port = await listen(0);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket,
    requests,
    goAway,
    async comeBack() {
      await listen(port);
    },
    async stop() {
      if (server.listening) await goAway();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
