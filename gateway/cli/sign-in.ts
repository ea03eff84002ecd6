/** `gatehouse sign-in` and `sign-out`. Secrets are asked for on the terminal (not echoed) or read from standard input, a line each. */
import { readConfig } from "../config.js";
import { ask } from "./ask.js";
import { call, forgetSession, keepSession } from "./client.js";

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
