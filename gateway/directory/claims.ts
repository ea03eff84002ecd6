/**
 * What is taken from a provider's claims (OpenID Connect Core §5.1, §2). Each is bounded and of the form expected, or counts
 * as not said: a claim is never coerced. An e-mail that the provider did not verify is none.
 */
import type { DirectoryPerson } from "../domain/index.js";

const LONGEST = 255;
const MOST_GROUPS = 1_000;

export type Claims = Readonly<Record<string, unknown>>;

export interface ClaimRules {
  readonly groupsClaim: string;
  /** Values of `amr` or `acr` that prove a second factor. */
  readonly secondFactor: readonly string[];
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= LONGEST ? value : null;
}

function texts(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.slice(0, MOST_GROUPS).flatMap((one) => text(one) ?? []);
}

/** Seconds since 1970, as ms. */
function moment(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) * 1000 : null;
}

/**
 * The person of an ID token and userinfo of the same `sub`. How he signed in is told by the ID token alone: userinfo is not
 * about this sign-in.
 */
export function personOf(idToken: Claims, userinfo: Claims, rules: ClaimRules): DirectoryPerson | undefined {
  const subject = text(idToken["sub"]);
  if (subject === null) return undefined;
  const all: Claims = { ...idToken, ...userinfo };
  const proofs = [...texts(idToken["amr"]), ...texts(idToken["acr"])];
  return {
    subject,
    login: text(all["preferred_username"]),
    displayName: text(all["name"]),
    email: all["email_verified"] === true ? text(all["email"]) : null,
    groups: texts(all[rules.groupsClaim]),
    provedAt: moment(idToken["auth_time"]),
    provedSecondFactor: proofs.some((proof) => rules.secondFactor.includes(proof)),
  };
}
