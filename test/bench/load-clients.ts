/**
 * Many operators in one process: they sign in with key and code from addresses all over 127.0.0.0/8, hold a shell each, and type.
 * A key's echo time is from its write to the first byte back.
 */
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import ssh2 from "ssh2";
import type { AuthenticationType, Client, ClientChannel } from "ssh2";
import { code } from "../support/gatehouse.js";
import { answerParent } from "./child.js";

export interface Login {
  readonly username: string;
  readonly privateKey: string;
  /** Base32 secret; undefined where the key is enough. */
  readonly totp?: string;
}

export interface OpenOrder {
  readonly group: string;
  readonly port: number;
  readonly logins: readonly Login[];
  readonly atOnce: number;
}

export interface TypeOrder {
  readonly group: string;
  readonly forMs: number;
  /** Between two keys of one operator. */
  readonly everyMs: number;
}

interface Operator {
  readonly client: Client;
  readonly stream: ClientChannel;
  closed: boolean;
}

const ADDRESS_SHARED_BY = 32;
const ANSWER_MS = 30_000;
const groups = new Map<string, Operator[]>();

function addressOf(index: number): string {
  const block = Math.floor(index / ADDRESS_SHARED_BY) + 1;
  return `127.1.${block >> 8}.${block & 255}`;
}

async function open(login: Login, port: number, localAddress: string): Promise<Operator> {
  const { username, privateKey, totp } = login;
  const answer = totp === undefined ? "" : await code(totp);
  const client = new ssh2.Client();
  const socket = connect({ host: "127.0.0.1", port, localAddress, noDelay: true });
  const methods = [
    { type: "publickey", username, key: privateKey },
    {
      type: "keyboard-interactive",
      username,
      prompt: (_n: string, _i: string, _l: string, _p: unknown, finish: (answers: string[]) => void) =>
        finish([answer]),
    },
  ];
  const ready = new Promise<void>((resolve, reject) => {
    client.once("ready", resolve);
    client.on("error", reject);
    client.once("close", () => reject(new Error(`${username}: connection closed`)));
    socket.on("error", reject);
  });
  client.connect({
    sock: socket,
    username,
    authHandler: methods as unknown as AuthenticationType[],
    readyTimeout: ANSWER_MS,
  });
  await ready;
  const stream = await new Promise<ClientChannel>((resolve, reject) => {
    client.shell({ term: "xterm", cols: 80, rows: 24 }, (error, channel) =>
      error === undefined || error === null ? resolve(channel) : reject(error),
    );
  });
  const operator: Operator = { client, stream, closed: false };
  client.once("close", () => {
    operator.closed = true;
  });
  await firstEcho(operator, username);
  return operator;
}

/** Waits until the shell echoes, past whatever is said before. */
async function firstEcho({ stream }: Operator, username: string): Promise<void> {
  let seen = "";
  const echoed = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${username}: no echo, but ${JSON.stringify(seen)}`)), ANSWER_MS);
    const listen = (bytes: Buffer): void => {
      seen += bytes.toString("latin1");
      if (!seen.includes("~first~")) return;
      clearTimeout(timer);
      stream.off("data", listen);
      resolve();
    };
    stream.on("data", listen);
  });
  stream.write("~first~");
  await echoed;
  stream.on("data", () => undefined);
}

async function openAll({
  group,
  port,
  logins,
  atOnce,
}: OpenOrder): Promise<{ opened: number; faults: string[]; ms: number }> {
  const operators = groups.get(group) ?? [];
  const faults: string[] = [];
  const rest = logins.entries();
  const from = performance.now();
  const worker = async (): Promise<void> => {
    for (const [index, login] of rest) {
      await open(login, port, addressOf(index)).then(
        (operator) => operators.push(operator),
        (error: unknown) => faults.push(String(error)),
      );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  groups.set(group, operators);
  return { opened: operators.length, faults, ms: performance.now() - from };
}

/** One key at a time: an echo that is late delays the next key, and its whole wait counts. */
async function typeOne({ stream, closed }: Operator, order: TypeOrder, until: number, waits: number[]): Promise<void> {
  await pause(Math.random() * order.everyMs);
  while (performance.now() < until && !closed) {
    const from = performance.now();
    await new Promise<void>((resolve) => {
      stream.once("data", () => resolve());
      stream.write("k");
    });
    const wait = performance.now() - from;
    waits.push(wait);
    await pause(Math.max(0, order.everyMs - wait));
  }
}

async function typeAll(order: TypeOrder): Promise<{ waits: number[]; lost: number }> {
  const operators = groups.get(order.group) ?? [];
  const waits: number[] = [];
  const until = performance.now() + order.forMs;
  let typing = operators.length;
  const all = operators.map((operator) => typeOne(operator, order, until, waits).then(() => (typing -= 1)));
  await Promise.race([Promise.all(all), pause(order.forMs + ANSWER_MS)]);
  return { waits, lost: typing };
}

answerParent({
  open: openAll,
  type: typeAll,
  alive: ({ group }: { group: string }) => (groups.get(group) ?? []).filter((one) => !one.closed).length,
  async close({ group }: { group: string }) {
    for (const { client, stream } of groups.get(group) ?? []) {
      stream.end();
      client.end();
    }
    groups.delete(group);
    await pause(100);
  },
});
