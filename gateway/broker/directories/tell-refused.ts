/** A sign-in that a directory, or what it said, did not carry. */
import type { DirectoryPerson } from "../../domain/index.js";
import type { DirectoryDeps, Unfit } from "./deps.js";

/** What is known of who tried: the login he typed, or that of his entry. */
type Tried = Pick<DirectoryPerson, "login"> & { readonly subject: string | null };

/** What was wrong, in the log and in the audit log; the browser reads none of it. */
export async function tellRefused(
  deps: Pick<DirectoryDeps, "database" | "log">,
  sourceAddress: string,
  entry: Tried | null,
  { unfit, personId }: Unfit,
  via: "oidc" | "ldap" = "oidc",
): Promise<void> {
  deps.log("warn", "a sign-in at the directory was refused", { why: unfit, subject: entry?.subject ?? null });
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "person.sign-in-failed",
      actorId: null,
      ...(entry?.login == null ? {} : { actorName: entry.login }),
      object: { kind: "person", id: personId ?? "unknown" },
      sourceAddress,
      decidedBy: unfit,
      detail: { via, subject: entry?.subject ?? null },
    }),
  );
}
