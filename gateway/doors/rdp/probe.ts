/**
 * Reads the certificate a desktop shows, without signing in: an X.224 connection request that asks for TLS (MS-RDPBCGR §2.2.1.1),
 * the answer (§2.2.1.2), then a TLS handshake. The caller checked the address. Nothing shown is trusted here, only told.
 */
import { createHash } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { GatehouseError } from "../../domain/index.js";

export interface DesktopProbe {
  /** `x509-sha256 <64 hex digits>`; rejects with `target-unreachable`, or `target-too-old` when it shows none. */
  scanCertificate(target: { readonly address: string; readonly port: number }): Promise<string>;
}

const WITHIN_MS = 10_000;
/** TPKT, X.224 connection request, RDP_NEG_REQ for PROTOCOL_SSL | PROTOCOL_HYBRID (§2.2.1.1.1). */
const REQUEST = Buffer.from("03000013" + "0ee00000000000" + "0100080003000000", "hex");
const CONFIRM_LENGTH = 19;
const TYPE_AT = 11;
const NEGOTIATED = 2;
const CHOSEN_AT = 15;
/** Any bytes more in the answer than one small packet are no answer. */
const CONFIRM_MOST = 64;

/** `timeoutMs` bounds each call. */
export function createDesktopProbe(options: { readonly timeoutMs?: number } = {}): DesktopProbe {
  const timeoutMs = options.timeoutMs ?? WITHIN_MS;
  return {
    async scanCertificate(target) {
      const socket = connectTcp({ host: target.address, port: target.port, noDelay: true });
      const timer = setTimeout(() => socket.destroy(new Error("took too long")), timeoutMs);
      try {
        await negotiate(socket);
        return `x509-sha256 ${createHash("sha256")
          .update(await leaf(socket))
          .digest("hex")}`;
      } catch (error) {
        if (error instanceof GatehouseError) throw error;
        throw new GatehouseError("target-unreachable", "the target showed no certificate", error);
      } finally {
        clearTimeout(timer);
        socket.destroy();
      }
    },
  };
}

function negotiate(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = Buffer.alloc(0);
    const settle = (error?: Error): void => {
      socket.removeAllListeners("data");
      socket.pause();
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.once("connect", () => socket.write(REQUEST));
    // Stays to the end: an error after this step is heard by the TLS handshake too.
    socket.on("error", (error) => settle(error));
    socket.once("close", () => settle(new Error("closed")));
    socket.on("data", (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      if (heard.length > CONFIRM_MOST || (heard[0] ?? 3) !== 3) return settle(new Error("no RDP"));
      if (heard.length < 4 || heard.length < heard.readUInt16BE(2)) return;
      settle(choice(heard));
    });
  });
}

/** RDP_NEG_RSP (§2.2.1.2.1) with TLS or CredSSP chosen; a host that answers otherwise has no certificate to show. */
function choice(confirm: Buffer): Error | undefined {
  const negotiated = confirm.length === CONFIRM_LENGTH && confirm[TYPE_AT] === NEGOTIATED;
  const chosen = negotiated ? confirm.readUInt32LE(CHOSEN_AT) : 0;
  return chosen === 0 ? new GatehouseError("target-too-old", "the target offers no TLS") : undefined;
}

function leaf(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Old hosts are to be read too; what they may be used for is somebody else's decision.
    const tls = connectTls({ socket, rejectUnauthorized: false, minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" });
    tls.once("error", reject);
    tls.once("close", () => reject(new Error("closed")));
    tls.once("secureConnect", () => {
      const { raw } = tls.getPeerCertificate();
      tls.destroy();
      if (raw instanceof Buffer) resolve(raw);
      else reject(new Error("no certificate"));
    });
  });
}
