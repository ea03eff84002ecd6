/** Asks on the terminal, or reads standard input, a line each. Nothing secret is ever an argument. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** Asks a line each; on a terminal the answers of `hidden` questions are not shown. */
export async function ask(
  questions: readonly { readonly text: string; readonly hidden: boolean }[],
): Promise<string[]> {
  let muted = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!muted) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY });
  const iterator = lines[Symbol.asyncIterator]();
  const answers: string[] = [];
  for (const question of questions) {
    process.stderr.write(question.text);
    muted = question.hidden;
    const line = await iterator.next();
    muted = false;
    if (question.hidden && process.stdin.isTTY) process.stderr.write("\n");
    if (line.done === true) throw new Error("no answer on standard input");
    answers.push(line.value);
  }
  lines.close();
  return answers;
}
