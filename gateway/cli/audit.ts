/** `gatehouse audit verify | export`. Verifying recomputes the whole tree from an exported file, offline. */
import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseVerifierKey, verifyExport, type ExportVerdict, type NoteVerifier } from "../storage/index.js";
import { call } from "./client.js";

/** What is trusted, as `gatehouse start` prints it. */
export function trustedKey(text: string): NoteVerifier {
  const verifier = parseVerifierKey(text);
  if (verifier === undefined) throw new Error("the key must read name+xxxxxxxx+base64, as `gatehouse start` prints it");
  return verifier;
}

export async function auditVerify(input: {
  readonly file: string;
  readonly key: string;
  readonly older: string | undefined;
  readonly json: boolean;
}): Promise<number> {
  const lines = createInterface({ input: createReadStream(input.file), crlfDelay: Infinity });
  const older = input.older === undefined ? undefined : readFileSync(input.older, "utf8");
  const verdict = await verifyExport(lines, trustedKey(input.key), older);
  if (input.json) process.stdout.write(`${JSON.stringify(verdict)}\n`);
  else if (verdict.ok) process.stdout.write(`${input.file}: good: ${describeGood(verdict)}\n`);
  else process.stdout.write(`${input.file}: ALTERED: ${verdict.because}${place(verdict)}\n`);
  return verdict.ok ? 0 : 2;
}

function describeGood(verdict: Extract<ExportVerdict, { ok: true }>): string {
  const range = verdict.complete ? "every event from the first" : "a part of the log";
  const older = verdict.olderSize === null ? "" : `; extends the older checkpoint of ${verdict.olderSize}`;
  const withheld = verdict.withheld === 0 ? "" : ` (${verdict.withheld} more by their hash alone)`;
  return `${verdict.leaves} events${withheld}, ${range}, under a signed checkpoint of ${verdict.size}${older}`;
}

function place(verdict: Extract<ExportVerdict, { ok: false }>): string {
  const event = verdict.seq === null ? "" : ` at event ${verdict.seq}`;
  return verdict.line === null ? event : `${event} in line ${verdict.line}`;
}

export async function auditExport(input: {
  readonly root: string;
  readonly output: string | undefined;
}): Promise<number> {
  const response = await call("/audit/export");
  if (response.body === null) throw new Error("the gateway sent nothing");
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  if (input.output === undefined) for await (const chunk of body) process.stdout.write(chunk as Uint8Array);
  else await pipeline(body, createWriteStream(input.output, { mode: 0o600, flags: "wx" }));
  return 0;
}
