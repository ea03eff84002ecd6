/**
 * What a directory ends: the person's epoch rises (page sessions, connections and device keys of before are dead), his grants
 * are revoked and his requests withdrawn, in one transaction; live sessions end within two seconds. Where he is closed he
 * signs in no more. What stands for longer, entitlements among it, is for people here to take.
 */
import { GatehouseError, type Person, type Stores } from "../../domain/index.js";
import { raiseAlert } from "../alerts.js";
import { tellPerson } from "../identity-deps.js";
import { alertNotice } from "../notices.js";
import { endOfDisabled } from "../registry/after-change.js";
import { endHanging, hangingOn, tellEnded, type Hanging } from "../registry/ending.js";
import type { DirectoryDeps } from "./deps.js";

type Deps = Pick<DirectoryDeps, "database" | "clock" | "ids" | "notify">;

const NOBODY = { personId: null, sourceAddress: null };

export interface EndOfAccess {
  readonly why: string;
  /** Which directory said so. */
  readonly by: string;
  /** `disabled`: signs in no more until somebody here, or his own directory, says otherwise; `stays`: as he is. */
  readonly state: "disabled" | "stays";
}

/** In the caller's transaction. Undefined when the row changed meanwhile; then nothing was done. */
export async function endAccess(
  deps: Pick<Deps, "clock">,
  tx: Stores,
  person: Person,
  end: EndOfAccess,
): Promise<Hanging | undefined> {
  const closed =
    end.state === "disabled" ? ({ state: "disabled", enrolmentHash: null, enrolmentExpiresAt: null } as const) : {};
  const expected = { state: person.state, credentialEpoch: person.credentialEpoch };
  const patch = { ...closed, credentialEpoch: person.credentialEpoch + 1 };
  if (!(await tx.people.update(person.id, patch, expected))) return undefined;
  await tx.audit.append({
    verb: "person.directory-gone",
    actorId: null,
    object: { kind: "person", id: person.id },
    sourceAddress: null,
    decidedBy: end.why,
    detail: { by: end.by, state: end.state },
  });
  if (end.state === "disabled") return endOfDisabled(deps, tx, NOBODY, person.id, "directory-gone");
  const hanging = await hangingOn(tx, { personIds: [person.id], contractIds: [] });
  return endHanging(deps, tx, NOBODY, { ...hanging, entitlements: [] }, "directory-gone");
}

/** After commit. */
export function tellEndOfAccess(deps: Pick<Deps, "notify">, person: Person, ended: Hanging): void {
  tellEnded(deps, ended);
  tellPerson(deps, person.id);
}

/**
 * `endAccess` in a transaction of its own. The last who can use a power stays as he is, and an alert says so: no directory
 * closes the house. `last` says that this was so.
 */
export async function endAccessNow(deps: Deps, person: Person, end: EndOfAccess): Promise<"ended" | "last" | "stale"> {
  try {
    const ended = await deps.database.write((tx) => endAccess(deps, tx, person, end));
    if (ended === undefined) return "stale";
    tellEndOfAccess(deps, person, ended);
    return "ended";
  } catch (error) {
    if (!(error instanceof GatehouseError) || error.code !== "last-of-power") throw error;
    await alertLast(deps, person, end);
    return "last";
  }
}

/** The directory wants somebody closed whom the house cannot do without. */
export async function alertLast(deps: Deps, person: Person, end: Pick<EndOfAccess, "why" | "by">): Promise<void> {
  const alert = await deps.database.write((tx) =>
    raiseAlert(deps, tx, {
      unitId: person.unitId,
      kind: "last-of-power",
      subject: `person:${person.id}`,
      detail: { login: person.login, why: end.why, by: end.by },
    }),
  );
  deps.notify(alertNotice(alert));
}
