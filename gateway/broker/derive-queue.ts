/**
 * After a recording is closed its commands and files become sealed search lines. One recording at a time, oldest first;
 * what a stopped process left undone is found again at the next start.
 */
import type { Recording, RecordingId, SearchEntry } from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";
import { searchBound } from "./search-recordings.js";
import { searchTokens } from "./search-text.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "vault" | "library" | "log">;
type Line = SearchEntry & { readonly tokens: readonly string[] };

const WAITING_MOST = 10_000;
const LINES_MOST = 20_000;
const LINE_LONGEST = 2000;
/** A node that drains waits no longer for a recording that is being derived. */
const STOP_MS = 1_000;

export class DeriveQueue {
  readonly #deps: Deps;
  readonly #waiting = new Set<RecordingId>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Puts a closed recording in the queue; what does not fit is found at the next start. */
  add(id: RecordingId): void {
    if (this.#stopped || this.#waiting.size >= WAITING_MOST) return;
    this.#waiting.add(id);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Resolves when nothing runs, or soon: a long recording is given up with the library and found again at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    let late: NodeJS.Timeout | undefined;
    await Promise.race([this.#running, new Promise((resolve) => (late = setTimeout(resolve, STOP_MS)))]);
    clearTimeout(late);
  }

  async #run(): Promise<void> {
    for (const id of this.#waiting) {
      this.#waiting.delete(id);
      try {
        await deriveSearch(this.#deps, id);
      } catch (error) {
        if (this.#stopped) return;
        this.#deps.log("error", "a recording could not be derived", { recordingId: id, error: String(error) });
      }
    }
  }
}

/** Writes a recording's search lines anew and marks it derived. */
async function deriveSearch(deps: Deps, id: RecordingId): Promise<void> {
  const recording = await deps.database.read.recordings.get(id);
  if (recording === undefined || recording.derivedAt !== null) return;
  const derived = await deps.library.derived(id);
  const lines: Line[] = [];
  for (const marker of derived.markers) {
    const kind = marker.kind === "command" ? "command" : marker.kind === "transfer" ? "file" : undefined;
    if (kind === undefined || lines.length >= LINES_MOST) continue;
    const line = makeLine(deps, recording, kind, marker.atUs, marker.text);
    if (line !== undefined) lines.push(line);
  }
  await deps.database.write(async (tx) => {
    await tx.search.removeRecording(id);
    if (lines.length > 0) await tx.search.add(lines);
    await tx.recordings.update(id, { derivedAt: deps.clock.now() });
  });
}

function makeLine(
  deps: Deps,
  recording: Recording,
  kind: "command" | "file",
  atUs: number,
  text: string,
): Line | undefined {
  const line = text.slice(0, LINE_LONGEST);
  const words = searchTokens(line);
  if (words.length === 0) return undefined;
  return {
    id: deps.ids.next(),
    recordingId: recording.id,
    kind,
    atUs,
    at: recording.startedAt + Math.floor(atUs / 1000),
    sealed: deps.vault.seal("search", searchBound(recording.id), line),
    tokens: deps.vault.blind(words),
  };
}
