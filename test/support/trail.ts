/** What a session left behind, read as the auditor: rows, events, alerts. For end-to-end tests. */
import { until, type Gatehouse } from "./gatehouse.js";

export interface SessionRow {
  readonly id: string;
  readonly state: string;
  readonly because: string | null;
  readonly recordingId: string;
  readonly recording: { readonly state: string };
}

export interface AuditEvent {
  readonly verb: string;
  readonly objectId: string;
  readonly decidedBy: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The person's sessions, newest first. */
export async function sessionsOf(house: Gatehouse, login: string): Promise<readonly SessionRow[]> {
  const auditor = await house.as("ivan");
  return (await auditor.call("GET", `/sessions?person=${login}`)).items;
}

/** The person's newest session once it has ended. */
export function endedSession(house: Gatehouse, login: string): Promise<SessionRow> {
  return until(`the end of ${login}'s session`, async () => {
    const [newest] = await sessionsOf(house, login);
    return newest?.state === "ended" ? newest : false;
  });
}

/** The newest events of one verb that this person caused. */
export async function eventsOf(house: Gatehouse, login: string, verb: string): Promise<readonly AuditEvent[]> {
  const auditor = await house.as("ivan");
  const { items } = await auditor.call("GET", `/audit/events?limit=200&verb=${verb}`);
  return items
    .filter((row: { actorLogin: string | null }) => row.actorLogin === login)
    .map((row: { leaf: string }) => JSON.parse(row.leaf) as AuditEvent);
}

/** Alerts that stand, by kind. */
export async function openAlerts(
  house: Gatehouse,
): Promise<readonly { readonly kind: string; readonly subject: string }[]> {
  const auditor = await house.as("ivan");
  return (await auditor.call("GET", "/alerts?open=true&limit=200")).items;
}
