/**
 * The three transfer programs as a client starts them on the far side: `scp -t|-f`, `rsync --server`, `sftp-server`. Every
 * option must be known to change no more than how bytes are carried; anything else is not a transfer.
 */
import type { ExecVerdict } from "../contract.js";
import type { SimpleCommand, Word } from "./syntax.js";

type Transfer = Extract<ExecVerdict, { readonly path: string }>;

export const TRANSFER_NAMES: ReadonlySet<string> = new Set(["scp", "rsync", "sftp-server", "internal-sftp"]);
const SCP = /^(\/usr(\/local)?)?(\/bin\/)?scp$/;
const RSYNC = /^(\/usr(\/local)?)?(\/bin\/)?rsync$/;
const SFTP = /^(\/[A-Za-z0-9._/-]*\/)?(sftp-server|internal-sftp)$/;
/** rsync's short options in server mode that take no value and name no file; `s` sends the paths apart, unseen. */
const RSYNC_CLUSTER = /^-[vlogDtprRuznqxHAXSWaiyhIcdkKLEbNOJPmC8UO460]*(e[0-9.]*\.[A-Za-z]*)?$/;
const RSYNC_LONG =
  /^--(sender|delete(-before|-during|-after|-delay|-excluded)?|force|partial|inplace|append(-verify)?|numeric-ids|size-only|ignore-times|ignore-existing|existing|update|sparse|stats|whole-file|no-[a-z-]+|timeout=\d+|bwlimit=[\dA-Za-z.]+|modify-window=-?\d+|max-size=[\dA-Za-z.]+|min-size=[\dA-Za-z.]+|compress(-level=\d+)?|compress-choice=[a-z0-9]+|checksum-choice=[a-z0-9,]+|log-format=[%A-Za-z]*|out-format=[%A-Za-z]*|block-size=\d+|checksum-seed=\d+|fsync|open-noatime|safe-links|copy-links|copy-unsafe-links|copy-dirlinks|keep-dirlinks|hard-links|omit-dir-times|omit-link-times|preallocate|mkpath|iconv=[A-Za-z0-9,._-]+|info=[A-Za-z0-9,]+|debug=[A-Za-z0-9,]+|max-delete=-?\d+|delay-updates|dirs|old-dirs|prune-empty-dirs|recursive|remove-source-files|super|fake-super|usermap=[A-Za-z0-9:,*-]+|groupmap=[A-Za-z0-9:,*-]+|use-qsort)$/;

/** The transfer a lone command is, or undefined. */
export function transferOf(command: SimpleCommand): Transfer | undefined {
  const { name, args, plain } = command;
  if (!plain || name.text === undefined || name.expands) return undefined;
  if (SCP.test(name.text)) return scp(args);
  if (RSYNC.test(name.text)) return rsync(args);
  if (SFTP.test(name.text)) return sftp(args);
  return undefined;
}

/** A path the target's shell may still expand, but never into an option. */
function isPath({ text, expands }: Word, afterDashes: boolean): boolean {
  if (text === undefined || text === "") return false;
  return afterDashes || !(expands ? /^[-*?[{$`]/ : /^-/).test(text);
}

/** Options first, then paths; `options` says which words are options known here. */
function split(
  args: readonly Word[],
  isOption: (text: string) => boolean,
): { readonly options: string[]; readonly paths: Word[] } | undefined {
  const options: string[] = [];
  let at = 0;
  for (; at < args.length; at += 1) {
    const { text, expands } = args[at] as Word;
    if (text === undefined || !text.startsWith("-") || text === "--") break;
    if (expands || !isOption(text)) return undefined;
    options.push(text);
  }
  const dashes = args[at]?.text === "--";
  const paths = args.slice(dashes ? at + 1 : at);
  return paths.every((path) => isPath(path, dashes)) ? { options, paths } : undefined;
}

function scp(args: readonly Word[]): Transfer | undefined {
  const parts = split(args, (text) => /^-[vrpdqtf]+$/.test(text));
  if (parts === undefined) return undefined;
  const letters = parts.options.join("");
  const [writes, reads] = [letters.includes("t"), letters.includes("f")];
  if (writes === reads || parts.paths.length === 0 || (writes && parts.paths.length > 1)) return undefined;
  return { kind: "scp", reads, writes, path: parts.paths.map((path) => path.text).join(" ") };
}

function rsync(args: readonly Word[]): Transfer | undefined {
  if (args[0]?.text !== "--server") return undefined;
  const parts = split(args.slice(1), (text) => RSYNC_CLUSTER.test(text) || RSYNC_LONG.test(text));
  const [dot, ...paths] = parts?.paths ?? [];
  if (parts === undefined || dot?.text !== "." || paths.length === 0) return undefined;
  const sends = parts.options.includes("--sender");
  const writes = !sends || parts.options.includes("--remove-source-files");
  return { kind: "rsync", reads: sends, writes, path: paths.map((path) => path.text).join(" ") };
}

function sftp(args: readonly Word[]): Transfer | undefined {
  const texts = args.map(({ text, expands }) => (expands ? undefined : text));
  let readOnly = false;
  for (let at = 0; at < texts.length; at += 1) {
    const text = texts[at];
    if (text === "-e" || text === "-R") readOnly ||= text === "-R";
    else if (text !== undefined && /^-[lfu]$/.test(text) && /^[A-Za-z0-9]+$/.test(texts[at + 1] ?? "")) at += 1;
    else return undefined;
  }
  return { kind: "sftp", reads: true, writes: !readOnly, path: "" };
}
