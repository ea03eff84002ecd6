/**
 * One-time codes: RFC 6238 with SHA-1, six digits and 30 seconds, which every authenticator application knows. Whether a code was
 * used before is the caller's to keep, by the time step answered here.
 */
import { generateSecret, generateURI, verify } from "otplib";
import { GatehouseError } from "../domain/index.js";
import type { Vault } from "./contract.js";
import type { Keyring } from "./keyring.js";

const PERIOD_SECONDS = 30;
const SECRET_BYTES = 20;
const ISSUER = "Gatehouse";
const CODE = /^[0-9]{6}$/;
const WRONG_FORM = "000000";

type TotpPart = Pick<Vault, "newTotp" | "showTotp" | "checkTotp">;

export function createTotp(keyring: Keyring): TotpPart {
  const nobody = keyring.seal("totp", "nobody", Buffer.from(generateSecret({ length: SECRET_BYTES })));
  const otpauth = (label: string, secret: string): string => generateURI({ issuer: ISSUER, label, secret });
  return {
    newTotp: (bound, label) => {
      const secret = generateSecret({ length: SECRET_BYTES });
      return { secret, otpauth: otpauth(label, secret), sealed: keyring.seal("totp", bound, Buffer.from(secret)) };
    },
    showTotp: (bound, label, sealed) => {
      const secret = keyring.open("totp", bound, sealed).toString("utf8");
      return { secret, otpauth: otpauth(label, secret) };
    },
    checkTotp: async ({ bound, sealed, code, afterStep, nowMs }) => {
      const known = sealed !== null;
      const secret = keyring.open("totp", known ? bound : "nobody", sealed ?? nobody).toString("utf8");
      const wellFormed = CODE.test(code);
      const step = await matchingStep(secret, wellFormed ? code : WRONG_FORM, nowMs);
      if (!known || !wellFormed || step === undefined || step <= afterStep) return undefined;
      return step;
    },
  };
}

/** The step the code belongs to: the present one, the one before or the one after. */
async function matchingStep(secret: string, code: string, nowMs: number): Promise<number | undefined> {
  const result = await verify({
    secret,
    token: code,
    epoch: Math.floor(nowMs / 1000),
    period: PERIOD_SECONDS,
    epochTolerance: [PERIOD_SECONDS, PERIOD_SECONDS],
  });
  if (!result.valid) return undefined;
  if (!("timeStep" in result))
    throw new GatehouseError("internal", "a one-time code was checked without its time step");
  return result.timeStep;
}
