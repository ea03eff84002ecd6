/**
 * A passkey device in a real Chromium: its virtual authenticator over the DevTools protocol (ctap2, built in, resident keys,
 * user verification, touched by itself). It belongs to one page and lasts as long as that page. Passkeys need a secure
 * context: open the house as `http://localhost:PORT`, never as 127.0.0.1. Without a browser: software-authenticator.ts.
 */
import type { CDPSession, Page } from "playwright-core";

/** One credential as the device keeps it; `privateKey` and ids are base64. */
type VirtualCredential = Awaited<ReturnType<typeof credentialsOf>>[number];

export interface VirtualAuthenticator {
  /** Everything on the device, to be taken elsewhere. */
  credentials(): Promise<VirtualCredential[]>;
  /** Puts a credential on the device, e.g. another one's with an older `signCount`: the clone. One that is there is replaced. */
  take(credential: VirtualCredential): Promise<void>;
  /** Sets the counter of all its credentials back or forth. */
  setCounters(signCount: number): Promise<void>;
  /** From now on the person is (not) verified: no fingerprint, no PIN. */
  verifies(userVerified: boolean): Promise<void>;
  /** Whether it answers at once; if not, requests wait until their time is out. */
  touches(automatic: boolean): Promise<void>;
  /** Forgets one credential, by its base64 id. */
  forget(credentialId: string): Promise<void>;
  /** Pulls the device out. */
  remove(): Promise<void>;
}

async function credentialsOf(session: CDPSession, authenticatorId: string) {
  const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
  return credentials;
}

export async function addVirtualAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable", {});
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const forget = async (credentialId: string): Promise<void> => {
    await session.send("WebAuthn.removeCredential", { authenticatorId, credentialId });
  };
  const credentials = (): Promise<VirtualCredential[]> => credentialsOf(session, authenticatorId);
  const take = async (credential: VirtualCredential): Promise<void> => {
    const held = (await credentials()).some(({ credentialId }) => credentialId === credential.credentialId);
    if (held) await forget(credential.credentialId);
    await session.send("WebAuthn.addCredential", { authenticatorId, credential });
  };
  return {
    credentials,
    take,
    async setCounters(signCount) {
      for (const credential of await credentials()) await take({ ...credential, signCount });
    },
    async verifies(isUserVerified) {
      await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
    },
    async touches(enabled) {
      await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
    },
    forget,
    async remove() {
      await session.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
      await session.detach();
    },
  };
}
