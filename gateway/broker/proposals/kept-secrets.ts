/**
 * What waits for a proposer after the confirmation: sealed, for an hour or as long as an enrolment link is good, fetched once. The
 * row says afterwards only that it was fetched or is gone.
 */
import type { PersonId, ProposalId, Stores } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";

const KEPT_MS = 3_600_000;
const LONGEST_MS = 24 * 3_600_000;
const PREFIX = "proposal-secret:";

interface Kept {
  readonly sealed: string;
  readonly until: number;
}

/** In the transaction of the confirmation. */
export async function keepSecret(
  deps: Pick<BrokerDeps, "vault" | "clock">,
  tx: Stores,
  id: ProposalId,
  secret: string,
  keptMs = KEPT_MS,
): Promise<void> {
  const kept: Kept = { sealed: deps.vault.seal("proposal", boundOf(id), secret), until: deps.clock.now() + keptMs };
  await tx.settings.insert({ id: PREFIX + id, value: JSON.stringify(kept) });
}

/** Takes it out for good; undefined when there is none, it was fetched, or its time is over. Answers the sealed text. */
export async function takeSecret(
  deps: Pick<BrokerDeps, "clock">,
  tx: Stores,
  id: ProposalId,
): Promise<string | undefined> {
  const row = await tx.settings.get(PREFIX + id);
  const kept = row === undefined ? undefined : keptOf(row.value);
  if (row === undefined || kept === undefined || deps.clock.now() >= kept.until) return undefined;
  return (await tx.settings.update(row.id, { value: "fetched" }, { value: row.value })) ? kept.sealed : undefined;
}

/** Whether it waits still. */
export async function secretWaits(stores: Pick<Stores, "settings">, id: ProposalId, now: number): Promise<boolean> {
  const row = await stores.settings.get(PREFIX + id);
  const kept = row === undefined ? undefined : keptOf(row.value);
  return kept !== undefined && now < kept.until;
}

/** Lends the plaintext of what `takeSecret` answered. */
export function openSecret(deps: Pick<BrokerDeps, "vault">, id: ProposalId, sealed: string): Promise<string> {
  return deps.vault.lend("proposal", boundOf(id), sealed, (secret) => secret);
}

/** Takes away what waits for this proposer: whoever signs in as him next may be another. */
export async function dropKeptOf(tx: Stores, proposedBy: PersonId, now: number): Promise<void> {
  const where = { proposedBy, state: "confirmed", decidedAt: { gt: now - LONGEST_MS } } as const;
  for (const { id } of await tx.proposals.find(where, { limit: 1000 })) {
    const row = await tx.settings.get(PREFIX + id);
    if (row !== undefined && keptOf(row.value) !== undefined)
      await tx.settings.update(row.id, { value: "gone" }, { value: row.value });
  }
}

/** Takes away what nobody fetched in time. */
export async function sweepKept(deps: Pick<BrokerDeps, "database" | "clock">): Promise<void> {
  const now = deps.clock.now();
  const rows = await deps.database.read.settings.find({ id: { contains: PREFIX }, value: { contains: "{" } });
  const over = rows.filter((row) => now >= (keptOf(row.value)?.until ?? Infinity));
  if (over.length === 0) return;
  await deps.database.write(async (tx) => {
    for (const { id, value } of over) await tx.settings.update(id, { value: "gone" }, { value });
  });
}

function keptOf(value: string): Kept | undefined {
  return value.startsWith("{") ? (JSON.parse(value) as Kept) : undefined;
}

function boundOf(id: ProposalId): string {
  return `proposal:${id}`;
}
