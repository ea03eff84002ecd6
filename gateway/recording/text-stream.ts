/** Text that a job hands out piece by piece, as a stream that holds the job back while nobody reads. */
import { encodeUtf8 } from "../../recordings/codec/index.js";

/** `run` gets a function that resolves when the piece was read. Its error ends the stream. */
export async function* textStream(
  run: (piece: (text: string) => Promise<void>) => Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  const pieces: { readonly text: string; readonly read: () => void }[] = [];
  let wake: () => void = () => undefined;
  let left = false;
  let ended = false;
  const running = run((text) => {
    if (left) return Promise.resolve();
    return new Promise<void>((read) => {
      pieces.push({ text, read });
      wake();
    });
  }).finally(() => {
    ended = true;
    wake();
  });
  running.catch(() => undefined);
  try {
    for (;;) {
      const piece = pieces.shift();
      if (piece !== undefined) {
        yield encodeUtf8(piece.text);
        piece.read();
      } else if (ended) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    await running;
  } finally {
    left = true;
    for (const { read } of pieces) read();
    await running.catch(() => undefined);
  }
}
