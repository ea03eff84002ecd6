/**
 * The composition root: the only file that knows every room. It opens them in order, hands each what it needs, and closes
 * them in the reverse order. It decides nothing.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { join, resolve } from "node:path";
import { pino, type Logger } from "pino";
import { createBroker, type Broker, type Log } from "./broker/index.js";
import { createCalendar, zoneOf } from "./calendar.js";
import { EVERY_ADDRESS, type Config } from "./config.js";
import { DataFolderError, takeDataFolder } from "./data-folder.js";
import { openDirectories } from "./directory/index.js";
import { asId, DESKTOP_PATH, type BlobStore, type Clock, type NodeId, type Stores } from "./domain/index.js";
import { createDesktopDoor, createDesktopProbe } from "./doors/rdp/index.js";
import { createProbe, createSshDoor } from "./doors/ssh/index.js";
import { createHttp } from "./http/index.js";
import { createLive } from "./live/index.js";
import { createMetrics } from "./metrics.js";
import { openPolicy } from "./policy/index.js";
import { createLibrary, createRecorder, PasswordPrompt, recover, type RecorderDeps } from "./recording/index.js";
import {
  createIds,
  createLocalBlobs,
  formatVerifierKey,
  openBlobs,
  openDatabase,
  type StorageDatabase,
} from "./storage/index.js";
import { readTlsPair } from "./tls-pair.js";
import { openVault, type Vault } from "./vault/index.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const RATE_WINDOW_MS = 10_000;
/** A machine that is asked what ails it may be slow. */
const LOOK_MS = 15_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicUs: () => Number(process.hrtime.bigint() / 1000n),
};

export interface Gateway {
  readonly broker: Broker;
  /** For the demo's seeding and nothing else. */
  readonly read: Stores;
  /** `name+keyid+base64` of what signs checkpoints and recordings. */
  readonly evidenceKey: string;
  readonly ssh: { readonly port: number; readonly fingerprint: string };
  readonly http: { readonly port: number };
  /** Refuses new sessions, warns live ones and ends them within `graceMs`, closes recordings, stops. */
  stop(graceMs: number): Promise<void>;
}

function toLog(logger: Logger): Log {
  return (level, message, detail) => logger[level](detail ?? {}, message);
}

/** To look at the database and not to serve from it: nothing in it changes, its schema neither. */
export function lookAtStores(config: Pick<Config, "databaseUrl">): Promise<StorageDatabase> {
  const nobody = asId<NodeId>("nobody");
  const url = config.databaseUrl;
  return openDatabase({
    url,
    clock: systemClock,
    ids: createIds(),
    nodeId: nobody,
    log: () => undefined,
    toLook: true,
    timeoutMs: LOOK_MS,
  });
}

/** Where containers live: a folder, or an S3 bucket behind a spool in the data folder. */
export function openRecordings(config: Config, log: Log = () => undefined): ReturnType<typeof openBlobs> {
  return openBlobs({ url: config.recordingsUrl, spool: join(config.data, "spool"), log });
}

/** Services of the gate itself, which no asset may point at. */
async function ownServices(config: Config): Promise<{ address: string; port: number }[]> {
  const services = [config.sshListen, config.httpListen, config.guacd];
  const objects = config.recordingsUrl.startsWith("s3:")
    ? new URL(config.recordingsUrl).searchParams.get("endpoint")
    : null;
  for (const url of [config.databaseUrl, objects]) {
    if (url === null || url.startsWith("sqlite:")) continue;
    const { hostname, port, protocol } = new URL(url);
    const usual = protocol === "https:" ? 443 : protocol === "http:" ? 80 : 5432;
    services.push({ host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? usual : Number(port) });
  }
  const resolved = await Promise.all(
    services.map(async ({ host, port }) =>
      (await lookup(host, { all: true }).catch(() => [{ address: host }])).map(({ address }) => ({ address, port })),
    ),
  );
  return resolved.flat().flatMap(({ address, port }) => {
    // A listener on every address is reached through each of them.
    if (!EVERY_ADDRESS.includes(address)) return [{ address, port }];
    return Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).map((one) => ({ address: one.address, port })),
    );
  });
}

/** Keys or recordings without people mean a lost database, not a new installation. */
async function refuseOrphans(database: StorageDatabase, config: Config, fresh: boolean): Promise<void> {
  if (fresh || (await database.read.people.count({})) > 0) return;
  const folder = join(config.data, "recordings");
  if (existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".ghr"))) {
    throw new DataFolderError(
      `${folder} holds recordings but the database has no people: restore the database before starting`,
    );
  }
}

function recorderDeps(input: {
  readonly config: Config;
  readonly blobs: BlobStore;
  readonly vault: Vault;
  readonly nodeId: NodeId;
  readonly log: Log;
}): RecorderDeps {
  const { config, blobs, vault, nodeId, log } = input;
  return {
    blobs,
    journal: createLocalBlobs(join(config.data, "journal")),
    crypto: vault,
    clock: systemClock,
    nodeId,
    quotas: {
      sessionBytes: config.sessionBytes,
      bytesPerSecond: config.sessionBytesPerSecond,
      rateWindowMs: RATE_WINDOW_MS,
      reserveBytes: config.reserveBytes,
    },
    log,
  };
}

/** Opens every room and both doors. Rejects with one plain sentence when something does not open; nothing stays half open. */
export async function openGateway(config: Config): Promise<Gateway> {
  const opened: (() => Promise<unknown>)[] = [];
  try {
    return await openRooms(config, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close().catch(() => undefined);
    throw error;
  }
}

/** Pushes onto `opened` how to close each part, as soon as it is open. */
async function openRooms(config: Config, opened: (() => Promise<unknown>)[]): Promise<Gateway> {
  const logger = pino({ level: config.logLevel }, pino.destination(2));
  const log = toLog(logger);
  const ids = createIds();
  const tls = readTlsPair(config);
  const { nodeId, fresh } = takeDataFolder(config.data, config.demo, ids);
  for (const folder of ["keys", "journal", "recordings"])
    mkdirSync(join(config.data, folder), { recursive: true, mode: 0o700 });

  const database = await openDatabase({ url: config.databaseUrl, clock: systemClock, ids, nodeId, log });
  opened.push(() => database.close());
  await refuseOrphans(database, config, fresh);
  const people = await database.read.people.count({});
  const vault = await openVault({ keyFile: config.masterKeyFile, dataFolder: config.data, create: people === 0 });
  const { policy, bundles } = await openPolicy(database, config.policies, log);
  const blobs = await openRecordings(config, log);
  opened.push(() => blobs.close());
  const deps = recorderDeps({ config, blobs, vault, nodeId, log });
  const signer = { name: `gatehouse/${config.nodeName}`, ...vault.evidence };
  const recorder = await createRecorder(deps);
  opened.push(() => recorder.close());
  const library = createLibrary({ ...deps, recorder, workers: 1 });
  opened.push(() => library.close());
  const broker = createBroker({
    database,
    calendar: createCalendar(zoneOf(config)),
    documents: blobs,
    checkpoints: database.checkpoints(signer),
    vault,
    policy,
    bundles,
    directories: openDirectories(config, systemClock),
    recorder,
    library,
    clock: systemClock,
    ids,
    nodeId,
    config: {
      publicUrl: config.publicUrl,
      sshPublic: config.sshPublic,
      demo: config.demo,
      allowTargets: config.allowTargets,
      ownServices: await ownServices(config),
      idleMs: config.idleMinutes * MINUTE_MS,
      sweepMs: config.sweepSeconds * 1000,
      maxSessionMs: 12 * HOUR_MS,
      keepBytes: config.keepBytes,
      maxSessionsPerPerson: config.maxSessionsPerPerson,
      maxSessions: config.maxSessions,
      requestTtlMs: 24 * HOUR_MS,
    },
    resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    probe: createProbe(),
    desktopProbe: createDesktopProbe(),
    notify: () => undefined,
    log,
    recover: (open) => recover(deps, open),
  });
  opened.push(() => broker.stop());
  await broker.start();

  const hostKey = await vault.sshHostKey();
  const door = createSshDoor({
    broker,
    hostKey: hostKey.privateKey,
    listen: config.sshListen,
    publicUrl: config.publicUrl,
    classifyExec: (command, options) => policy.classifyExec(command, options),
    createPasswordPrompt: () => new PasswordPrompt(),
    clock: systemClock,
    log,
    limits: { connections: config.sshConnections, connectionsPerAddress: config.sshConnectionsPerAddress },
  });
  const live = createLive({ broker, log });
  const desktops = createDesktopDoor({
    broker,
    guacd: config.guacd,
    drive:
      config.drive === undefined
        ? null
        : { folder: resolve(config.drive), guacdFolder: config.guacdDrive ?? resolve(config.drive) },
    keepKeys: config.desktopKeys === "sealed",
    probe: createDesktopProbe(),
    clock: systemClock,
    log,
  });
  const http = createHttp({
    broker,
    config: {
      listen: config.httpListen,
      publicUrl: config.publicUrl,
      demo: config.demo,
      sshPublic: config.sshPublic,
      trustedProxy: config.trustedProxy,
      ...(tls === undefined ? {} : { tls }),
    },
    staticFolder: join(config.root, "dist", "web"),
    metrics: createMetrics({ database, recorder }),
    ready: async () => {
      await database.ping();
      return (await recorder.health()).ok;
    },
    clock: systemClock,
    log,
  });
  http.registerUpgrade("/live", live.handleUpgrade);
  http.registerUpgrade(DESKTOP_PATH, (call) => desktops.handleUpgrade(call));
  opened.push(
    () => http.close(),
    () => live.close(),
    () => desktops.close(),
  );
  const ssh = await door.listen();
  opened.push(() => door.close(0));
  const page = await http.listen();
  return {
    broker,
    read: database.read,
    evidenceKey: formatVerifierKey(signer),
    ssh: { port: ssh.port, fingerprint: hostKey.fingerprint },
    http: { port: page.port },
    async stop(graceMs) {
      await broker.sessions.drain(graceMs);
      await door.close(0);
      await desktops.close();
      await live.close();
      await http.close();
      await broker.stop();
      await recorder.close();
      await library.close();
      await blobs.close();
      await database.close();
    },
  };
}
