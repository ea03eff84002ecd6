/** Over TLS: the door speaks https alone, and an upgrade passes there too. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { expect, it } from "vitest";
import { createFakeBroker, withPeople } from "../../test/support/fake-broker-http.js";
import { doorOf } from "../../test/support/http-door.js";

function certificate(): { readonly cert: Buffer; readonly key: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-tls-"));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync(
    "openssl",
    ["req", "-x509", ...curve, "-keyout", key, "-out", cert, "-days", "1", "-subj", "/CN=localhost"],
    { stdio: "ignore" },
  );
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

it("serves any address with its own certificate, refuses TLS 1.1, and upgrades under the __Host- cookie", async () => {
  const pair = certificate();
  const config = { listen: { host: "0.0.0.0", port: 0 }, tls: pair, publicUrl: "https://gate.example" };
  const { door } = await doorOf(withPeople(createFakeBroker()), config);
  door.registerUpgrade("/live", ({ socket, actor }) => void socket.end(`HTTP/1.1 101 ${actor.login}\r\n\r\n`));
  const { port } = await door.listen();
  const answer = await new Promise<number | undefined>((resolve, reject) => {
    https
      .get({ port, host: "127.0.0.1", path: "/healthz", ca: pair.cert, servername: "localhost" }, (response) =>
        resolve(response.statusCode),
      )
      .once("error", reject);
  });
  expect(answer).toBe(200);

  const old = tls.connect({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
    ciphers: "DEFAULT@SECLEVEL=0",
  });
  await expect(
    new Promise((resolve, reject) => old.once("secureConnect", resolve).once("error", reject)),
  ).rejects.toThrow();

  const upgrade = (cookie: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = tls.connect({ port, host: "127.0.0.1", ca: pair.cert, servername: "localhost" });
      socket.once("data", (chunk: Buffer) => resolve(chunk.toString().split("\r\n", 1)[0] ?? ""));
      socket.write(
        `GET /live HTTP/1.1\r\nHost: gate.example\r\nOrigin: https://gate.example\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      );
    });
  expect(await upgrade("__Host-gatehouse=audit")).toBe("HTTP/1.1 101 audit");
  expect(await upgrade("gatehouse=audit")).toBe("HTTP/1.1 401 Unauthorized");
});
