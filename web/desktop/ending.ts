/** Which words a desktop's end has: first for its code, then for its numeric status. Pure; the words are in `locales/`. */
import Guacamole from "guacamole-common-js";
import { END_REASONS, PROBLEM_CODES } from "../../gateway/http/contract/constants.js";
import { TUNNEL_CODES, type TunnelEnd } from "./tunnel.js";

/** Every numeric status there is (Guacamole protocol reference, "status codes"), success aside. */
export const STATUSES: readonly number[] = Object.values(Guacamole.Status.Code).filter(
  (value): value is Guacamole.Status.Code => typeof value === "number" && value !== Guacamole.Status.Code.SUCCESS,
);
/** Problems that an operator has to be told of in other words than an administrator. */
const OPERATOR_CODES = ["target-credential-refused", "target-key-changed", "ticket-refused", "not-found"] as const;
/** Codes with words of their own. */
export const END_CODES: readonly string[] = [...new Set([...END_REASONS, ...TUNNEL_CODES, ...OPERATOR_CODES])];
const PROBLEMS: readonly string[] = PROBLEM_CODES;

/** Where `what` and `next` of an end stand: under `desktop.end`, `error` or `desktop.status`. */
export interface EndingWords {
  readonly branch: "end" | "error" | "status";
  readonly key: string;
}

export function endingWords({ code, status }: TunnelEnd): EndingWords {
  if (code !== undefined && END_CODES.includes(code)) return { branch: "end", key: code };
  if (code !== undefined && PROBLEMS.includes(code)) return { branch: "error", key: code };
  return { branch: "status", key: String(STATUSES.includes(status) ? status : Guacamole.Status.Code.SERVER_ERROR) };
}

/** Ends that are as they should be: nothing went wrong, and red would be a lie. */
export function isCalm({ code, status }: TunnelEnd): boolean {
  if (code === undefined) return status === Guacamole.Status.Code.SESSION_CLOSED;
  return ["left", "target-closed", "expired", "idle", "node-drained"].includes(code);
}
