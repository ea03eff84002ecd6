/** `fetch` with an end to what is taken in: a provider that pours out more than any description, key set or token is cut off. */

import type { CustomFetchOptions } from "openid-client";

/** The longest answers of real providers are key sets and descriptions of some ten thousand bytes. */
const MOST_BYTES = 1_048_576;

/** As `fetch`; reading the body past 1 MiB (unpacked) rejects and ends the connection. */
export async function boundedFetch(url: string, options: CustomFetchOptions): Promise<Response> {
  const { body, status, statusText, headers } = await fetch(url, options as RequestInit);
  if (body === null) return new Response(null, { status, statusText, headers });
  let bytes = 0;
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > MOST_BYTES) controller.error(new Error("the answer is too long"));
      else controller.enqueue(chunk);
    },
  });
  return new Response(body.pipeThrough(counting), { status, statusText, headers });
}
