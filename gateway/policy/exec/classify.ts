/**
 * What a command given to `exec` is, from its own words; nothing is run. Whatever cannot be read with certainty needs
 * `ssh.shell`. The target's login shell is taken to be a POSIX shell; see policies/LANGUAGE.md for what this cannot see.
 */
import type { ExecVerdict, Policy } from "../contract.js";
import { isSteering, judgeWords, type JudgeText } from "./judge.js";
import { createReader, type Read } from "./syntax.js";
import { transferOf } from "./transfer.js";

const MAX_BYTES = 32_768;
/** Control characters, signs that are not seen, blanks that only some readers take for blanks, and line continuations. */
const UNSURE = /[^\P{Cc}\t\n]|[\p{Cf}\p{Zl}\p{Zp}\ufffd]|[^\P{Zs} ]|\\\n/u;

/** Resolves once the grammar is loaded. The classifier itself is synchronous. */
export async function createExecClassifier(): Promise<Policy["classifyExec"]> {
  const read = await createReader();
  return (command, { pty }) => {
    if (pty) return shell("pty");
    return classify(read, command);
  };
}

function shell(why: string): ExecVerdict {
  return { kind: "shell", why };
}

function classify(read: Read, command: string): ExecVerdict {
  const early = unsure(command);
  if (early !== undefined) return shell(early);
  const reading = read(command);
  if (!reading.ok) return shell(reading.why);
  const [only] = reading.commands;
  if (reading.alone && only !== undefined) {
    const transfer = transferOf(only);
    if (transfer !== undefined) return transfer;
  }
  const why = judge(read, command, 0);
  return why === undefined ? { kind: "command" } : shell(why);
}

function unsure(command: string): string | undefined {
  if (command.trim() === "") return "empty";
  if (Buffer.byteLength(command, "utf8") > MAX_BYTES) return "too-long";
  return UNSURE.test(command) ? "unreadable" : undefined;
}

/** The first reason any command in the text gives; also used for what follows `sh -c`. */
function judge(read: Read, text: string, depth: number): string | undefined {
  const early = unsure(text);
  if (early !== undefined) return early;
  const reading = read(text);
  if (!reading.ok) return reading.why;
  if (reading.assigned.some(isSteering)) return "environment";
  const judgeText: JudgeText = (inner, innerDepth) => judge(read, inner, innerDepth);
  for (const { name, args } of reading.commands) {
    const why = judgeWords([name, ...args], judgeText, depth);
    if (why !== undefined) return why;
  }
  return undefined;
}
