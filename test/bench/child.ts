/**
 * Programs of the benchmarks that run as processes of their own, so that a load does not slow what it measures: started with a file
 * of this folder, asked by message, ended with their parent.
 */
import { fork } from "node:child_process";
import { join } from "node:path";

interface Asked {
  readonly id: number;
  readonly verb: string;
  readonly input: unknown;
}
type Answer = { readonly id: number; readonly value?: unknown; readonly error?: string };

export interface Child {
  readonly pid: number;
  ask<T>(verb: string, input?: unknown): Promise<T>;
  stop(): Promise<void>;
}

/** Starts `test/bench/FILE` and resolves when it answers. */
export async function startChild(file: string): Promise<Child> {
  const child = fork(join(import.meta.dirname, "run-ts.mjs"), [join(import.meta.dirname, file)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void gone.then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended`));
  });
  let asked = 0;
  child.on("message", ({ id, value, error }: Answer) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) one?.resolve(value);
    else one?.reject(new Error(`${file}: ${error}`));
  });
  const ask = <T>(verb: string, input?: unknown): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      asked += 1;
      waiting.set(asked, { resolve: resolve as (value: unknown) => void, reject });
      child.send({ id: asked, verb, input } satisfies Asked);
    });
  await ask("hello");
  return {
    pid: child.pid ?? 0,
    ask,
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** The other side: answers its parent with these verbs, and ends when the parent does. */
export function answerParent(verbs: Readonly<Record<string, (input: never) => unknown>>): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message: Asked) => {
    void (async () => {
      const verb = message.verb === "hello" ? () => true : verbs[message.verb];
      if (verb === undefined) throw new Error(`no verb ${message.verb}`);
      return verb(message.input as never);
    })().then(
      (value) => process.send?.({ id: message.id, value } satisfies Answer),
      (error: unknown) => process.send?.({ id: message.id, error: String(error) } satisfies Answer),
    );
  });
}
