/**
 * Reads a command line with tree-sitter's grammar of bash and lists every simple command in it, wherever it stands: in lists,
 * pipes, loops, substitutions. What the grammar, or another POSIX shell, might read differently is refused with a stable code.
 */
import { createRequire } from "node:module";
import { Language, Parser, type Node } from "web-tree-sitter";

/** Nobody writes deeper; the walks below recurse. */
const MAX_DEPTH = 100;

/** A word after quotes and escapes; `text` is undefined when only the target's shell can know it. */
export interface Word {
  readonly text: string | undefined;
  /** Begins with what looks literal, but holds `*`, `?`, `[`, `{` or a leading `~` outside quotes. */
  readonly expands: boolean;
}

export interface SimpleCommand {
  readonly name: Word;
  readonly args: readonly Word[];
  /** Nothing stands around it: no assignment, no redirection. */
  readonly plain: boolean;
}

export type Reading =
  | {
      readonly ok: true;
      readonly commands: readonly SimpleCommand[];
      readonly assigned: readonly string[];
      readonly alone: boolean;
    }
  | { readonly ok: false; readonly why: string };

export type Read = (text: string) => Reading;

const STRUCTURE = new Set(
  `program list pipeline redirected_statement subshell compound_statement if_statement elif_clause else_clause for_statement
  while_statement do_group case_statement case_item negated_command comment variable_assignments`.split(/\s+/),
);
const INSIDE = new Set(
  `word string string_content raw_string concatenation number simple_expansion expansion command_substitution
  process_substitution arithmetic_expansion variable_name special_variable_name command_name file_redirect file_descriptor
  herestring_redirect brace_expression binary_expression unary_expression parenthesized_expression ternary_expression
  postfix_expression test_operator regex subscript array extglob_pattern variable_assignment translated_string`.split(
    /\s+/,
  ),
);
const REFUSED: Readonly<Record<string, string>> = {
  ERROR: "unreadable",
  ansi_c_string: "not-portable",
  heredoc_redirect: "heredoc",
  function_definition: "function",
};
/** Tokens that dash and bash read differently: one's redirection or arithmetic is the other's command. */
const NOT_PORTABLE = new Set(["&>", "&>>", "|&", "((", ";&", ";;&", "<<<", "select"]);

/** Nodes that are a shell's word, and the nodes that hold whole words. What touches a whole word would be part of it to a shell. */
const WORDS = new Set(
  `word string raw_string concatenation number simple_expansion expansion command_substitution process_substitution
  arithmetic_expansion`.split(/\s+/),
);
const HOLDERS = new Set(
  `command command_name file_redirect for_statement case_statement case_item declaration_command unset_command
  variable_assignment array`.split(/\s+/),
);
const BEFORE_WORD = /[\s;|&()<>=`]/;
const AFTER_WORD = /[\s;|&()<>`]/;

const GRAMMAR = createRequire(import.meta.url).resolve("tree-sitter-bash/tree-sitter-bash.wasm");
let grammar: Promise<Language> | undefined;

/**
 * Once a process. The package does not expect to be begun twice at a time: each beginning makes a memory of its own, and what was loaded
 * into one is then looked for in the other.
 */
function loadGrammar(): Promise<Language> {
  grammar ??= Parser.init().then(() => Language.load(GRAMMAR));
  return grammar;
}

/** Resolves once the grammar is loaded; the answer reads synchronously and keeps one parser. */
export async function createReader(): Promise<Read> {
  const language = await loadGrammar();
  const parser = new Parser().setLanguage(language);
  return (text) => {
    const tree = parser.parse(text);
    if (tree === null) return { ok: false, why: "unreadable" };
    try {
      return tree.rootNode.hasError ? { ok: false, why: "unreadable" } : read(tree.rootNode, text);
    } finally {
      tree.delete();
    }
  };
}

class Unreadable extends Error {
  readonly why: string;
  constructor(why: string) {
    super(why);
    this.why = why;
  }
}

function read(root: Node, text: string): Reading {
  const commands: SimpleCommand[] = [];
  const assigned: string[] = [];
  try {
    refuseGaps(root, text);
    visit(root, text, commands, assigned);
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, why: error.why };
    throw error;
  }
  const [only] = root.namedChildren;
  const alone =
    root.namedChildCount === 1 && root.childCount === 1 && only?.type === "command" && commands.length === 1;
  return { ok: true, commands, assigned, alone };
}

/** Between two tokens there may be blanks and nothing else: what the grammar skipped, no rule has seen. */
function refuseGaps(root: Node, text: string): void {
  let end = 0;
  const check = (start: number, quoted: boolean): void => {
    const gap = text.slice(end, start);
    if (!(quoted ? /^\s*$/ : /^[ \t\n]*$/).test(gap)) throw new Unreadable("unreadable");
  };
  const walk = (node: Node, quoted: boolean, depth: number): void => {
    if (depth > MAX_DEPTH) throw new Unreadable("unreadable");
    if (node.childCount === 0) {
      check(node.startIndex, quoted);
      end = Math.max(end, node.endIndex);
      return;
    }
    for (const child of node.children) if (child !== null) walk(child, quoted || node.type === "string", depth + 1);
  };
  walk(root, false, 0);
  check(text.length, false);
}

function visit(node: Node, text: string, commands: SimpleCommand[], assigned: string[]): void {
  const why = refusal(node);
  if (why !== undefined) throw new Unreadable(why);
  if (touchesMore(node, text)) throw new Unreadable("unreadable");
  if (node.type === "command") commands.push(simpleCommand(node));
  if (node.type === "variable_assignment") assigned.push(node.childForFieldName("name")?.text ?? "");
  for (const child of node.children) if (child !== null) visit(child, text, commands, assigned);
}

function touchesMore(node: Node, text: string): boolean {
  if (!WORDS.has(node.type) || !HOLDERS.has(node.parent?.type ?? "")) return false;
  const before = text[node.startIndex - 1];
  const after = text[node.endIndex];
  return (before !== undefined && !BEFORE_WORD.test(before)) || (after !== undefined && !AFTER_WORD.test(after));
}

function refusal(node: Node): string | undefined {
  const { type } = node;
  if (Object.hasOwn(REFUSED, type)) return REFUSED[type];
  if (node.isMissing) return "unreadable";
  if (!node.isNamed) return NOT_PORTABLE.has(type) ? "not-portable" : undefined;
  if (type === "test_command") return refusalOfTest(node);
  if (type === "declaration_command" || type === "unset_command" || type === "arithmetic_expansion") {
    return hidesCode(node) ? "unreadable" : undefined;
  }
  if (type === "file_redirect" && /\/dev\/(tcp|udp)\//.test(node.text)) return "network-relay";
  if (type === "for_statement" && node.child(0)?.type !== "for") return "not-portable";
  return type === "command" || STRUCTURE.has(type) || INSIDE.has(type) ? undefined : "unreadable";
}

/** In `[[ … ]]` another shell sees commands after these signs; in both, bash evaluates subscripts even from quotes. */
function refusalOfTest(node: Node): string | undefined {
  if (node.child(0)?.type === "[[" && /[&|<>;(]/.test(node.text)) return "not-portable";
  return hidesCode(node) ? "unreadable" : undefined;
}

function hidesCode(node: Node): boolean {
  return node.descendantsOfType("raw_string").some((raw) => raw !== null && /\$\(|`/.test(raw.text));
}

function simpleCommand(node: Node): SimpleCommand {
  const name = node.childForFieldName("name");
  const first = name?.child(0) ?? null;
  if (first === null) throw new Unreadable("unreadable");
  const args = node.childrenForFieldName("argument").filter((arg) => arg !== null);
  const named = node.namedChildren.filter((child) => child !== null);
  const plain = named.length === args.length + 1 && node.parent?.type !== "redirected_statement";
  return { name: wordOf(first), args: args.map(wordOf), plain };
}

/** The value of a word, as any POSIX shell would have it, if that is certain without running anything. */
function wordOf(node: Node): Word {
  switch (node.type) {
    case "number":
    case "word":
      return unquoted(node.text);
    case "raw_string":
      return { text: node.text.slice(1, -1), expands: false };
    case "string": {
      const literal = node.namedChildren.every((child) => child?.type === "string_content");
      return { text: literal ? unescapeDouble(node.text.slice(1, -1)) : undefined, expands: false };
    }
    case "concatenation": {
      const children = node.children.filter((child) => child !== null);
      const parts = children.map(wordOf);
      const bare = children
        .map((child) => (child.type === "word" || child.type === "number" ? child.text : ""))
        .join("");
      const known = parts.every((part) => part.text !== undefined);
      return { text: known ? parts.map((part) => part.text).join("") : undefined, expands: unquoted(bare).expands };
    }
    default:
      return { text: undefined, expands: true };
  }
}

function unquoted(text: string): Word {
  const bare = text.replace(/\\[^]/g, "");
  return { text: text.replace(/\\([^])/g, "$1"), expands: /[*?[\]$`]|\{.*(,|\.\.)|^~/.test(bare) };
}

/** XCU §2.2.3: inside double quotes a backslash keeps its meaning before these alone. */
function unescapeDouble(text: string): string {
  return text.replace(/\\([$`"\\])/g, "$1");
}
