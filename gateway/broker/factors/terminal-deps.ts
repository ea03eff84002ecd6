/** What the use cases of waiting terminals and device keys stand on. */
import type { ChallengePurpose, Outcome, PasskeyId, PersonId, Stores, WebSessionId } from "../../domain/index.js";
import type { Ceremony, WebAuthnJson } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import type { Throttle } from "../throttle.js";
import type { TerminalWaits } from "./terminal-waits.js";

/** Passkeys asked for and checked by `passkeys.ts`. */
export interface PasskeyProof {
  /** A ceremony for this person in this page session; good once, two minutes. */
  begin(asked: {
    readonly purpose: ChallengePurpose;
    readonly personId: PersonId;
    readonly webSessionId: WebSessionId;
  }): Promise<Outcome<Ceremony>>;
  /** Uses the ceremony up and checks the answer to it, in the caller's transaction; answers which passkey it was. */
  verify(
    tx: Stores,
    shown: {
      readonly handle: string;
      readonly purpose: ChallengePurpose;
      readonly personId: PersonId;
      readonly webSessionId: WebSessionId;
      readonly response: WebAuthnJson;
    },
  ): Promise<Outcome<PasskeyId>>;
}

export type TerminalDeps = Pick<
  BrokerDeps,
  "database" | "clock" | "ids" | "notify" | "config" | "calendar" | "policy" | "log"
> & {
  readonly throttle: Throttle;
  readonly passkeys: PasskeyProof;
  readonly waits: TerminalWaits;
};
