/**
 * `gatehouse break-glass`: two persons with a half each make one new administrator of a power that nobody can use any more. The halves are typed,
 * not shown, and go to the gateway's API like anyone's; being at this machine gives no right.
 */
import { readConfig } from "../config.js";
import { ask } from "./ask.js";
import { call } from "./client.js";

const POWERS = ["system", "security", "audit"];

export async function breakGlass(input: {
  readonly root: string;
  readonly power: string;
  readonly url: string | undefined;
}): Promise<number> {
  if (!POWERS.includes(input.power)) throw new Error(`the power is one of ${POWERS.join(", ")}`);
  const url = input.url ?? readConfig(process.env, { demo: false, root: input.root }).publicUrl;
  const [first = "", second = "", login = "", displayName = ""] = await ask([
    { text: "first half: ", hidden: true },
    { text: "second half: ", hidden: true },
    { text: "login of the new administrator: ", hidden: false },
    { text: "name of the new administrator: ", hidden: false },
  ]);
  const body = { power: input.power, halves: [first, second], login, displayName, locale: localeOf(process.env) };
  const response = await call("/break-glass", { method: "POST", body }, { url, cookie: "" });
  const answer = (await response.json()) as { readonly enrolmentToken?: string; readonly opensAt?: number };
  if (answer.enrolmentToken !== undefined) {
    process.stdout.write(`${new URL(`/enrol#${answer.enrolmentToken}`, url).href}\n`);
    process.stderr.write("open this link within 24 hours, then seal new envelopes\n");
    return 0;
  }
  const opensAt = new Date(answer.opensAt ?? 0).toISOString();
  process.stderr.write(`someone of that power can still sign in; come again with both halves after ${opensAt}\n`);
  return 3;
}

function localeOf(environment: NodeJS.ProcessEnv): "zh-CN" | "en" {
  return /^zh/i.test(environment["LC_ALL"] ?? environment["LANG"] ?? "") ? "zh-CN" : "en";
}
