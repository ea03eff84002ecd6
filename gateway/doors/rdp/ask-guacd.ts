/** Asks what listens where guacd should whether it is guacd, without opening a connection to any target. For `gatehouse doctor`. */
import { connect } from "node:net";
import { encodeInstruction, GuacamoleError, InstructionParser } from "../../../recordings/codec/index.js";
import type { HostPort } from "./door-deps.js";
import { ABANDON } from "./guacd-link.js";

export type GuacdAnswer =
  | { readonly ok: true; readonly version: string; readonly args: readonly string[] }
  | { readonly ok: false; readonly why: "unreachable" | "silent" | "not-guacd" };

const WITHIN_MS = 5_000;

/** `version`: of the handshake that it offers, e.g. `1.3.0`. Never rejects; answers within five seconds. */
export function askGuacd(at: HostPort, withinMs = WITHIN_MS): Promise<GuacdAnswer> {
  return new Promise((resolve) => {
    const parser = new InstructionParser();
    const socket = connect({ host: at.host, port: at.port });
    let connected = false;
    const answer = (found: GuacdAnswer): void => {
      clearTimeout(timer);
      // guacd's child ends at once, or it would wait for the rest of a handshake.
      if (connected && !socket.destroyed) socket.end(ABANDON, () => socket.destroy());
      else socket.destroy();
      resolve(found);
    };
    const none = (why: "unreachable" | "silent" | "not-guacd"): void => answer({ ok: false, why });
    const timer = setTimeout(() => none(connected ? "silent" : "unreachable"), withinMs);
    socket.once("connect", () => {
      connected = true;
      socket.write(encodeInstruction(["select", "rdp"]));
    });
    socket.once("error", () => none(connected ? "not-guacd" : "unreachable"));
    socket.once("close", () => none("not-guacd"));
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const { opcode, args } of parser.feed(chunk)) {
          if (opcode !== "args") return none("not-guacd");
          const offered = /^VERSION_(\d+)_(\d+)_(\d+)$/.exec(args[0] ?? "");
          const version = offered === null ? "1.0.0" : offered.slice(1).join(".");
          return answer({ ok: true, version, args: offered === null ? [...args] : args.slice(1) });
        }
      } catch (error) {
        if (!(error instanceof GuacamoleError)) throw error;
        none("not-guacd");
      }
    });
  });
}
