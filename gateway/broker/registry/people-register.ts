/** Binds leaving, files, declarations and the review to what they stand on. Only names and arguments; no rule lives here. */
import type { RegistryUseCases } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { exportCsv } from "./export-csv.js";
import { importCsv, type ImportDeps } from "./import-csv.js";
import { leave, personEnding } from "./leave.js";
import { decideReview, listReviews } from "./reviews.js";
import { listDeclarations, sign } from "./sign.js";

type PeopleRegister = Pick<
  RegistryUseCases,
  "personEnding" | "leave" | "importCsv" | "exportCsv" | "declarations" | "sign" | "reviews" | "decideReview"
>;

export function bindPeopleRegister(deps: ImportDeps & Pick<BrokerDeps, "policy">): PeopleRegister {
  return {
    personEnding: (actor, id) => personEnding(deps, actor, id),
    leave: (actor, id, reason) => leave(deps, actor, id, reason),
    importCsv: (actor, input) => importCsv(deps, actor, input),
    exportCsv: (actor, kind) => exportCsv(deps, actor, kind),
    declarations: (actor, locale) => listDeclarations(deps, actor, locale),
    sign: (actor, input) => sign(deps, actor, input),
    reviews: (actor, page) => listReviews(deps, actor, page),
    decideReview: (actor, id, input) => decideReview(deps, actor, id, input),
  };
}
