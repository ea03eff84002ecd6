/** The few S3 calls that blobs need, each bounded, with the answers that matter told apart. Knows nothing of spools. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import { GatehouseError } from "../../domain/index.js";

export interface S3Place {
  readonly bucket: string;
  /** Before every name, ending in `/` unless empty. */
  readonly prefix: string;
  /** Other than Amazon's: `http://host:port`; addressed by path, not by host name. */
  readonly endpoint?: string;
  readonly region?: string;
}

export interface UploadedPart {
  readonly number: number;
  readonly etag: string;
}

export interface Remote {
  /** Size in bytes, or undefined when there is no such object. */
  size(name: string): Promise<number | undefined>;
  read(name: string, offset: number, length: number): Promise<Uint8Array>;
  list(prefix: string): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
  /** Rejects with `conflict` when the object exists (where the server knows conditional writes). */
  put(name: string, bytes: Uint8Array): Promise<void>;
  beginUpload(name: string): Promise<string>;
  /** Rejects with `not-found` when the upload is gone. */
  uploadPart(name: string, uploadId: string, number: number, bytes: Uint8Array): Promise<UploadedPart>;
  completeUpload(name: string, uploadId: string, parts: readonly UploadedPart[]): Promise<void>;
  abortUpload(name: string, uploadId: string): Promise<void>;
  close(): void;
}

const CONNECT_MS = 3_000;
const REQUEST_MS = 30_000;

/** Credentials come from the SDK's default chain (environment, files, instance role). */
export function createRemote(place: S3Place): Remote {
  const client = new S3Client(clientConfig(place));
  const at = (name: string): { readonly Bucket: string; readonly Key: string } => ({
    Bucket: place.bucket,
    Key: place.prefix + name,
  });
  return {
    size: (name) =>
      absentAsUndefined(async () => (await client.send(new HeadObjectCommand(at(name)))).ContentLength ?? 0),
    read: (name, offset, length) =>
      asked(async () => {
        const Range = `bytes=${offset}-${offset + length - 1}`;
        const answer = await client.send(new GetObjectCommand({ ...at(name), Range }));
        return (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
      }),
    list: (prefix) => asked(() => list(client, place, prefix)),
    remove: (name) => asked(async () => void (await client.send(new DeleteObjectCommand(at(name))))),
    put: (name, bytes) =>
      asked(async () => void (await client.send(new PutObjectCommand({ ...at(name), Body: bytes, IfNoneMatch: "*" })))),
    beginUpload: (name) =>
      asked(async () => {
        const { UploadId } = await client.send(new CreateMultipartUploadCommand(at(name)));
        return UploadId ?? "";
      }),
    uploadPart: (name, UploadId, PartNumber, Body) =>
      asked(async () => {
        const { ETag } = await client.send(new UploadPartCommand({ ...at(name), UploadId, PartNumber, Body }));
        return { number: PartNumber, etag: ETag ?? "" };
      }),
    completeUpload: (name, UploadId, parts) =>
      asked(async () => {
        const Parts = parts.map((part) => ({ PartNumber: part.number, ETag: part.etag }));
        const MultipartUpload = { Parts };
        await client.send(
          new CompleteMultipartUploadCommand({ ...at(name), UploadId, MultipartUpload, IfNoneMatch: "*" }),
        );
      }),
    abortUpload: (name, UploadId) =>
      asked(async () => void (await client.send(new AbortMultipartUploadCommand({ ...at(name), UploadId })))),
    close: () => client.destroy(),
  };
}

function clientConfig(place: S3Place): S3ClientConfig {
  return {
    region: place.region ?? "us-east-1",
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint, forcePathStyle: true }),
    // Stores other than Amazon's do not all know the newer checksum trailers; the payload is signed or under TLS.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 3,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS },
  };
}

async function list(client: S3Client, place: S3Place, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: place.bucket,
        Prefix: place.prefix + prefix,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    );
    for (const object of page.Contents ?? []) names.push((object.Key ?? "").slice(place.prefix.length));
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return names;
}

async function absentAsUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await asked(work);
  } catch (error) {
    if (error instanceof GatehouseError && error.code === "not-found") return undefined;
    throw error;
  }
}

/** The SDK's errors carry headers and host names; only the name of the failure goes on. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { name, $metadata } = error as { readonly name?: string; readonly $metadata?: { httpStatusCode?: number } };
    const cause = new Error(name ?? "unknown");
    const status = $metadata?.httpStatusCode;
    if (status === 404) throw new GatehouseError("not-found", "the object store has no such object", cause);
    if (status === 412 || status === 409) throw new GatehouseError("conflict", "this object exists", cause);
    throw new GatehouseError("storage-unavailable", "the object store does not take this", cause);
  }
}
