/** Reading and signing what everyone who operates signs before his first session. Whose texts they are: `policy/declarations.ts`. */
import {
  asId,
  done,
  refused,
  type Actor,
  type Locale,
  type Outcome,
  type Signature,
  type SignatureId,
} from "../../domain/index.js";
import type { DeclarationView, RegistryUseCases } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { tellPerson } from "../identity-deps.js";
import { standing } from "../standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "policy" | "notify">;

/** The texts in force in one language, with when the reader signed each, in whichever language he did. */
export async function listDeclarations(
  deps: Pick<Deps, "database" | "policy">,
  actor: Actor,
  locale: Locale,
): Promise<Outcome<readonly DeclarationView[]>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined) return refused("unauthenticated");
  const views: DeclarationView[] = [];
  for (const { kind, texts } of deps.policy.declarations) {
    const digests = Object.values(texts).map((one) => one.digest);
    const where = { personId: reader.personId, kind, digest: { in: digests } } as const;
    const [signed] = await read.signatures.find(where, { orderBy: "signedAt", limit: 1 });
    views.push({ kind, ...texts[locale], signedAt: signed?.signedAt ?? null });
  }
  return done(views);
}

/** `stale` unless the digest is that of the text in force in that language. Signing again what is signed changes nothing. */
export async function sign(
  deps: Deps,
  actor: Actor,
  { kind, digest, locale }: Parameters<RegistryUseCases["sign"]>[1],
): Promise<Outcome<void>> {
  const declaration = deps.policy.declarations.find((one) => one.kind === kind);
  if (declaration === undefined) return refused("not-found");
  if (declaration.texts[locale].digest !== digest) return refused("stale", { field: "digest" });
  const outcome = await deps.database.write(async (tx): Promise<Outcome<void>> => {
    const signer = await standing(tx, actor);
    if (signer === undefined) return refused("unauthenticated");
    const { personId } = signer;
    if ((await tx.signatures.count({ personId, kind, digest })) > 0) return done(undefined);
    const signature: Signature = {
      id: asId<SignatureId>(deps.ids.next()),
      personId,
      kind,
      digest,
      locale,
      signedAt: deps.clock.now(),
      sourceAddress: actor.sourceAddress,
    };
    await tx.signatures.insert(signature);
    await tx.audit.append({
      verb: "person.signed-declaration",
      actorId: personId,
      object: { kind: "person", id: personId },
      sourceAddress: actor.sourceAddress,
      detail: { kind, digest, locale },
    });
    return done(undefined);
  });
  if (outcome.ok) tellPerson(deps, actor.personId);
  return outcome;
}
