/**
 * The least that a desktop's gateway must do, to measure against: guacamole-lite's own server as it ships, in front of the guacd
 * it is told. Who holds a token of its key gets in, on loopback, for as long as the measurement runs.
 */
import { createRequire } from "node:module";
import { answerParent } from "./child.js";

interface WebSocketServer {
  address(): { readonly port: number };
  once(event: "listening", then: () => void): void;
}
type Lite = new (
  listen: { readonly host: string; readonly port: number },
  guacd: { readonly host: string; readonly port: number },
  options: Readonly<Record<string, unknown>>,
) => { readonly webSocketServer: WebSocketServer };

const Server = createRequire(import.meta.url)("guacamole-lite") as Lite;
// It announces every connection there, whatever its level.
console.log = () => undefined;

answerParent({
  listen: ({ guacdPort, key }: { guacdPort: number; key: string }) =>
    new Promise<{ port: number }>((resolve) => {
      const log = { level: 10, stdLog: () => undefined, errorLog: () => undefined };
      const { webSocketServer } = new Server(
        { host: "127.0.0.1", port: 0 },
        { host: "127.0.0.1", port: guacdPort },
        { log, crypt: { cypher: "AES-256-CBC", key: Buffer.from(key, "base64") } },
      );
      webSocketServer.once("listening", () => resolve({ port: webSocketServer.address().port }));
    }),
});
