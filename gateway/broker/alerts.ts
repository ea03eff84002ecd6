/** Alerts: one open per kind and subject, counted up when it happens again, resolved by one person and closed by another. */
import {
  alertMay,
  asId,
  done,
  refused,
  type Actor,
  type Alert,
  type AlertId,
  type AlertKind,
  type Outcome,
  type PersonId,
  type Power,
  type SessionId,
  type Stores,
  type UnitId,
} from "../domain/index.js";
import type { AlertView, Listing, Page } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { alertNotice } from "./notices.js";
import { pageOf } from "./pages.js";
import { namedPeople } from "./registry/named-people.js";
import { rowsById } from "./registry/rows-by-id.js";
import { isPlainText } from "./request-access.js";
import { covers, scopeOf, withinUnits, type UnitScope } from "./scope.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "notify">;

export interface AlertFact {
  readonly unitId: UnitId;
  readonly kind: AlertKind;
  /** `noun:id` */
  readonly subject: string;
  readonly detail: Alert["detail"];
}

/** Opens the alert, or counts it on when one of its kind and subject is open. In the caller's transaction. */
export async function raiseAlert(deps: Pick<Deps, "clock" | "ids">, tx: Stores, fact: AlertFact): Promise<AlertId> {
  const now = deps.clock.now();
  const [open] = await tx.alerts.find({
    kind: fact.kind,
    subject: fact.subject,
    state: { in: ["open", "acknowledged"] },
  });
  if (open !== undefined) {
    await tx.alerts.update(open.id, { lastAt: now, count: open.count + 1, detail: fact.detail });
    return open.id;
  }
  const id = asId<AlertId>(deps.ids.next());
  await tx.alerts.insert({
    ...fact,
    id,
    state: "open",
    at: now,
    lastAt: now,
    count: 1,
    acknowledgedBy: null,
    acknowledgedAt: null,
    resolution: null,
  });
  await tx.audit.append({
    verb: "alert.opened",
    actorId: null,
    object: { kind: "alert", id },
    sourceAddress: null,
    detail: { kind: fact.kind, subject: fact.subject, ...fact.detail },
  });
  return id;
}

/** `raiseAlert` in a transaction of its own, told after commit. */
export async function raiseAlertNow(deps: Deps, fact: AlertFact): Promise<void> {
  const id = await deps.database.write((tx) => raiseAlert(deps, tx, fact));
  deps.notify(alertNotice(id));
}

const POWERS: readonly Power[] = ["system", "security", "audit"];

/** Alerts of the reader's units, for the three powers. `open`: those nobody resolved yet. */
export async function listAlerts(
  deps: Pick<Deps, "database">,
  actor: Actor,
  page: Page & { readonly open?: boolean },
): Promise<Outcome<Listing<AlertView>>> {
  const { read } = deps.database;
  const now = await standing(read, actor);
  if (now === undefined || now.power === null) return refused("forbidden");
  const scope = await scopeOf(read, now, POWERS);
  const within = withinUnits(scope);
  const where = page.open === true ? { ...within, state: { in: ["open", "acknowledged"] as const } } : within;
  const listing = await pageOf(read.alerts, where, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done({ items: await alertViews(read, listing.items, scope), next: listing.next });
}

/** With the people they name, read at once; contracts within the reader's units alone. */
async function alertViews(stores: Stores, alerts: readonly Alert[], scope: UnitScope): Promise<readonly AlertView[]> {
  const named = (alert: Alert, kind: string): string | undefined =>
    alert.subject.startsWith(`${kind}:`) ? alert.subject.slice(kind.length + 1) : undefined;
  const ids = alerts.flatMap((alert) => (named(alert, "session") ?? []) as SessionId | []);
  const sessions = await rowsById(stores.sessions, ids);
  const aboutOf = (alert: Alert): PersonId | null =>
    sessions.get(named(alert, "session") ?? "")?.personId ?? ((named(alert, "person") ?? null) as PersonId | null);
  const people = await namedPeople(
    stores,
    alerts.flatMap((alert) => [aboutOf(alert), alert.acknowledgedBy]),
    scope,
  );
  const nameOf = (id: PersonId | null) => (id === null ? null : (people.get(id) ?? null));
  return alerts.map((alert) => ({
    ...alert,
    about: nameOf(aboutOf(alert)),
    acknowledger: nameOf(alert.acknowledgedBy),
  }));
}

/** Someone has seen it. */
export async function acknowledgeAlert(deps: Deps, actor: Actor, id: AlertId): Promise<Outcome<AlertView>> {
  return move(deps, actor, id, "acknowledged", null);
}

/** Cause and measure are known; 3 … 1,000 characters. */
export async function resolveAlert(
  deps: Deps,
  actor: Actor,
  id: AlertId,
  resolution: string,
): Promise<Outcome<AlertView>> {
  const text = resolution.trim();
  if (text.length < 3 || text.length > 1000 || !isPlainText(text))
    return refused("invalid-input", { field: "resolution" });
  return move(deps, actor, id, "resolved", text);
}

/** Another person than who resolved it agrees that it is over; `needs-second-person` for the same one. */
export async function closeAlert(deps: Deps, actor: Actor, id: AlertId): Promise<Outcome<AlertView>> {
  return move(deps, actor, id, "closed", null);
}

const VERBS = {
  acknowledged: "alert.acknowledged",
  resolved: "alert.resolved",
  closed: "alert.closed",
} as const;

interface Moved {
  readonly alert: Alert;
  readonly scope: UnitScope;
}

async function move(
  deps: Deps,
  actor: Actor,
  id: AlertId,
  to: keyof typeof VERBS,
  resolution: string | null,
): Promise<Outcome<AlertView>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Moved>> => {
    const now = await standing(tx, actor);
    if (now === undefined || now.power === null) return refused("forbidden");
    const alert = await tx.alerts.get(id);
    const scope = await scopeOf(tx, now, POWERS);
    if (alert === undefined || !covers(scope, alert.unitId)) return refused("not-found");
    if (!alertMay(alert.state, to)) return refused("conflict");
    if (to === "closed" && (await resolvedBy(tx, id)) === now.personId) return refused("needs-second-person");
    const patch = {
      acknowledged: { state: to, acknowledgedBy: now.personId, acknowledgedAt: deps.clock.now() },
      resolved: { state: to, resolution },
      closed: { state: to },
    }[to];
    if (!(await tx.alerts.update(id, patch, { state: alert.state }))) return refused("conflict");
    await tx.audit.append({
      verb: VERBS[to],
      actorId: now.personId,
      object: { kind: "alert", id },
      sourceAddress: actor.sourceAddress,
      detail: resolution === null ? { kind: alert.kind } : { kind: alert.kind, resolution },
    });
    return done({ alert: { ...alert, ...patch }, scope });
  });
  if (!outcome.ok) return outcome;
  deps.notify(alertNotice(id));
  const [view] = await alertViews(deps.database.read, [outcome.value.alert], outcome.value.scope);
  return view === undefined ? refused("not-found") : done(view);
}

/** Who resolved it, as the event of it says. */
async function resolvedBy(tx: Stores, id: AlertId): Promise<PersonId | null | undefined> {
  const [event] = await tx.audit.find({ objectId: id, verb: "alert.resolved" }, { limit: 1 });
  return event?.actorId;
}
