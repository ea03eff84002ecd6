/** The browser's half of a passkey: asks the authenticator, and says plainly when the person or the browser did not want to. */
import {
  browserSupportsWebAuthn,
  startAuthentication,
  startRegistration,
  WebAuthnError,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/browser";
import type { CeremonyView } from "./types.js";

type Answer = { readonly handle: string; readonly response: Record<string, unknown> };

/** Nothing came of it on this side: put away, timed out, or the browser cannot. */
export class PasskeyPutAway extends Error {
  override readonly name = "PasskeyPutAway";
}

export const passkeysWork = (): boolean => browserSupportsWebAuthn();

/** Rejects with `PasskeyPutAway` when the authenticator gave nothing. */
export async function answerCeremony({ handle, options }: CeremonyView): Promise<Answer> {
  const optionsJSON = options as unknown as PublicKeyCredentialRequestOptionsJSON;
  return { handle, response: { ...(await asked(startAuthentication({ optionsJSON }))) } };
}

/** The same for a new passkey. */
export async function makePasskey({ handle, options }: CeremonyView): Promise<Answer> {
  const optionsJSON = options as unknown as PublicKeyCredentialCreationOptionsJSON;
  return { handle, response: { ...(await asked(startRegistration({ optionsJSON }))) } };
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    const domExceptions = ["NotAllowedError", "AbortError", "InvalidStateError", "SecurityError", "NotSupportedError"];
    if (cause instanceof WebAuthnError || (cause instanceof Error && domExceptions.includes(cause.name)))
      throw new PasskeyPutAway(cause.name, { cause });
    throw cause;
  }
}
