/**
 * What everyone who operates signs, from `declarations/KIND.LOCALE.md`: plain text, paragraphs parted by empty lines. Who signs,
 * signs exactly these bytes; another text, however little it differs, is signed anew.
 */
import { createHash } from "node:crypto";
import { DECLARATIONS, type Locale } from "../domain/index.js";
import type { Declaration } from "./contract.js";
import { wrong } from "./shape.js";

const LOCALES: readonly Locale[] = ["zh-CN", "en"];
const LONGEST = 20_000;
/** A text that cannot be seen whole cannot be signed. */
const UNSEEN = /[^\P{C}\n]/u;

/** The names of the files in a bundle, with `/` between folder and file. */
export const DECLARATION_FILES: readonly string[] = DECLARATIONS.flatMap((kind) =>
  LOCALES.map((locale) => nameOf(kind, locale)),
);

/** Throws `internal` with the file's name when a text is missing, empty, longer than 20,000 characters, or holds what is not seen. */
export function compileDeclarations(files: ReadonlyMap<string, string>): readonly Declaration[] {
  return DECLARATIONS.map((kind) => ({
    kind,
    texts: { "zh-CN": read(files, nameOf(kind, "zh-CN")), en: read(files, nameOf(kind, "en")) },
  }));
}

function nameOf(kind: Declaration["kind"], locale: Locale): string {
  return `declarations/${kind}.${locale}.md`;
}

function read(files: ReadonlyMap<string, string>, name: string): Declaration["texts"][Locale] {
  const text = files.get(name);
  if (text === undefined) throw wrong(name, "the file is missing");
  if (text.trim() === "") throw wrong(name, "there is no text in it");
  if (text.length > LONGEST) throw wrong(name, "the text is too long to be read before it is signed");
  if (UNSEEN.test(text)) throw wrong(name, "it holds characters that are not seen");
  return { text, digest: createHash("sha256").update(text, "utf8").digest("hex") };
}
