/**
 * Stands between gateway and guacd: keeps each `connect` the gateway sends, by the names that guacd asked for, and may answer guacd
 * something else in its place. Everything after the handshake passes untouched.
 */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { encodeInstruction, InstructionParser } from "../../recordings/codec/index.js";

export interface GuacdRelay {
  readonly port: number;
  /** Where guacd is; before it is set every connection is closed. */
  target: number;
  /** The settings of each connection, in order. */
  readonly connects: Readonly<Record<string, string>>[];
  /** Put over what the gateway set, from the next connection on. */
  override: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startGuacdRelay(): Promise<GuacdRelay> {
  const sockets = new Set<Socket>();
  const relay = {
    port: 0,
    target: 0,
    connects: [] as Record<string, string>[],
    override: {} as Record<string, string>,
  };
  const server = createServer((gateway) => {
    const guacd = connect(relay.target, "127.0.0.1");
    let names: readonly string[] = [];
    let shaken = false;
    const fromGuacd = new InstructionParser();
    const fromGateway = new InstructionParser();
    for (const [from, to] of [
      [gateway, guacd],
      [guacd, gateway],
    ] as const) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
      from.on("end", () => to.end());
    }
    guacd.on("data", (chunk: Buffer) => {
      if (names.length === 0)
        for (const { opcode, args } of fromGuacd.feed(chunk)) if (opcode === "args") names = [...args];
      gateway.write(chunk);
    });
    gateway.on("data", (chunk: Buffer) => {
      if (shaken) return void guacd.write(chunk);
      for (const { opcode, args, bytes } of fromGateway.feed(chunk)) {
        if (opcode !== "connect") {
          guacd.write(Uint8Array.from(bytes));
          continue;
        }
        shaken = true;
        const settings = Object.fromEntries(names.map((name, at) => [name, args[at] ?? ""]));
        relay.connects.push(settings);
        const sent = { ...settings, ...relay.override };
        guacd.write(encodeInstruction(["connect", ...names.map((name) => sent[name] ?? "")]));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  relay.port = (server.address() as AddressInfo).port;
  return Object.assign(relay, {
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
