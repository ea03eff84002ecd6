/** What a form still lacks before it can be sent, by the names the API gives its fields. Comfort alone: the gate looks for itself. */
import type { CreateContractBody, CreatePersonBody } from "../api/types.js";

/** Reasons are written down for others to read; the gate takes none that is shorter or longer. */
export const REASON_LEAST = 3;
export const REASON_MOST = 500;

export function isReason(text: string): boolean {
  return text.trim().length >= REASON_LEAST;
}

/** @param about `isNew`: nobody yet, so that of a vendor's person the identity number is asked; `reason`: what was written where two persons must agree, else undefined. */
export function missingOfPerson(
  value: CreatePersonBody,
  about: { readonly isNew: boolean; readonly reason: string | undefined },
): readonly string[] {
  const isOutside = (value.vendorId ?? null) !== null;
  const lacks: readonly (readonly [field: string, lacking: boolean])[] = [
    ["login", value.login.trim() === ""],
    ["displayName", value.displayName.trim() === ""],
    ["contractId", isOutside && (value.contractId ?? "") === ""],
    ["sponsorId", isOutside && (value.sponsorId ?? "") === ""],
    ["identityNumber", isOutside && about.isNew && (value.identityNumber ?? "") === ""],
    ["reason", about.reason !== undefined && !isReason(about.reason)],
  ];
  return lacks.flatMap(([field, lacking]) => (lacking ? [field] : []));
}

export function missingOfContract(value: CreateContractBody): readonly string[] {
  const texts = ["number", "vendorId", "title", "fromDate", "toDate", "ownerId"] as const;
  return [
    ...texts.filter((field) => value[field].trim() === ""),
    ...(["assetIds", "actions"] as const).filter((field) => value.scope[field].length === 0),
  ];
}
