/** `gatehouse sign-in` and `sign-out`. Secrets are asked for on the terminal (not echoed) or read from standard input, a line each. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { readConfig } from "../config.js";
import { call, forgetSession, keepSession } from "./client.js";

/** Asks a line each; on a terminal the answers of `hidden` questions are not shown. */
async function ask(questions: readonly { readonly text: string; readonly hidden: boolean }[]): Promise<string[]> {
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

export async function signIn(input: { readonly root: string; readonly url: string | undefined }): Promise<number> {
  const url = input.url ?? readConfig(process.env, { demo: false, root: input.root }).publicUrl;
  const [login = "", password = "", code = ""] = await ask([
    { text: "login: ", hidden: false },
    { text: "password: ", hidden: true },
    { text: "one-time code: ", hidden: true },
  ]);
  const response = await call(
    "/auth/session",
    { method: "POST", body: { login, password, code } },
    { url, cookie: "" },
  );
  const cookie = response.headers.getSetCookie()[0]?.split(";")[0];
  if (cookie === undefined) throw new Error("the gateway gave no session");
  keepSession({ url, cookie });
  process.stderr.write(`signed in at ${url} as ${login}\n`);
  return 0;
}

export async function signOut(_input: { readonly root: string }): Promise<number> {
  await call("/auth/session", { method: "DELETE" });
  forgetSession();
  return 0;
}
