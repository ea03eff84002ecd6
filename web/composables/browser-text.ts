/** A browser's own description in a few words, for lists of sign-ins. It is what the browser claims, no proof of anything. */

/** In this order: each later one is also claimed by those before it. */
const BROWSERS: readonly (readonly [mark: RegExp, name: string])[] = [
  [/\bEdg(?:A|iOS)?\/(\d+)/, "Edge"],
  [/\bOPR\/(\d+)/, "Opera"],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/(?:Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/\bVersion\/(\d+)[\d.]* .*Safari\//, "Safari"],
];
const SYSTEMS: readonly (readonly [mark: RegExp, name: string])[] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\b(?:OpenHarmony|HarmonyOS)\b/, "HarmonyOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

/** `Chrome 156 · Linux`; what is not known stays as it is. */
export function browserText(userAgent: string): string {
  const found = BROWSERS.find(([mark]) => mark.test(userAgent));
  if (found === undefined) return userAgent;
  const [mark, name] = found;
  const system = SYSTEMS.find(([sign]) => sign.test(userAgent))?.[1];
  const browser = `${name} ${mark.exec(userAgent)?.[1] ?? ""}`;
  return system === undefined ? browser : `${browser} · ${system}`;
}
