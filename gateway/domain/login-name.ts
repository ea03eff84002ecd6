/**
 * What a person types as the SSH user name: `user@account@asset`, `user@asset` or `user`, with `+` wherever `@` may stand.
 * ASCII only, bounded, and never throwing: what cannot be a name is answered as undefined, whatever it held. Names that
 * could confuse the split are refused where they are created, by the validators below.
 */

export interface LoginName {
  readonly login: string;
  /** Null: the one account the person holds on the asset. */
  readonly accountLogin: string | null;
  /** Null: the menu. */
  readonly assetName: string | null;
}

const PERSON_LOGIN = /^[a-z][a-z0-9._-]{0,31}$/;
const ASSET_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
/** Printable ASCII without blank, `%` (OpenSSH 10 expands it), `+` and `@`. */
const ACCOUNT_LOGIN = /^[!-$&-*,-?A-~]{1,64}$/;
const LONGEST = 32 + 1 + 64 + 1 + 63;

/** `[a-z][a-z0-9._-]{0,31}` */
export function isPersonLogin(text: string): boolean {
  return PERSON_LOGIN.test(text);
}

/** `[a-z0-9][a-z0-9._-]{0,62}` */
export function isAssetName(text: string): boolean {
  return ASSET_NAME.test(text);
}

/** 1–64 printable ASCII characters without blank, `@`, `+` and `%`. */
export function isAccountLogin(text: string): boolean {
  return ACCOUNT_LOGIN.test(text);
}

/** Splits a login name; undefined for anything that is not exactly one. */
export function parseLoginName(text: string): LoginName | undefined {
  if (typeof text !== "string" || text.length === 0 || text.length > LONGEST) return undefined;
  const parts = text.split(/[@+]/, 4);
  const [login, second, third] = parts;
  if (login === undefined || parts.length > 3 || !isPersonLogin(login)) return undefined;
  if (second === undefined) return { login, accountLogin: null, assetName: null };
  if (third === undefined) return isAssetName(second) ? { login, accountLogin: null, assetName: second } : undefined;
  return isAccountLogin(second) && isAssetName(third) ? { login, accountLogin: second, assetName: third } : undefined;
}
