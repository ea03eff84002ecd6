/** A person in one line of plain text, for titles, choices and watermarks; on a page `person-name.vue` shows him. */

interface Named {
  readonly login: string;
  readonly displayName: string;
  readonly vendorChain: readonly string[];
}

/** `Name (login, vendor › its principal)`; a unit's own person has no vendor. */
export function personText({ login, displayName, vendorChain }: Named): string {
  return `${displayName} (${[login, vendorChain.join(" › ")].filter((part) => part !== "").join(", ")})`;
}

/** A vendor by its chain, from itself upwards. */
export const chainText = ({ chain }: { readonly chain: readonly string[] }): string => chain.join(" › ");

/** The same of what belongs to somebody: a grant, an entitlement, a review. */
export const ownerText = (of: {
  readonly personLogin: string;
  readonly personName: string;
  readonly vendorChain: readonly string[];
}): string => personText({ login: of.personLogin, displayName: of.personName, vendorChain: of.vendorChain });

/** The same person as the properties of `person-name.vue`. */
export const named = (person: Named & { readonly contractNumber: string | null }) => ({
  name: person.displayName,
  login: person.login,
  vendorChain: person.vendorChain,
  contractNumber: person.contractNumber,
});
