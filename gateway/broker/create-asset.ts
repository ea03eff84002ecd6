/** A new asset, and the listings that administrators read. It opens nothing until its host key was confirmed. */
import {
  asId,
  done,
  GatehouseError,
  isAssetName,
  judgeHost,
  judgeTarget,
  refused,
  type Actor,
  type Asset,
  type AssetId,
  type Outcome,
  type Stores,
  type UnitId,
} from "../domain/index.js";
import { isOwner, NO_STANDING, standingFault, standingOf } from "./asset-standing.js";
import { accountView, assetView } from "./asset-views.js";
import type { AccountView, AssetUseCases, AssetView, Listing, Page } from "./broker.js";
import type { BrokerConfig, BrokerDeps } from "./deps.js";
import { desktopFault, newDesktopSettings } from "./desktop-settings.js";
import { assetPin } from "./hashing.js";
import { mapListing, pageOfEither } from "./pages.js";
import { holdUnit } from "./registry/unit-tree.js";
import { covers, scopeOf, withinUnits } from "./scope.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "config">;
type CreateInput = Parameters<AssetUseCases["create"]>[1];

export const DESCRIPTION_LONGEST = 500;

/** Why a host and port cannot be an asset's; undefined when they can. Names are judged again at every dial. */
export function hostFault(config: BrokerConfig, host: string, port: number): ReturnType<typeof refused> | undefined {
  if (!Number.isInteger(port) || port < 1 || port > 65535) return refused("invalid-input", { field: "port" });
  const spelling = judgeHost(host);
  if (spelling.kind === "refused") return refused("address-refused", { field: "host" });
  if (spelling.kind === "name") return undefined;
  const judged = judgeTarget({ host, address: spelling.address, port }, config);
  return judged.ok ? undefined : refused("address-refused", { field: "host" });
}

function inputFault(config: BrokerConfig, input: CreateInput): ReturnType<typeof refused> | undefined {
  if (!isAssetName(input.name)) return refused("invalid-input", { field: "name" });
  if (input.description.length > DESCRIPTION_LONGEST) return refused("invalid-input", { field: "description" });
  const standing = standingFault(input);
  if (standing !== undefined) return standing;
  if (input.protocol === "rdp" && input.legacyAlgorithms)
    return refused("invalid-input", { field: "legacyAlgorithms" });
  return desktopFault(input.protocol, input.desktop) ?? hostFault(config, input.host, input.port);
}

/**
 * System administrators only, in a unit they cover (`invalid-input` on `unitId`, `ownerId`). `conflict` on field `name` when it
 * is taken, also by a retired asset or another unit's.
 */
export async function createAsset(deps: Deps, actor: Actor, input: CreateInput): Promise<Outcome<AssetView>> {
  const admin = await standing(deps.database.read, actor);
  if (admin?.power !== "system") return refused("forbidden");
  const fault = inputFault(deps.config, input);
  if (fault !== undefined) return fault;
  const unitId = input.unitId ?? (await deps.database.read.powers.get(admin.personId))?.unitId ?? admin.unitId;
  const asset = newAsset(deps, admin, unitId, input);
  let written: Outcome<void> = done(undefined);
  const taken = await insertOrConflict(() =>
    deps.database.write(async (tx) => {
      written = await mayPlace(tx, actor, asset);
      if (written.ok) await insertAsset(tx, actor, asset);
    }),
  );
  if (taken) return refused("conflict", { field: "name" });
  return written.ok ? done(await assetView(deps.database.read, asset)) : written;
}

/** Whether the actor administrates the asset's unit, and the unit and owner stand. */
async function mayPlace(tx: Stores, actor: Actor, { unitId, ownerId }: Asset): Promise<Outcome<void>> {
  const admin = await standing(tx, actor);
  if (admin?.power !== "system") return refused("forbidden");
  const scope = await scopeOf(tx, admin, ["system"]);
  if (!covers(scope, unitId) || !(await holdUnit(tx, unitId))) return refused("invalid-input", { field: "unitId" });
  return (await isOwner(tx, unitId, ownerId, scope)) ? done(undefined) : refused("invalid-input", { field: "ownerId" });
}

function newAsset(deps: Pick<Deps, "ids" | "clock">, admin: Actor, unitId: UnitId, input: CreateInput): Asset {
  return {
    id: asId<AssetId>(deps.ids.next()),
    unitId,
    name: input.name,
    protocol: input.protocol,
    host: input.host,
    port: input.port,
    description: input.description,
    legacyAlgorithms: input.legacyAlgorithms,
    desktop: newDesktopSettings(input.protocol, input.desktop),
    hostKey: null,
    hostKeyConfirmedBy: null,
    hostKeyConfirmedAt: null,
    pin: assetPin({ host: input.host, port: input.port, hostKey: null }),
    pendingChange: null,
    ...standingOf(NO_STANDING, input),
    state: "active",
    createdAt: deps.clock.now(),
    createdBy: admin.personId,
  };
}

async function insertAsset(tx: Stores, actor: Actor, asset: Asset): Promise<void> {
  await tx.assets.insert(asset);
  await tx.audit.append({
    verb: "asset.created",
    actorId: actor.personId,
    object: { kind: "asset", id: asset.id },
    sourceAddress: actor.sourceAddress,
    detail: {
      name: asset.name,
      host: asset.host,
      port: asset.port,
      protocol: asset.protocol,
      legacy: asset.legacyAlgorithms,
      ...standingOf(asset, {}),
      ...(asset.desktop === null ? {} : { ...asset.desktop }),
    },
  });
}

/** Whether the insertion met a unique column that is taken. */
export async function insertOrConflict(insert: () => Promise<void>): Promise<boolean> {
  try {
    await insert();
    return false;
  } catch (error) {
    if (error instanceof GatehouseError && error.code === "conflict") return true;
    throw error;
  }
}

/** For the three powers, of the units they cover. `q` is looked for in name and host. */
export async function listAssets(
  deps: Pick<Deps, "database">,
  actor: Actor,
  page: Page & { readonly q?: string },
): Promise<Outcome<Listing<AssetView>>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined || reader.power === null) return refused("forbidden");
  const scope = withinUnits(await scopeOf(read, reader, [reader.power]));
  const q = page.q?.trim() ?? "";
  const named = [
    { ...scope, name: { contains: q } },
    { ...scope, host: { contains: q } },
  ];
  const listing = await pageOfEither(read.assets, q === "" ? [scope] : named, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done(await mapListing(listing, (asset) => assetView(read, asset)));
}

/** For the three powers. */
export async function getAsset(
  deps: Pick<Deps, "database">,
  actor: Actor,
  id: AssetId,
): Promise<Outcome<{ readonly asset: AssetView; readonly accounts: readonly AccountView[] }>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined || reader.power === null) return refused("forbidden");
  const asset = await read.assets.get(id);
  if (asset === undefined || !covers(await scopeOf(read, reader, [reader.power]), asset.unitId))
    return refused("not-found");
  const accounts = await read.accounts.find({ assetId: id }, { orderBy: "login", limit: 1000 });
  return done({
    asset: await assetView(read, asset),
    accounts: accounts.map((account) => accountView(account, asset)),
  });
}
