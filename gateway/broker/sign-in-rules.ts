/** How people sign in here and for how long: policy's answer for the language the installation was made in. */
import type { Locale, Stores } from "../domain/index.js";
import type { Policy, SignInPolicy } from "../policy/index.js";

/** The setting that keeps the first administrator's language; written once, with the first person. */
export const INSTALLATION_LOCALE = "installation-locale";

/** The rules in force. An installation that does not know its language is held to the stricter preset. */
export async function signInRules(
  stores: Pick<Stores, "settings">,
  policy: Pick<Policy, "signIn">,
): Promise<SignInPolicy> {
  const setting = await stores.settings.get(INSTALLATION_LOCALE);
  const locale: Locale = setting?.value === "en" ? "en" : "zh-CN";
  return policy.signIn(locale);
}
