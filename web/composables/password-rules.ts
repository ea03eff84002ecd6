/** What the page can say about a password before it is sent, by the rules the gate offers; the gate has the last word. */
import type { PasswordRules } from "../api/types.js";

export type PasswordFault = "tooShort" | "fewKinds" | "hasLogin";
/** What the gate asks at least, whatever its policy: for the moment before its own rules are known. */
export const LEAST_RULES = { leastCharacters: 10, leastKinds: 0, longestDays: null, history: 0 } as const;
type Rules = Pick<PasswordRules, "leastCharacters" | "leastKinds">;

export function passwordFault(password: string, login: string, rules: Rules): PasswordFault | undefined {
  if ([...password].length < rules.leastCharacters) return "tooShort";
  if (kindsIn(password) < rules.leastKinds) return "fewKinds";
  if (login.length >= 3 && password.toLowerCase().includes(login.toLowerCase())) return "hasLogin";
  return undefined;
}

/** Of capital letters, small letters, digits and everything else, as the gate counts them. */
function kindsIn(password: string): number {
  return [/\p{Lu}/u, /\p{Ll}/u, /\p{Nd}/u, /[^\p{Lu}\p{Ll}\p{Nd}]/u].filter((kind) => kind.test(password)).length;
}
