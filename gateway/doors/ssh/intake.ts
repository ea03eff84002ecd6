/**
 * Reads one source of a bridge with a bound: what came with one read of the socket travels as one piece, and the source
 * waits while more than the bound is on its way. Bytes keep their order.
 */
export interface Intake {
  /** Takes a piece on; the promise tells when it no longer counts. A rejection or a throw ends everything through `fault`. */
  readonly take: (bytes: Uint8Array) => Promise<void>;
  /** The source said its last byte. */
  readonly ended: () => void;
  readonly fault: (error: unknown) => void;
  /** True while the source must not be read for another reason. */
  readonly waiting: () => boolean;
  /** True once nothing is taken any more. */
  readonly over: () => boolean;
  readonly inFlightBytes: number;
}

/** Begins to read. Answers what to call when `waiting` may have changed. */
export function startIntake(source: NodeJS.ReadableStream, intake: Intake): () => void {
  let inFlight = 0;
  let batch: Buffer[] = [];
  const go = (): void => {
    const room = inFlight < intake.inFlightBytes / 2;
    if (room && !intake.over() && source.isPaused() && !intake.waiting()) source.resume();
  };
  const flush = (): void => {
    if (batch.length === 0 || intake.over()) return;
    const bytes = batch.length === 1 && batch[0] !== undefined ? batch[0] : Buffer.concat(batch);
    batch = [];
    const taken = new Promise<void>((resolve) => resolve(intake.take(bytes)));
    if (inFlight >= intake.inFlightBytes || intake.waiting()) source.pause();
    taken.then(() => {
      inFlight -= bytes.length;
      go();
    }, intake.fault);
  };
  source.on("data", (bytes: Buffer) => {
    if (intake.over()) return;
    inFlight += bytes.length;
    batch.push(bytes);
    if (batch.length === 1) process.nextTick(flush);
    if (inFlight >= intake.inFlightBytes) source.pause();
  });
  source.once("end", () => {
    flush();
    intake.ended();
  });
  source.resume();
  return go;
}
