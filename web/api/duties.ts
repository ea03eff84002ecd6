/** What I sign, and whom I answer for. */
import { get, post } from "./http.js";
import type { DeclarationsAnswer, DeclarationView, Locale, ReviewListing, ReviewView } from "./types.js";

export const declarations = (locale: Locale): Promise<DeclarationsAnswer> =>
  get("/declarations", { query: { locale } });
export const signDeclaration = (kind: DeclarationView["kind"], digest: string, locale: Locale): Promise<void> =>
  post(`/declarations/${kind}/signature`, { digest, locale });

export const reviews = (
  cursor?: string,
  query: { readonly view: "mine" | "all"; readonly state?: ReviewView["state"] } = { view: "mine" },
): Promise<ReviewListing> => get("/reviews", { query: { cursor, ...query } });
export const decideReview = (id: string, keep: boolean): Promise<void> => post(`/reviews/${id}/decision`, { keep });
