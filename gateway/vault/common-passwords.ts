/**
 * Passwords that are tried first: the list of `@zxcvbn-ts/language-common` (49,000 from leaks) with what is common in Chinese and
 * on keyboards. It is loaded with the first question, about 30 ms and 4 MB, and nothing of a password leaves the process.
 */
import type { Vault } from "./contract.js";

/** Pinyin, numbers that are read as words, names and rows of keys that the list from elsewhere lacks. */
const MORE = `
woaini woaini1314 woaini520 woaiwojia woaiwoziji wodemima wodemima123 mima mima123 mimamima nihao nihao123 woshishui
5201314 1314520 5211314 520520 7758521 7758258 1314521 584520 147258369 123698745 159357 741852963 wozhidao buzhidao
nimabi caonima zhangwei wangwei liwei beijing shanghai nanjing jinan shenzhen tianan tiananmen zhongguo zhonghua china
guanliyuan yunwei yunwei123 xitong xitong123 jiankong ceshi ceshi123 mimashi weishenme wobuzhidao shujuku fuwuqi
1qaz2wsx 1qaz2wsx3edc 1qaz2wsx3edc4rfv qazwsxedc qazwsxedcrfv zaq12wsx zaq1xsw2 1q2w3e4r 1q2w3e4r5t6y qwertyuiop
asdfghjkl zxcvbnm qweasdzxc qweasd qwe123asd poiuytrewq lkjhgfdsa mnbvcxz qwer1234 asdf1234 zxcv1234 qwerasdfzxcv
password passw0rd letmein welcome iloveyou admin administrator changeme gatehouse root toor oracle huawei hikvision dahua
inspur kylin abcdefghijklmnopqrstuvwxyz 01234567890123456789 98765432109876543210
`
  .trim()
  .split(/\s+/);
const LEET: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "l",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "8": "b",
  "9": "g",
  "@": "a",
  $: "s",
  "!": "i",
  "|": "l",
  "+": "t",
};
/** A common password inside a longer one counts from this length on. */
const LEAST_PIECE = 4;
const MOST_PIECE = 26;
/** So many characters beside one common piece, or beside two, do not make a password. */
const MOST_BESIDE = [5, 2];
/** A longer one is not made of two common ones. */
const LONGEST = 64;

export function createCommonPasswords(): Vault["isCommonPassword"] {
  let loading: Promise<ReadonlySet<string>> | undefined;
  return async (password) => {
    loading ??= load();
    const common = await loading;
    return [...variants(password)].some((variant) => isMadeOf(common, variant));
  };
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import("@zxcvbn-ts/language-common");
  return new Set([...dictionary["passwords-common"], ...MORE]);
}

/** As typed (NFKC, small letters), without what is put between, and with digits and signs read as the letters they stand for. */
function variants(password: string): ReadonlySet<string> {
  const folded = password
    .normalize("NFKC")
    .toLowerCase()
    .slice(0, LONGEST + 1);
  const plain = folded.replace(/[\s._\-#*]/g, "");
  const asLetters = (text: string, one: string): string =>
    text.replace(/[^a-z]/g, (sign) => (sign === "1" || sign === "!" ? one : (LEET[sign] ?? sign)));
  return new Set([folded, plain, asLetters(folded, "l"), asLetters(plain, "l"), asLetters(plain, "i")]);
}

/** Whether common pieces, each as often as one likes, leave as few characters over as `beside` says for one piece, two pieces. */
function isMadeOf(common: ReadonlySet<string>, text: string, beside: readonly number[] = MOST_BESIDE): boolean {
  const [most, ...fewer] = beside;
  if (most === undefined || text.length > LONGEST) return false;
  for (const piece of piecesIn(common, text)) {
    const rest = text.split(piece).join("\0");
    if (rest.replaceAll("\0", "").length <= most || isMadeOf(common, rest, fewer)) return true;
  }
  return false;
}

/** Every common password that stands in the text. */
function piecesIn(common: ReadonlySet<string>, text: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (let from = 0; from + LEAST_PIECE <= text.length; from += 1) {
    const most = Math.min(text.length, from + MOST_PIECE);
    for (let to = from + LEAST_PIECE; to <= most; to += 1) {
      const piece = text.slice(from, to);
      if (common.has(piece)) found.add(piece);
    }
  }
  return found;
}
