/** The security duties a vendor accepted: the document lies beside the recordings under its own hash, and is never overwritten. */
import { createHash } from "node:crypto";
import {
  done,
  GatehouseError,
  refused,
  type Actor,
  type BlobReader,
  type Contract,
  type ContractId,
  type Outcome,
} from "../../domain/index.js";
import { isPlainName } from "../../text/index.js";
import type { ContractView } from "../broker.js";
import { covers } from "../scope.js";
import { contractView, readContract } from "./contract-views.js";
import { keeperOf, tellRegister, type RegisterDeps } from "./register-deps.js";

const MOST_BYTES = 20 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;

function blobName(id: ContractId, sha256: string): string {
  return `documents/${id}/${sha256}`;
}

/** See `RegistryUseCases.acceptDuties`. `conflict` for a contract that is over. */
export async function acceptDuties(
  deps: RegisterDeps,
  actor: Actor,
  id: ContractId,
  { name, bytes }: { readonly name: string; readonly bytes: Uint8Array },
): Promise<Outcome<ContractView>> {
  if (!isPlainName(name) || /[/\\]/.test(name)) return refused("invalid-input", { field: "name" });
  if (bytes.byteLength === 0 || bytes.byteLength > MOST_BYTES) return refused("invalid-input", { field: "bytes" });
  const may = await open(deps, deps.database.read, actor, id);
  if (!may.ok) return may;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await keep(deps, blobName(id, sha256), bytes);
  const outcome = await deps.database.write(async (tx): Promise<Outcome<ContractView>> => {
    const contract = await open(deps, tx, actor, id);
    if (!contract.ok) return contract;
    const patch = {
      dutiesName: name,
      dutiesSha256: sha256,
      dutiesBytes: bytes.byteLength,
      dutiesAcceptedAt: deps.clock.now(),
    };
    if (!(await tx.contracts.update(id, patch, { state: "active" }))) return refused("conflict");
    await tx.audit.append({
      verb: "contract.duties-accepted",
      actorId: actor.personId,
      object: { kind: "contract", id },
      sourceAddress: actor.sourceAddress,
      detail: { name, sha256, bytes: bytes.byteLength, instead: contract.value.dutiesSha256 },
    });
    return done(await contractView(tx, { ...contract.value, ...patch }, deps.clock.now()));
  });
  if (outcome.ok) tellRegister(deps, id);
  return outcome;
}

async function open(
  deps: RegisterDeps,
  stores: RegisterDeps["database"]["read"],
  actor: Actor,
  id: ContractId,
): Promise<Outcome<Contract>> {
  const keeper = await keeperOf(stores, actor);
  if (!keeper.ok) return keeper;
  const contract = await stores.contracts.get(id);
  if (contract === undefined || !covers(keeper.value.scope, contract.unitId)) return refused("not-found");
  return contract.state === "active" && deps.clock.now() < contract.toAt ? done(contract) : refused("conflict");
}

/** The name is the hash of what it holds, so that one which is there already is the same. */
async function keep({ documents }: Pick<RegisterDeps, "documents">, name: string, bytes: Uint8Array): Promise<void> {
  try {
    const writer = await documents.create(name);
    await writer.append(bytes);
    await writer.sync();
    await writer.finish();
  } catch (error) {
    if (!(error instanceof GatehouseError) || error.code !== "conflict") throw error;
  }
}

/** For the three powers. The last piece is given out only when the whole has the hash that was accepted. */
export async function dutiesDocument(
  deps: RegisterDeps,
  actor: Actor,
  id: ContractId,
): Promise<Outcome<{ readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }>> {
  const contract = await readContract(deps, actor, id);
  if (!contract.ok) return contract;
  const { dutiesName, dutiesSha256 } = contract.value;
  if (dutiesName === null || dutiesSha256 === null) return refused("not-found");
  const reader = await deps.documents.open(blobName(id, dutiesSha256));
  if (reader === undefined) throw new GatehouseError("storage-unavailable", "a duties document is not in the store");
  return done({ name: dutiesName, bytes: pieces(reader, dutiesSha256) });
}

async function* pieces(reader: BlobReader, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  try {
    for (let offset = 0; offset < reader.size; offset += PIECE_BYTES) {
      const piece = await reader.read(offset, PIECE_BYTES);
      hash.update(piece);
      const isLast = offset + PIECE_BYTES >= reader.size;
      if (isLast && hash.digest("hex") !== sha256)
        throw new GatehouseError("internal", "a duties document is not the one that was accepted");
      yield piece;
    }
  } finally {
    await reader.close();
  }
}
