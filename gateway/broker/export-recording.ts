/** Taking a recording out, or judging it. Each is an event; a download ends within a second of the right to it. */
import { done, refused, type Actor, type Outcome, type RecordingId } from "../domain/index.js";
import { raiseAlertNow } from "./alerts.js";
import type { BrokerDeps } from "./deps.js";
import { logReading, mayRead, whileAllowed } from "./recording-access.js";
import { requireStepUp } from "./step-up.js";

type Deps = Pick<BrokerDeps, "database" | "policy" | "library" | "clock" | "ids" | "notify">;
type Bytes = AsyncIterable<Uint8Array>;

/** The sealed container as it lies in the store. */
export async function exportContainer(deps: Deps, actor: Actor, id: RecordingId): Promise<Outcome<Bytes>> {
  return exportAs(deps, actor, id, { as: "container" }, () => deps.library.raw(id));
}

/** asciicast of one terminal. */
export async function exportAsciicast(
  deps: Deps,
  actor: Actor,
  id: RecordingId,
  channel: number,
): Promise<Outcome<Bytes>> {
  return exportAs(deps, actor, id, { as: "asciicast", channel }, () =>
    Promise.resolve(deps.library.asciicast(id, channel)),
  );
}

/** Printable text of one terminal. */
export async function exportText(deps: Deps, actor: Actor, id: RecordingId, channel: number): Promise<Outcome<Bytes>> {
  return exportAs(deps, actor, id, { as: "text", channel }, () => Promise.resolve(deps.library.text(id, channel)));
}

/** One desktop as a plain instruction stream. */
export async function exportGuac(deps: Deps, actor: Actor, id: RecordingId, channel: number): Promise<Outcome<Bytes>> {
  return exportAs(deps, actor, id, { as: "guac", channel }, () => Promise.resolve(deps.library.guac(id, channel)));
}

async function exportAs(
  deps: Deps,
  actor: Actor,
  id: RecordingId,
  detail: { readonly as: string; readonly channel?: number },
  open: () => Promise<Bytes | undefined>,
): Promise<Outcome<Bytes>> {
  const may = await mayRead(deps, actor, id, "export");
  if (!may.ok) return may;
  const recent = await requireStepUp(deps.database.read, deps.clock, deps.policy, actor);
  if (!recent.ok) return recent;
  await logReading(deps, may.value, "recording.exported", { as: detail.as, channel: detail.channel ?? null });
  const bytes = await open();
  if (bytes === undefined) return refused("not-found");
  return done(whileAllowed(bytes, deps.clock, async () => (await mayRead(deps, actor, id, "export")).ok));
}

/** What the verifier says of it; an altered one opens an alert. */
export async function verifyRecording(
  deps: Deps,
  actor: Actor,
  id: RecordingId,
): Promise<Outcome<{ readonly verdict: string; readonly detail: string }>> {
  const may = await mayRead(deps, actor, id, "replay");
  if (!may.ok) return may;
  const verdict = await deps.library.verify(id);
  const detail =
    "record" in verdict ? `record ${String(verdict.record)}: ${verdict.what}` : `${String(verdict.records)} records`;
  await logReading(deps, may.value, "recording.verified", { verdict: verdict.verdict, detail });
  if (verdict.verdict === "altered") {
    const { unitId } = may.value.recording;
    await raiseAlertNow(deps, {
      unitId,
      kind: "recording-altered",
      subject: `recording:${id}`,
      detail: { what: detail },
    });
  }
  return done({ verdict: verdict.verdict, detail });
}
