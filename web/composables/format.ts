/** How the page writes times, lengths and sizes: the same everywhere, pure, in the reader's own time zone unless UTC is said. */

const two = (n: number): string => String(n).padStart(2, "0");

/** `2026-11-22 09:31:05` in the reader's zone. `at`: epoch ms. */
export function localTime(at: number): string {
  const d = new Date(at);
  return `${String(d.getFullYear())}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** `2026-11-22 01:31:05 UTC`. */
export function utcTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `4:05` or `1:04:05`: a length or a position. Never negative; whole seconds, rounded down. */
export function clockLength(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return hours > 0 ? `${String(hours)}:${two(minutes)}:${two(s % 60)}` : `${String(minutes)}:${two(s % 60)}`;
}

/** The two largest parts of a length that are not zero, for words: 90 061 000 → { d: 1, h: 1, m: 0 }. Rounded up to minutes. */
export function lengthParts(ms: number): { readonly d: number; readonly h: number; readonly m: number } {
  const minutes = Math.max(0, Math.ceil(ms / 60_000));
  return { d: Math.floor(minutes / 1440), h: Math.floor(minutes / 60) % 24, m: minutes % 60 };
}

/** `512 B`, `1.5 KiB`, `20 MiB`. */
export function byteSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit] ?? "B"}`;
}

/** The value of a `datetime-local` input for a moment, in the reader's zone, to the minute. */
export function toInputTime(at: number | undefined): string {
  return at === undefined ? "" : localTime(at).slice(0, 16).replace(" ", "T");
}

/** The moment a `datetime-local` input names, or undefined when it names none. */
export function fromInputTime(text: string): number | undefined {
  const at = text === "" ? Number.NaN : new Date(text).getTime();
  return Number.isNaN(at) ? undefined : at;
}

/** `2026-12-31 周四` for the value of a `date` input, with ` 18:00` for that of a `datetime-local` one; empty for anything else. */
export function dateText(value: string, locale: string): string {
  const [, day = "", time] = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}))?/.exec(value) ?? [];
  const at = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(at)) return "";
  const weekday = new Intl.DateTimeFormat(locale, { weekday: "short", timeZone: "UTC" }).format(at);
  return [day, weekday, time].filter((part) => part !== undefined).join(" ");
}

/** Control characters made visible (`^[` for escape), so that a name or command is one line of plain text whatever it holds. */
export function visibleText(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x20 ? `^${String.fromCharCode(code + 0x40)}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** The line to paste into a shell. A port of 22 is left out; the login goes through `-l`-free form `user@account@asset@host`. */
export function sshLine(
  ssh: { readonly host: string; readonly port: number },
  login: string,
  account: string,
  asset: string,
): string {
  const port = ssh.port === 22 ? "" : `-p ${String(ssh.port)} `;
  return `ssh ${port}${login}@${account}@${asset}@${ssh.host}`;
}
