/** How people sign in here and for how long: policy's answer for the language the installation was made in. */
import type { Locale, Stores } from "../domain/index.js";
import type { Policy, SignInPolicy } from "../policy/index.js";

/** The setting that keeps the first administrator's language; written once, with the first person. */
export const INSTALLATION_LOCALE = "installation-locale";

/** The language the installation was made in. One that does not know it is held to Chinese, whose rules are the stricter. */
export async function installationLocale(stores: Pick<Stores, "settings">): Promise<Locale> {
  return (await stores.settings.get(INSTALLATION_LOCALE))?.value === "en" ? "en" : "zh-CN";
}

/** The rules in force. */
export async function signInRules(
  stores: Pick<Stores, "settings">,
  policy: Pick<Policy, "signIn">,
): Promise<SignInPolicy> {
  return policy.signIn(await installationLocale(stores));
}
