/** Who speaks SCIM here: a bearer token that two persons agreed on, known by its hash, for a unit and what lies below it. */
import { done, refused, type Outcome, type ScimToken, type ScimTokenId, type Stores } from "../../../domain/index.js";
import { hashOfToken } from "../../secrets-shown-once.js";
import type { DirectoryDeps } from "../deps.js";

/** A token's use is noted so often at most. */
const NOTED_EVERY_MS = 60_000;

type Deps = Pick<DirectoryDeps, "database" | "clock" | "throttle">;

/** `unauthenticated` for a token that is none, or retired. Wrong ones count against the address, and keep no right one out. */
export async function enter(deps: Deps, bearer: string, sourceAddress: string): Promise<Outcome<ScimToken>> {
  const hash = hashOfToken(bearer);
  const [token] = hash === undefined ? [] : await deps.database.read.scimTokens.find({ hash }, { limit: 1 });
  if (token?.retiredAt !== null) {
    const admitted = deps.throttle.token(sourceAddress);
    return admitted.ok
      ? refused("unauthenticated")
      : refused("too-many-tries", { retryAfterMs: admitted.retryAfterMs });
  }
  const now = deps.clock.now();
  if (now - (token.lastUsedAt ?? 0) >= NOTED_EVERY_MS)
    await deps.database.write((tx) => tx.scimTokens.update(token.id, { lastUsedAt: now }, { retiredAt: null }));
  return done(token);
}

/** The token as its row says in this transaction: one that was retired meanwhile writes nothing more. */
export async function tokenNow(tx: Pick<Stores, "scimTokens">, id: ScimTokenId): Promise<ScimToken | undefined> {
  const token = await tx.scimTokens.get(id);
  return token?.retiredAt === null ? token : undefined;
}
