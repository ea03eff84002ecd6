/** What a session leaves in its recording, its rows and the audit log beside its channels: transfers and refusals. */
import { asId, type Channel, type ChannelId, type ChannelKind, type TransferRecord } from "../domain/index.js";
import type { LiveChannel } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import type { LiveEntry } from "./live-entry.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids">;

/** Refusals a session has written out one by one; later ones are only counted, so that nobody floods the log with them. */
const REFUSALS_WRITTEN = 500;
const TEXT_LONGEST = 4096;
const KINDS: readonly ChannelKind[] = ["shell", "exec", "sftp", "scp", "rsync", "forward", "desktop", "file"];

/** A file that passed: in the recording first, then as row and event. */
export async function logTransfer(
  deps: Deps,
  entry: LiveEntry,
  channel: LiveChannel,
  record: TransferRecord,
): Promise<void> {
  const atUs = entry.open?.tap.elapsedUs ?? 0;
  await channel.tap.transfer(record);
  const id = deps.ids.next();
  const { direction, path, size, sha256, sequential } = record;
  await deps.database.write(async (tx) => {
    await tx.transfers.insert({
      id,
      sessionId: entry.id,
      recordingId: entry.recordingId,
      channelNumber: channel.tap.number,
      atUs,
      direction,
      path: path.slice(0, TEXT_LONGEST),
      size,
      sha256,
      sequential,
    });
    await tx.audit.append({
      verb: "transfer.logged",
      actorId: entry.personId,
      object: { kind: "transfer", id },
      sourceAddress: entry.sourceAddress,
      detail: { sessionId: entry.id, direction, path: path.slice(0, TEXT_LONGEST), size, sha256, sequential },
    });
  });
}

/** A channel that was not opened, counted apart: its row has a negative number, which no container uses. */
export async function logRefusedChannel(
  deps: Deps,
  entry: LiveEntry,
  ask: { readonly kind: string; readonly detail: string; readonly because: string },
): Promise<void> {
  entry.refusals += 1;
  if (entry.refusals > REFUSALS_WRITTEN) return;
  const now = deps.clock.now();
  const kind = KINDS.find((one) => one === ask.kind);
  const detail = ask.detail.slice(0, TEXT_LONGEST);
  const row: Channel = {
    id: asId<ChannelId>(deps.ids.next()),
    sessionId: entry.id,
    connectionId: entry.connectionId,
    number: -entry.refusals,
    kind: kind ?? "exec",
    detail: kind === undefined ? `${ask.kind.slice(0, 64)} ${detail}`.trim() : detail,
    outcome: "refused",
    refusedBecause: ask.because,
    bytesIn: 0,
    bytesOut: 0,
    exit: null,
    openedAt: now,
    closedAt: now,
  };
  if (entry.ended === null) await entry.open?.tap.note("refused", { channel: ask.kind, detail, because: ask.because });
  await deps.database.write(async (tx) => {
    await tx.channels.insert(row);
    await tx.audit.append({
      verb: "channel.refused",
      actorId: entry.personId,
      object: { kind: "channel", id: row.id },
      sourceAddress: entry.sourceAddress,
      decidedBy: ask.because,
      detail: { sessionId: entry.id, kind: ask.kind.slice(0, 64), detail },
    });
  });
}

/** Something vetoed inside an open channel: a write without the right, a forbidden extension. */
export async function logRefusedAct(
  deps: Deps,
  entry: LiveEntry,
  channel: LiveChannel,
  act: { readonly what: string; readonly path?: string; readonly because: string },
): Promise<void> {
  entry.refusals += 1;
  if (entry.refusals > REFUSALS_WRITTEN) return;
  const path = (act.path ?? "").slice(0, TEXT_LONGEST);
  const { number } = channel.tap;
  if (entry.ended === null)
    await entry.open?.tap.note("refused", { channel: number, what: act.what, path, because: act.because });
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: act.path === undefined ? "channel.refused" : "transfer.refused",
      actorId: entry.personId,
      object: { kind: "session", id: entry.id },
      sourceAddress: entry.sourceAddress,
      decidedBy: act.because,
      detail: { channel: number, what: act.what, path },
    }),
  );
}
