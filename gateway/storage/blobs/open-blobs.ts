/** Which store of blobs a URL names. */
import { resolve } from "node:path";
import { GatehouseError } from "../../domain/index.js";
import type { BlobStore } from "../../domain/index.js";
import type { Log } from "../engine.js";
import { createLocalBlobs } from "./local.js";
import type { S3Place } from "./s3-remote.js";
import { createS3Blobs } from "./s3.js";

export interface BlobsOptions {
  /** `file:PATH`, or `s3://bucket/prefix?endpoint=http://host:port&region=name`. */
  readonly url: string;
  /** Where an S3 store spools; a folder of this node alone. */
  readonly spool: string;
  readonly log: Log;
}

export async function openBlobs(options: BlobsOptions): Promise<BlobStore & { close(): Promise<void> }> {
  if (options.url.startsWith("file:")) {
    const folder = resolve(decodeURIComponent(options.url.replace(/^file:(\/\/(?=\/))?/, "")));
    return { ...createLocalBlobs(folder), async close() {} };
  }
  if (options.url.startsWith("s3:")) return createS3Blobs({ ...parseS3Url(options.url), ...options });
  throw new GatehouseError("invalid-input", "recordings go to file:PATH or s3://bucket/prefix");
}

/** Credentials have no place in the URL: it ends up in logs. */
export function parseS3Url(text: string): S3Place {
  const url = new URL(text);
  const endpoint = url.searchParams.get("endpoint");
  const region = url.searchParams.get("region");
  const unknown = [...url.searchParams.keys()].some((key) => key !== "endpoint" && key !== "region");
  if (url.hostname === "" || url.username !== "" || url.password !== "" || unknown) {
    throw new GatehouseError("invalid-input", "an object store is s3://bucket/prefix?endpoint=…&region=…");
  }
  const prefix = url.pathname.replace(/^\/+|\/+$/g, "");
  return {
    bucket: url.hostname,
    prefix: prefix === "" ? "" : `${prefix}/`,
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
  };
}
