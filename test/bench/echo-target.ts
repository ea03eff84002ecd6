/**
 * A target for load alone: an SSH server in one process whose shells echo what is typed. Two thousand real sshd do not fit two cores.
 * It lets everybody in, on loopback, for as long as the measurement runs.
 */
import type { AddressInfo } from "node:net";
import ssh2 from "ssh2";
import { answerParent } from "./child.js";
import { newKey } from "./keys.js";

const { privateKey: hostKey } = newKey();

const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
  client.on("error", () => undefined);
  client.on("authentication", (attempt) => {
    if (attempt.method === "none") attempt.reject(["publickey", "password"]);
    else attempt.accept();
  });
  client.on("session", (accept) => {
    const session = accept();
    session.on("pty", (agree) => agree?.());
    session.on("shell", (agree) => {
      const stream = agree();
      stream.on("data", (bytes: Buffer) => stream.write(bytes));
      stream.on("end", () => {
        stream.exit(0);
        stream.end();
      });
    });
  });
});

answerParent({
  listen: () =>
    new Promise<{ port: number }>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve({ port: (server.address() as AddressInfo).port }));
    }),
});
