/** Binds waiting terminals and device keys to what they stand on. Only names and arguments; no rule lives here. */
import type { FactorUseCases } from "../broker.js";
import { approveTerminal, refuseTerminal, terminalQuestion } from "./approve-terminal.js";
import { askTerminal } from "./ask-terminal.js";
import { awaitTerminal, endDeviceLogin, pollDeviceKey } from "./await-terminal.js";
import { listDeviceKeys, retireDeviceKey } from "./device-keys.js";
import { createSignInByDeviceKey } from "./sign-in-by-device-key.js";
import type { TerminalDeps } from "./terminal-deps.js";
import { createTerminalWaits } from "./terminal-waits.js";

export type TerminalUseCases = Pick<
  FactorUseCases,
  | "askTerminal"
  | "awaitTerminal"
  | "terminalQuestion"
  | "approveTerminal"
  | "refuseTerminal"
  | "pollDeviceKey"
  | "endDeviceLogin"
  | "listDeviceKeys"
  | "retireDeviceKey"
  | "signInByDeviceKey"
>;

export function bindTerminals(given: Omit<TerminalDeps, "waits">): TerminalUseCases {
  const deps: TerminalDeps = { ...given, waits: createTerminalWaits() };
  return {
    askTerminal: (input) => askTerminal(deps, input),
    awaitTerminal: (id, signal) => awaitTerminal(deps, id, signal),
    terminalQuestion: (actor, code) => terminalQuestion(deps, actor, code),
    approveTerminal: (actor, input) => approveTerminal(deps, actor, input),
    refuseTerminal: (actor, code) => refuseTerminal(deps, actor, code),
    pollDeviceKey: (pollToken, signal) => pollDeviceKey(deps, pollToken, signal),
    endDeviceLogin: (pollToken, sourceAddress) => endDeviceLogin(deps, pollToken, sourceAddress),
    listDeviceKeys: (actor) => listDeviceKeys(deps, actor),
    retireDeviceKey: (actor, id) => retireDeviceKey(deps, actor, id),
    signInByDeviceKey: createSignInByDeviceKey(deps),
  };
}
