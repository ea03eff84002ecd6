/**
 * The data folder: who it belongs to (a real installation or a demo, never both), which node this is, and that keys or
 * recordings without people refuse the start.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asId, type Ids, type NodeId } from "./domain/index.js";

const MARK = "installation.json";

interface Mark {
  readonly v: 1;
  readonly demo: boolean;
  readonly nodeId: string;
}

/** Why a data folder was not taken; one sentence for people, with what to do. */
export class DataFolderError extends Error {
  override readonly name = "DataFolderError";
}

function readMark(folder: string): Mark | undefined {
  const file = join(folder, MARK);
  if (!existsSync(file)) return undefined;
  const mark = JSON.parse(readFileSync(file, "utf8")) as Partial<Mark>;
  if (mark.v !== 1 || typeof mark.nodeId !== "string" || typeof mark.demo !== "boolean") {
    throw new DataFolderError(`${file} is not readable; restore it from a backup`);
  }
  return mark as Mark;
}

/**
 * Takes the folder for this start (mode 0700) and answers this node's id, the same at every start. Refuses a demo's folder
 * for a real start, a real one's for a demo, and a folder that holds something else.
 */
export function takeDataFolder(
  folder: string,
  demo: boolean,
  ids: Ids,
): { readonly nodeId: NodeId; readonly fresh: boolean } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const mark = readMark(folder);
  if (mark !== undefined) {
    if (mark.demo && !demo)
      throw new DataFolderError(
        `${folder} belongs to a demo; set GATEHOUSE_DATA to another folder, or remove the demo's`,
      );
    if (!mark.demo && demo)
      throw new DataFolderError(
        `${folder} belongs to a real installation; a demo takes a folder of its own (GATEHOUSE_DATA)`,
      );
    return { nodeId: asId(mark.nodeId), fresh: false };
  }
  const strangers = readdirSync(folder).filter((name) => name !== "keys");
  if (strangers.length > 0) {
    throw new DataFolderError(
      `${folder} holds ${strangers.slice(0, 3).join(", ")} but no ${MARK}; take an empty folder, or restore the file`,
    );
  }
  const nodeId = ids.next();
  writeFileSync(join(folder, MARK), `${JSON.stringify({ v: 1, demo, nodeId } satisfies Mark)}\n`, { mode: 0o600 });
  return { nodeId: asId(nodeId), fresh: true };
}
