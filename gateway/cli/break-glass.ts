/**
 * `gatehouse break-glass`: two persons with a half each make one new administrator of a power that nobody can use any more. The halves are typed,
 * not shown, and go to the gateway's API like anyone's; being at this machine gives no right.
 */
import { readConfig } from "../config.js";
import { ask } from "./ask.js";
import { call, Refused } from "./client.js";
import { isChinese, localMinute } from "./login-texts.js";

const POWERS = ["system", "security", "audit"];

const en = {
  halves: ["first half: ", "second half: "],
  login: "login of the new administrator: ",
  name: "name of the new administrator: ",
  opened: "open this link within 24 hours, then seal new envelopes",
  wrong:
    "these halves open nothing: one of each envelope, of this power, sealed last and not used yet; compare every letter",
  waits: (from: string) => `someone of that power can still sign in; come again with both halves after ${from}`,
};
const zh: typeof en = {
  halves: ["前一半：", "后一半："],
  login: "新管理员的登录名：",
  name: "新管理员的姓名：",
  opened: "请在 24 小时内打开此链接注册，然后重新封存",
  wrong: "这两个半码打不开：须各取自一个信封，属于该权力、最近一次封存且尚未用过；请逐字核对",
  waits: (from) => `该权限仍有人可以登录；请于 ${from} 之后携两个半码再来`,
};

export async function breakGlass(input: {
  readonly root: string;
  readonly power: string;
  readonly url: string | undefined;
}): Promise<number> {
  if (!POWERS.includes(input.power)) throw new Error(`the power is one of ${POWERS.join(", ")}`);
  const url = input.url ?? readConfig(process.env, { demo: false, root: input.root }).publicUrl;
  const texts = isChinese(process.env) ? zh : en;
  const [first = "", second = "", login = "", displayName = ""] = await ask([
    ...texts.halves.map((text) => ({ text, hidden: true })),
    { text: texts.login, hidden: false },
    { text: texts.name, hidden: false },
  ]);
  const locale = isChinese(process.env) ? "zh-CN" : "en";
  const body = { power: input.power, halves: [first, second], login, displayName, locale };
  const response = await call("/break-glass", { method: "POST", body }, { url, cookie: "" }).catch((error: unknown) => {
    // The gate answers what is wrong with halves as it answers a wrong password.
    throw error instanceof Refused && error.code === "sign-in-refused"
      ? new Error(texts.wrong, { cause: error })
      : error;
  });
  const answer = (await response.json()) as { readonly enrolmentToken?: string; readonly opensAt?: number };
  if (answer.enrolmentToken !== undefined) {
    process.stdout.write(`${new URL(`/enrol#${answer.enrolmentToken}`, url).href}\n`);
    process.stderr.write(`${texts.opened}\n`);
    return 0;
  }
  process.stderr.write(`${texts.waits(localMinute(answer.opensAt ?? 0))}\n`);
  return 3;
}
