/** What the command line gives to `login` and `logout`: address, names, home and terminal. */
import { homedir, hostname, userInfo } from "node:os";
import { readConfig } from "../config.js";
import { typable } from "../domain/index.js";
import { login, logout } from "./login.js";
import { loginTexts } from "./login-texts.js";

export interface LoginOptions {
  readonly url?: string;
  readonly login?: string;
  readonly name?: string;
  readonly agent?: boolean;
  readonly file?: boolean;
}

const LONGEST_NAME = 64;

function shared(root: string, url: string | undefined) {
  const address = url ?? readConfig(process.env, { demo: false, root }).publicUrl;
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new Error(`${JSON.stringify(address)} is no address of a gateway`);
  return {
    url: address,
    home: homedir(),
    environment: process.env,
    texts: loginTexts(process.env),
    say: (line: string) => void process.stdout.write(`${line}\n`),
  };
}

export async function loginVerb(root: string, options: LoginOptions): Promise<number> {
  if (options.agent === true && options.file === true) throw new Error("--agent and --file exclude each other");
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, onSignal);
  return login({
    ...shared(root, options.url),
    login: options.login ?? userInfo().username,
    name: typable(options.name ?? hostname()).slice(0, LONGEST_NAME) || "device",
    keep: options.agent === true ? "agent" : options.file === true ? "file" : "both",
    signal: stop.signal,
  });
}

export async function logoutVerb(root: string, options: Pick<LoginOptions, "url">): Promise<number> {
  return logout(shared(root, options.url));
}
