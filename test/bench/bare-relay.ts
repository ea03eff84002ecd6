/**
 * The least that a gateway must do, to measure against: ssh2's server and client joined by pipes. No rights, no recording. It lets
 * everybody in, on loopback, for as long as the measurement runs.
 */
import { createServer, connect } from "node:net";
import type { AddressInfo } from "node:net";
import ssh2 from "ssh2";
import type {
  Client,
  ClientChannel,
  Connection,
  ExecOptions,
  PseudoTtyInfo,
  PseudoTtyOptions,
  ServerChannel,
} from "ssh2";
import { answerParent } from "./child.js";
import { newKey } from "./keys.js";

interface Target {
  readonly port: number;
  readonly username: string;
  readonly privateKey: string;
}

const { privateKey: hostKey } = newKey();

function dial({ port, username, privateKey }: Target): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.once("ready", () => resolve(client));
    client.once("error", reject);
    client.on("error", () => undefined);
    client.connect({ sock: connect({ host: "127.0.0.1", port, noDelay: true }), username, privateKey });
  });
}

function join(operator: ServerChannel, target: ClientChannel): void {
  operator.pipe(target);
  target.pipe(operator, { end: false });
  target.on("exit", (code: number | null) => operator.exit(code ?? 255));
  target.on("close", () => operator.end());
  operator.on("close", () => target.end());
}

function serve(client: Connection, target: Target): void {
  client.on("error", () => undefined);
  client.on("authentication", (attempt) => {
    if (attempt.method === "none") attempt.reject(["publickey"]);
    else attempt.accept();
  });
  client.once("ready", () => {
    const upstream = dial(target);
    client.once("close", () => void upstream.then((one) => one.end()));
    client.on("session", (accept) => {
      const session = accept();
      let pty: PseudoTtyInfo | undefined;
      session.on("pty", (agree, _reject, info) => {
        pty = info;
        agree?.();
      });
      const joined =
        (stream: ServerChannel) =>
        (error: Error | undefined, channel: ClientChannel): void => {
          if (error === undefined || error === null) join(stream, channel);
          else stream.end();
        };
      const window = (): PseudoTtyOptions | undefined => (pty === undefined ? undefined : { ...pty, term: "xterm" });
      session.on("shell", (agree) => {
        const stream = agree();
        void upstream.then((one) => one.shell(window() ?? false, joined(stream)));
      });
      session.on("exec", (agree, _reject, { command }) => {
        const stream = agree();
        const options = pty === undefined ? {} : { pty: window() };
        void upstream.then((one) => one.exec(command, options as ExecOptions, joined(stream)));
      });
    });
  });
}

answerParent({
  listen: (target: Target) =>
    new Promise<{ port: number }>((resolve) => {
      const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => serve(client, target));
      const net = createServer({ noDelay: true }, (socket) => server.injectSocket(socket));
      net.listen(0, "127.0.0.1", () => resolve({ port: (net.address() as AddressInfo).port }));
    }),
});
