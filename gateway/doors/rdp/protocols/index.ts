/** The protocols that this door speaks through guacd, one line each. */
import type { Protocol } from "../../../domain/index.js";
import type { DesktopProtocol } from "./protocol.js";
import { rdp } from "./rdp.js";

const PROTOCOLS: readonly DesktopProtocol[] = [rdp];

/** Undefined: not a desktop's. */
export function protocolFor(protocol: Protocol): DesktopProtocol | undefined {
  return PROTOCOLS.find((one) => one.protocol === protocol);
}

export type { Arguments, DesktopProtocol } from "./protocol.js";
