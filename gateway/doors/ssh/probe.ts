/** Reaches a target without a session, for administrators: reads its key, tries a credential. The caller checked the address. */
import { connect } from "node:net";
import ssh2 from "ssh2";
import { GatehouseError } from "../../domain/index.js";
import { targetAlgorithms } from "./algorithms.js";
import { hostKeyLine, noCommonAlgorithm, reachTarget, type TargetCredential } from "./target-client.js";

export interface Probe {
  /** The host key as OpenSSH one line, ed25519 before others; rejects with `target-unreachable` or `target-too-old`. */
  scanHostKey(target: { readonly address: string; readonly port: number; readonly legacy: boolean }): Promise<string>;
  testCredential(target: {
    readonly address: string;
    readonly port: number;
    readonly username: string;
    readonly hostKey: string;
    readonly legacy: boolean;
    readonly credential: TargetCredential;
  }): Promise<"ok" | "refused" | "unreachable" | "too-old" | "key-changed">;
}

/** `timeoutMs` bounds each call. */
export function createProbe(options: { readonly timeoutMs?: number } = {}): Probe {
  const timeoutMs = options.timeoutMs ?? 10_000;
  return {
    scanHostKey: (target) => scan(target, timeoutMs),
    async testCredential({ legacy, ...target }) {
      const reached = await reachTarget({ ...target, legacyAlgorithms: legacy }, timeoutMs);
      switch (reached.kind) {
        case "ready":
          reached.client.end();
          reached.socket.destroy();
          return "ok";
        case "credential-refused":
          return "refused";
        case "key-changed":
          return "key-changed";
        case "too-old":
          return "too-old";
        case "unreachable":
          return "unreachable";
      }
    },
  };
}

function scan(
  target: { readonly address: string; readonly port: number; readonly legacy: boolean },
  timeoutMs: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.address, port: target.port, noDelay: true });
    const client = new ssh2.Client();
    const fail = (error?: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      const code = error !== undefined && noCommonAlgorithm(error) ? "target-too-old" : "target-unreachable";
      reject(new GatehouseError(code, "the target showed no host key"));
    };
    const timer = setTimeout(() => fail(), timeoutMs);
    socket.on("error", fail);
    client.on("error", fail);
    client.on("close", () => fail());
    socket.once("connect", () =>
      client.connect({
        sock: socket,
        username: "gatehouse",
        algorithms: targetAlgorithms(target.legacy),
        hostVerifier: (key: Buffer) => {
          clearTimeout(timer);
          resolve(hostKeyLine(key));
          socket.destroy();
          return false;
        },
        readyTimeout: timeoutMs,
      }),
    );
  });
}
