/** A derive worker: one recording at a time, each message answered when it is worked off. Runs as its own thread from the built files. */
import { constants, setPriority } from "node:os";
import process from "node:process";
import { parentPort } from "node:worker_threads";
import { Deriver } from "./deriver.js";
import type { FromWorker, ToWorker } from "./protocol.js";

const port = parentPort;
if (port === null) throw new Error("not in a worker");

// Whoever is connected goes before whoever looks back. Only on Linux does this mean the thread that calls it, and not the process.
if (process.platform === "linux") setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const TEXT_AT_ONCE = 32 * 1024;
let deriver: Deriver | undefined;
let text = "";

function answer(message: FromWorker): void {
  port?.postMessage(message);
}

function sendText(): void {
  if (text !== "") answer({ op: "text", text });
  text = "";
}

async function work(message: ToWorker): Promise<FromWorker> {
  if (message.op === "begin") {
    deriver = new Deriver(message.mode, message.from, {
      keyframe: (keyframe) => answer({ op: "keyframe", keyframe }),
      desktop: (screen) => answer({ op: "desktop", screen }),
      thumbnail: (thumbnail) => answer({ op: "thumbnail", thumbnail }),
      text: (part) => {
        text += part;
        if (text.length >= TEXT_AT_ONCE) sendText();
      },
      spentMs: () => performance.now(),
    });
    return { op: "done" };
  }
  if (deriver === undefined) throw new Error("no recording was begun");
  if (message.op === "frames") {
    await deriver.frames(message.frames);
    return { op: "done" };
  }
  const summary = await deriver.end();
  deriver = undefined;
  return summary === undefined ? { op: "done" } : { op: "done", summary };
}

port.on("message", (message: ToWorker) => {
  work(message)
    .catch((error: unknown): FromWorker => ({
      op: "failed",
      message: error instanceof Error ? error.message : String(error),
    }))
    .then((done) => {
      sendText();
      answer(done);
    })
    .catch(() => process.exit(1));
});
