/** The one-time token of a link: `?token=…`, `#token=…` or `#…`. A fragment is never sent to any server. */
export function linkToken(query: string | undefined, hash: string): string {
  const fragment = hash.replace(/^#/, "").replace(/^token=/, "");
  return fragment === "" ? (query ?? "") : decodeURIComponent(fragment);
}

/** Whether the token opens nothing without its second part, which somebody else handed over. */
export function hasSecondPart(token: string): boolean {
  return token.startsWith("2.");
}

/** The link to hand over: the token stands in the fragment, so that it is in no log on the way. */
export function enrolmentLink(origin: string, token: string): string {
  return `${origin}/enrol#token=${encodeURIComponent(token)}`;
}
