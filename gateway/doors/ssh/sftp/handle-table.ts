/** The handles a target gave out on one channel, from the HANDLE packet until their transfers are logged. */
import type { TransferRecord } from "../../../domain/index.js";
import { OpenHandle, ReorderBudget, TransferMeter } from "./handles.js";
import type { SftpGateOptions, SftpLimits } from "./options.js";
import { SftpViolation } from "./packets.js";
import type { Opening } from "./request.js";

/** draft-ietf-secsh-filexfer-02 §6.3: no handle is longer. */
const HANDLE_BYTES_MAX = 256;

export class HandleTable {
  readonly #hash: SftpGateOptions["hash"];
  readonly #onTransfer: (record: TransferRecord) => void;
  readonly #budget: ReorderBudget;
  readonly #most: number;
  /** By handle text, until CLOSE is answered. */
  readonly #open = new Map<string, OpenHandle>();
  /** All whose transfers are not logged yet. */
  readonly #unlogged = new Set<OpenHandle>();
  #opening = 0;

  constructor(options: Pick<SftpGateOptions, "hash" | "onTransfer">, limits: SftpLimits) {
    this.#hash = options.hash;
    this.#onTransfer = options.onTransfer;
    this.#budget = new ReorderBudget(limits.reorderBytes, limits.reorderTotalBytes);
    this.#most = limits.handles;
  }

  /** The open handle with these bytes; `undefined` also once it is being closed. */
  find(bytes: Uint8Array): OpenHandle | undefined {
    const handle = this.#open.get(keyOf(bytes));
    return handle?.closing === true ? undefined : handle;
  }

  get full(): boolean {
    return this.#open.size + this.#opening >= this.#most;
  }

  /** A request that may open a handle went to the target. */
  openingSent(): void {
    this.#opening++;
  }

  /** It was answered, with a handle or (`undefined`) without. Throws SftpViolation for one that is in use or of a bad length. */
  openingAnswered(opening: Opening & { readonly path: string }, bytes: Uint8Array | undefined): void {
    this.#opening--;
    if (bytes === undefined) return;
    const key = keyOf(bytes);
    if (bytes.length < 1 || bytes.length > HANDLE_BYTES_MAX)
      throw new SftpViolation("target", "handle of a length out of bounds");
    if (this.#open.has(key)) throw new SftpViolation("target", "handle is in use");
    const handle = new OpenHandle({ ...opening, meter: () => new TransferMeter(this.#hash(), this.#budget) });
    this.#open.set(key, handle);
    this.#unlogged.add(handle);
  }

  /** CLOSE was answered: whatever the answer, the handle is gone (§6.3). */
  closed(handle: OpenHandle): void {
    handle.closed = true;
    for (const [key, open] of this.#open) if (open === handle) this.#open.delete(key);
  }

  /** A request on the handle was answered. Logs its transfers when it was the last of a closed one. */
  answered(handle: OpenHandle): void {
    handle.outstanding--;
    if (handle.closed && handle.outstanding === 0) this.#log(handle, true);
  }

  /** The channel's end: what was not closed is logged as not sequential. */
  end(): void {
    for (const handle of this.#unlogged) this.#log(handle, false);
  }

  #log(handle: OpenHandle, whole: boolean): void {
    this.#unlogged.delete(handle);
    for (const record of handle.transfers(whole)) this.#onTransfer(record);
  }
}

/** A handle as a map's key: one character a byte, and one more than any handle has for those that are too long. */
function keyOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, HANDLE_BYTES_MAX + 1));
}
