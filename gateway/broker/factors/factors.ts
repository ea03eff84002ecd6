/** Binds passkeys, step-up, page sessions, waiting terminals and device keys to what they stand on. Only names and arguments. */
import { done, type Actor } from "../../domain/index.js";
import type { FactorUseCases, SignInOffers } from "../broker.js";
import type { IdentityDeps } from "../identity-deps.js";
import { signInRules } from "../sign-in-rules.js";
import { endPageSession, listPageSessions, signOutEverywhere } from "./page-sessions.js";
import { beginProof, judgeProof, passkeySite, passkeysOf } from "./passkey-proof.js";
import { beginPasskeySignIn, signInByPasskey } from "./passkey-sign-in.js";
import { addPasskey, beginPasskey, listPasskeys, renamePasskey } from "./passkeys.js";
import { passkeyEnding, retirePasskey } from "./retire-passkey.js";
import { beginStepUp, stepUp } from "./step-up.js";
import type { PasskeyProof, TerminalDeps } from "./terminal-deps.js";
import { bindTerminals } from "./terminals.js";

type Deps = IdentityDeps & Omit<TerminalDeps, "passkeys" | "waits">;

/** `throttle` is the one that sign-ins count in. */
export function createFactors(deps: Deps): FactorUseCases {
  return {
    offers: () => offers(deps),
    beginPasskey: (actor) => beginPasskey(deps, actor),
    addPasskey: (actor, input) => addPasskey(deps, actor, input),
    listPasskeys: (actor) => listPasskeys(deps, actor),
    renamePasskey: (actor, id, name) => renamePasskey(deps, actor, id, name),
    passkeyEnding: (actor, id) => passkeyEnding(deps, actor, id),
    retirePasskey: (actor, id) => retirePasskey(deps, actor, id),
    beginPasskeySignIn: () => beginPasskeySignIn(deps),
    signInByPasskey: (input) => signInByPasskey(deps, input),
    beginStepUp: (actor) => beginStepUp(deps, actor),
    stepUp: (actor: Actor, factor) => stepUp(deps, actor, factor),
    sessions: (actor, page) => listPageSessions(deps, actor, page),
    endSession: (actor, id) => endPageSession(deps, actor, id),
    signOutEverywhere: (actor, personId) => signOutEverywhere(deps, actor, personId),
    ...bindTerminals({ ...deps, passkeys: proofOf(deps) }),
  };
}

async function offers(deps: Pick<Deps, "database" | "policy" | "config">): Promise<SignInOffers> {
  const { password } = await signInRules(deps.database.read, deps.policy);
  const { dormantDays: _days, ...shown } = password;
  return { passkeys: passkeySite(deps.config.publicUrl) !== undefined, password: shown };
}

/** A person's own passkey as the proof of another use case. */
function proofOf(deps: Deps): PasskeyProof {
  return {
    begin: async (asked) => beginProof(deps, asked, await passkeysOf(deps.database.read, asked.personId)),
    async verify(tx, { handle, response, purpose, personId, webSessionId }) {
      const sourceAddress = (await tx.webSessions.get(webSessionId))?.sourceAddress ?? null;
      const asked = { purpose, personId, webSessionId };
      const proof = await judgeProof(deps, tx, asked, personId, { handle, response, sourceAddress });
      return proof.ok ? done(proof.value.id) : proof;
    },
  };
}
