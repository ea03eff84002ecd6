/** `gatehouse audit verify | export`. Verifying recomputes the whole tree from an exported file, offline. */
import { createWriteStream, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { verifyExport } from "../storage/index.js";
import { call } from "./client.js";

export async function auditVerify(input: {
  readonly file: string;
  readonly key: string | undefined;
  readonly older: string | undefined;
  readonly json: boolean;
}): Promise<number> {
  const lines = readFileSync(input.file, "utf8").split("\n").filter((line) => line.trim() !== "");
  const key = input.key === undefined ? undefined : new Uint8Array(Buffer.from(input.key, "base64"));
  const older = input.older === undefined ? undefined : readFileSync(input.older, "utf8");
  const result = verifyExport(lines, key, older);
  if (input.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else if (result.ok) process.stdout.write(`${input.file}: ${result.size} events, root ${result.root}, checkpoint of ${new Date(result.at).toISOString()}\n`);
  else process.stdout.write(`${input.file}: ALTERED: ${result.what}\n`);
  return result.ok ? 0 : 2;
}

export async function auditExport(input: { readonly root: string; readonly output: string | undefined }): Promise<number> {
  const response = await call("/audit/export");
  if (response.body === null) throw new Error("the gateway sent nothing");
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  if (input.output === undefined) for await (const chunk of body) process.stdout.write(chunk as Uint8Array);
  else await pipeline(body, createWriteStream(input.output, { mode: 0o600, flags: "wx" }));
  return 0;
}
