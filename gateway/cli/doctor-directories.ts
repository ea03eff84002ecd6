/**
 * What `gatehouse doctor` says of the directories that are set up: asked as a sign-in would ask them, up to where a person is needed. Each
 * question has its end (5 s OpenID Connect, 12 s LDAP). No secret and no answer of theirs is printed.
 */
import { openDirectories, type DirectoriesConfig } from "../directory/index.js";
import { OIDC_RETURN_PATH, type Clock, type LdapPort, type OidcPort } from "../domain/index.js";
import type { DoctorTexts } from "./doctor-texts.js";

/** Nobody has to be called so: the reader's bind and the search of the base are what is asked for. */
const NOBODY = "gatehouse-doctor";
const CERTIFICATE = /certificate|altname|self.signed|\bca\b/i;

export interface DirectoryQuestion {
  readonly what: "directories" | "oidc" | "ldap";
  /** One line for people; throws with one when something is wrong. */
  readonly look: () => Promise<string>;
}

/** One question a directory; a single one when none is set up, or what is set up is refused at the start. */
export function directoryQuestions(
  config: DirectoriesConfig & { readonly publicUrl: string },
  clock: Pick<Clock, "monotonicUs">,
  texts: DoctorTexts,
): readonly DirectoryQuestion[] {
  try {
    const { oidc, ldap } = openDirectories(config, clock);
    const questions: DirectoryQuestion[] = [];
    if (oidc !== null) questions.push({ what: "oidc", look: () => askOidc(oidc, config.publicUrl, texts) });
    if (ldap !== null) questions.push({ what: "ldap", look: () => askLdap(ldap, config.ldapUrl ?? "", texts) });
    if (questions.length > 0) return questions;
    return [{ what: "directories", look: () => Promise.resolve(texts.noDirectory()) }];
  } catch (error) {
    const refusal = error instanceof Error ? error : new Error(String(error));
    return [{ what: "directories", look: () => Promise.reject(refusal) }];
  }
}

async function askOidc(oidc: OidcPort, publicUrl: string, texts: DoctorTexts): Promise<string> {
  try {
    await oidc.begin({ redirectUri: new URL(OIDC_RETURN_PATH, publicUrl).href });
  } catch (error) {
    throw new Error(texts[faultOf(error)](oidc.issuer), { cause: error });
  }
  return texts.oidcStands(oidc.issuer);
}

/** What the library calls it: another issuer, an answer of another form, a certificate that does not hold, or no answer. */
function faultOf(error: unknown): "oidcOther" | "oidcOdd" | "oidcTls" | "oidcAway" {
  const cause = error instanceof Error ? error.cause : undefined;
  const below = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : "";
  if (CERTIFICATE.test(below)) return "oidcTls";
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED") return "oidcOther";
  const odd = ["RESPONSE_IS_NOT_CONFORM", "RESPONSE_IS_NOT_JSON", "INVALID_RESPONSE", "PARSE_ERROR"];
  return typeof code === "string" && odd.includes(code.replace("OAUTH_", "")) ? "oidcOdd" : "oidcAway";
}

async function askLdap(ldap: LdapPort, url: string, texts: DoctorTexts): Promise<string> {
  const found = await ldap.find(NOBODY);
  if (found.state !== "unreachable") return texts.ldapStands(url);
  const { why } = found;
  if (/invalid credentials|0x31/i.test(why)) throw new Error(texts.ldapPassword(url));
  if (CERTIFICATE.test(why)) throw new Error(texts.ldapTls(url));
  throw new Error(why.includes("base of the directory") ? texts.ldapBase(url) : texts.ldapAway(url));
}
