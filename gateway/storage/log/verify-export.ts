/**
 * Verifies exported audit events offline, with the public key alone. An export is JSON lines: one `{"note": "…"}` with the
 * checkpoint, then `{"seq": n, "leaf": "…"}` for each event, or `{"seq": n, "hash": "base64"}` for one that its reader may
 * not see. Without gaps from 0 to the checkpoint's size the root is computed from the leaves and hashes; a part of the log
 * carries `"proof": ["base64", …]`, the inclusion of each leaf, instead. A withheld leaf proves that something stood there,
 * not what; how many there are is said.
 */
import { createRootAccumulator, leafHash, verifyConsistency, verifyInclusion } from "./merkle.js";
import { parseNote, verifyNote } from "./note.js";
import type { NoteVerifier, ParsedNote } from "./note.js";

export type ExportVerdict =
  | {
      readonly ok: true;
      readonly size: number;
      /** Events at hand, and those of which the export holds the hash alone. */
      readonly leaves: number;
      readonly withheld: number;
      /** Nothing is missing from the first event to the checkpoint's size. */
      readonly complete: boolean;
      readonly olderSize: number | null;
    }
  | { readonly ok: false; readonly because: ExportFault; readonly seq: number | null; readonly line: number | null };

export type ExportFault =
  | "malformed-line"
  | "no-checkpoint"
  | "bad-note"
  | "bad-signature"
  | "wrong-number"
  | "leaf-altered"
  | "missing-leaf"
  | "root-differs"
  | "older-note-bad"
  | "older-note-differs"
  | "older-note-not-comparable";

interface LeafLine {
  readonly seq: number;
  readonly leaf: string;
  readonly proof: readonly string[] | undefined;
}

interface WithheldLine {
  readonly seq: number;
  readonly hash: Buffer;
}

/**
 * `publicKey`: the key that must have signed the checkpoint, with its name. `olderNote`: a checkpoint kept elsewhere; the
 * export must be a continuation of it (a `{"consistency": ["base64", …]}` line proves that where leaves are missing).
 */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  publicKey: NoteVerifier,
  olderNote?: string,
): Promise<ExportVerdict> {
  const older = olderNote === undefined ? undefined : readNote(olderNote, publicKey);
  if (older !== undefined && "because" in older) return fault("older-note-bad");
  const state = createState(older);
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === "") continue;
    const wrong = state.take(line, publicKey);
    if (wrong !== undefined) return { ...wrong, line: number };
  }
  return state.verdict();
}

type Fault = Extract<ExportVerdict, { ok: false }>;

function fault(because: ExportFault, seq: number | null = null): Fault {
  return { ok: false, because, seq, line: null };
}

function readNote(text: string, publicKey: NoteVerifier): ParsedNote | Fault {
  const note = parseNote(text);
  if (note === undefined) return fault("bad-note");
  return verifyNote(note, publicKey) ? note : fault("bad-signature");
}

/** What is known after each line: the checkpoint, the tree so far, whether leaves come with proofs. */
function createState(older: ParsedNote | undefined): {
  take(line: string, publicKey: NoteVerifier): Fault | undefined;
  verdict(): ExportVerdict;
} {
  const tree = createRootAccumulator();
  let note: ParsedNote | undefined;
  let consistency: readonly string[] | undefined;
  let olderRoot = older?.size === 0 ? tree.root() : undefined;
  let proved = 0;
  let withheld = 0;
  let last = -1;

  function takeLeaf(line: LeafLine | WithheldLine): Fault | undefined {
    if (note === undefined) return fault("no-checkpoint", line.seq);
    if (line.seq <= last || line.seq >= note.size) return fault("wrong-number", line.seq);
    const hash = "hash" in line ? line.hash : leafHash(line.leaf);
    if ("leaf" in line && line.proof !== undefined) {
      const proof = line.proof.map((text) => Buffer.from(text, "base64"));
      const held = verifyInclusion({ index: line.seq, size: note.size, leafHash: hash, proof, root: note.root });
      if (!held) return fault("leaf-altered", line.seq);
      proved += 1;
    } else {
      if (proved > 0 || line.seq !== tree.size) return fault("missing-leaf", proved > 0 ? line.seq : tree.size);
      tree.add(hash);
      if ("hash" in line) withheld += 1;
      if (tree.size === older?.size) olderRoot = tree.root();
    }
    last = line.seq;
    return undefined;
  }

  return {
    take(line, publicKey) {
      const parsed = parseLine(line);
      if (parsed === undefined) return fault("malformed-line");
      if ("seq" in parsed) return takeLeaf(parsed);
      if ("consistency" in parsed) {
        consistency = parsed.consistency;
        return undefined;
      }
      if (note !== undefined) return fault("bad-note");
      const read = readNote(parsed.note, publicKey);
      if ("because" in read) return read;
      note = read;
      return undefined;
    },
    verdict() {
      if (note === undefined) return fault("no-checkpoint");
      const complete = proved === 0;
      if (complete && tree.size !== note.size) return fault("missing-leaf", tree.size);
      if (complete && !tree.root().equals(note.root)) return fault("root-differs");
      const wrong = older === undefined ? undefined : compareOlder(older, note, olderRoot, consistency);
      const leaves = complete ? tree.size - withheld : proved;
      return wrong ?? { ok: true, size: note.size, leaves, withheld, complete, olderSize: older?.size ?? null };
    },
  };
}

/** The older checkpoint's tree must be the beginning of this one: by the leaves at hand, or by a consistency proof. */
function compareOlder(
  older: ParsedNote,
  note: ParsedNote,
  olderRoot: Buffer | undefined,
  consistency: readonly string[] | undefined,
): Fault | undefined {
  if (older.size > note.size) return fault("older-note-differs");
  if (olderRoot !== undefined) return olderRoot.equals(older.root) ? undefined : fault("older-note-differs");
  if (consistency === undefined && older.size !== note.size) return fault("older-note-not-comparable");
  const proof = (older.size === note.size ? [] : (consistency ?? [])).map((text) => Buffer.from(text, "base64"));
  const held = verifyConsistency({ from: older.size, to: note.size, fromRoot: older.root, toRoot: note.root, proof });
  return held ? undefined : fault("older-note-differs");
}

type Line = LeafLine | WithheldLine | { readonly note: string } | { readonly consistency: readonly string[] };

function parseLine(line: string): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { seq, leaf, hash, proof, note, consistency } = value as Readonly<Record<string, unknown>>;
  if (typeof note === "string") return { note };
  if (isTexts(consistency)) return { consistency };
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 0) return undefined;
  if (hash !== undefined) return leaf === undefined && proof === undefined ? withheldLine(seq, hash) : undefined;
  if (typeof leaf !== "string") return undefined;
  if (proof !== undefined && !isTexts(proof)) return undefined;
  return { seq, leaf, proof };
}

/** A hash is 32 bytes in base64, written in the one way there is. */
function withheldLine(seq: number, text: unknown): WithheldLine | undefined {
  if (typeof text !== "string") return undefined;
  const hash = Buffer.from(text, "base64");
  return hash.length === 32 && hash.toString("base64") === text ? { seq, hash } : undefined;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
