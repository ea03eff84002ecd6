/** What the page can say about a password before it is sent; the gate has the last word. */
export type PasswordFault = "tooShort" | "hasLogin";
const PASSWORD_MIN = 12;

export function passwordFault(password: string, login: string): PasswordFault | undefined {
  if ([...password].length < PASSWORD_MIN) return "tooShort";
  if (login.length >= 3 && password.toLowerCase().includes(login.toLowerCase())) return "hasLogin";
  return undefined;
}
