/** `gatehouse recording list | verify | cat | export`. Verifying works on files alone, offline, without keys or database. */
import { createReadStream, createWriteStream, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { verifyContainer, type Verdict } from "../../recordings/codec/index.js";
import { sanitise } from "../domain/index.js";
import { nodeVerifyCrypto } from "../recording/index.js";
import { trustedKey } from "./audit.js";
import { call } from "./client.js";

/** Names are people's, files and what stands in them anybody's. */
const LONGEST_LINE = 1_000;

interface SessionLine {
  readonly recordingId: string;
  readonly state: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly because: string | null;
  readonly snapshot: {
    readonly login: string;
    readonly displayName: string;
    readonly vendorChain: readonly string[];
    readonly contract: string | null;
    readonly accountLogin: string;
    readonly assetName: string;
  };
}

export async function recordingList(input: { readonly root: string; readonly json: boolean }): Promise<number> {
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = (await (await call(`/sessions?limit=200${query}`)).json()) as {
      items: SessionLine[];
      next: string | null;
    };
    for (const session of page.items) {
      if (input.json) process.stdout.write(`${JSON.stringify(session)}\n`);
      else {
        const { login, displayName, vendorChain, contract, accountLogin, assetName } = session.snapshot;
        const who = [login, vendorChain.join(" › "), contract ?? ""].filter((part) => part !== "").join(", ");
        const began = new Date(session.startedAt).toISOString();
        const whose = sanitise(`${displayName} (${who}) → ${accountLogin}@${assetName}`, LONGEST_LINE);
        process.stdout.write(`${session.recordingId}  ${began}  ${whose}  ${session.because ?? session.state}\n`);
      }
    }
    cursor = page.next;
  }
  return 0;
}

function containersUnder(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ghr"))
      .sort()
      .map((name) => join(path, name));
  });
}

/** Heads that an exported audit log holds, per recording id. */
function loggedHeads(file: string): ReadonlyMap<string, readonly string[]> {
  const heads = new Map<string, string[]>();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line.trim() === "") continue;
    const parsed = JSON.parse(line) as { leaf?: string };
    if (parsed.leaf === undefined) continue;
    const event = JSON.parse(parsed.leaf) as { verb: string; detail: { heads?: readonly string[] } };
    if (event.verb !== "recording.heads") continue;
    for (const entry of event.detail.heads ?? []) {
      const [id = "", head = ""] = entry.split(":");
      heads.set(id, [...(heads.get(id) ?? []), head]);
    }
  }
  return heads;
}

function recordingIdOf(path: string): string | undefined {
  return /([0-9a-f-]{36})\.ghr$/.exec(path)?.[1];
}

function describe(verdict: Verdict): string {
  switch (verdict.verdict) {
    case "complete":
    case "recovered":
      return `${verdict.verdict}  ${verdict.records} records, ended because ${verdict.closing.because}, closing hash ${verdict.closingHash}`;
    case "truncated":
      return `truncated  ${verdict.records} whole records, ${verdict.goodBytes} good bytes, no closing record`;
    case "altered":
      return `altered  first bad record ${verdict.record} at byte ${verdict.offset}: ${verdict.what}`;
  }
}

/** Exit code 0 only when every container is complete or recovered. */
export async function recordingVerify(input: {
  readonly paths: readonly string[];
  readonly signer: string | undefined;
  readonly audit: string | undefined;
  readonly json: boolean;
}): Promise<number> {
  const heads = input.audit === undefined ? undefined : loggedHeads(input.audit);
  const trusted = input.signer === undefined ? undefined : trustedKey(input.signer).publicKey;
  const files = containersUnder(input.paths);
  if (files.length === 0) throw new Error("no container (*.ghr) there");
  let bad = 0;
  for (const file of files) {
    const id = recordingIdOf(file);
    const verdict = await verifyContainer(
      createReadStream(file),
      nodeVerifyCrypto,
      trusted,
      id === undefined ? undefined : heads?.get(id),
    );
    if (verdict.verdict !== "complete" && verdict.verdict !== "recovered") bad += 1;
    const line = sanitise(`${file}: ${describe(verdict)}`, LONGEST_LINE);
    process.stdout.write(`${input.json ? JSON.stringify({ file, ...verdict }) : line}\n`);
  }
  if (trusted === undefined && !input.json) {
    process.stderr.write(
      "gatehouse: signatures were checked against the key each container names; give --signer to trust only one\n",
    );
  }
  return bad === 0 ? 0 : 2;
}

async function download(path: string, output: string | undefined): Promise<number> {
  const response = await call(path);
  if (response.body === null) throw new Error("the gateway sent nothing");
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  if (output === undefined) for await (const chunk of body) process.stdout.write(chunk as Uint8Array);
  else await pipeline(body, createWriteStream(output, { mode: 0o600, flags: "wx" }));
  return 0;
}

export function recordingCat(input: {
  readonly root: string;
  readonly id: string;
  readonly channel: number;
}): Promise<number> {
  return download(`/recordings/${encodeURIComponent(input.id)}/text?channel=${input.channel}`, undefined);
}

export function recordingExport(input: {
  readonly root: string;
  readonly id: string;
  readonly format: string;
  readonly channel: number;
  readonly output: string | undefined;
}): Promise<number> {
  const id = encodeURIComponent(input.id);
  if (input.format === "container") return download(`/recordings/${id}/container`, input.output);
  if (input.format === "asciicast")
    return download(`/recordings/${id}/asciicast?channel=${input.channel}`, input.output);
  throw new Error(`--format is asciicast or container, not ${JSON.stringify(input.format)}`);
}
