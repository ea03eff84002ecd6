/**
 * Judges one simple command by its words: looks through wrappers, reads what follows `sh -c`, and answers the stable
 * code of why it needs `ssh.shell`, or undefined when it is a readable command.
 */
import {
  ALWAYS_SHELL,
  INTERPRETERS,
  POSIX_SHELLS,
  PROGRAM_OPTIONS,
  STATEMENT_OPTIONS,
  STEERING_VARIABLE,
  WRAPPERS,
  type Wrapper,
} from "./programs.js";
import type { Word } from "./syntax.js";
import { TRANSFER_NAMES } from "./transfer.js";

/** Judges a whole text; what stands behind `sh -c`. */
export type JudgeText = (text: string, depth: number) => string | undefined;
export type Why = string | undefined;

const MAX_DEPTH = 8;
const STDIN_FILE = /^(-|\/dev\/.*|\/proc\/.*)$/;
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=/;
const SED_SCRIPT =
  /^(\d+|\$)?(,(\d+|\$))?!?([pdq=]|s([/|,#:@])(?:(?!\5)[^\\\n]|\\.)*\5(?:(?!\5)[^\\\n]|\\.)*\5[gpiI0-9]*|\/[^/\\\n;{}]*\/[pd])$/;

export function isSteering(variable: string): boolean {
  return STEERING_VARIABLE.test(variable);
}

/** `words[0]` names the program. */
export function judgeWords(words: readonly Word[], judgeText: JudgeText, depth = 0): Why {
  const [name, ...args] = words;
  if (name === undefined) return undefined;
  if (name.text === undefined || (name.expands && !/^\[{1,2}$/.test(name.text))) return "dynamic-command";
  if (depth > MAX_DEPTH) return "unreadable";
  const program = programOf(name.text);
  if (TRANSFER_NAMES.has(program) && program !== "rsync")
    return program === "scp" && isClient(args) ? "nested-login" : "transfer-mixed";
  const always = ALWAYS_SHELL.get(program);
  if (always !== undefined) return always;
  if (/^(ld|ld-.*)\.so(\..*)?$/.test(program) || program === "") return "unreadable";
  if (POSIX_SHELLS.has(program)) return judgeShell(args, judgeText, depth);
  const wrapper = WRAPPERS.get(program);
  if (wrapper !== undefined) return judgeWrapper(program, wrapper, args, judgeText, depth);
  const special = SPECIAL[program];
  if (special !== undefined) return special(args, judgeText, depth);
  const interpreter = INTERPRETERS.get(program.replace(/[\d.]+$/, ""));
  if (interpreter !== undefined) return judgeInterpreter(interpreter, args);
  return judgeOptions(program, args);
}

/** The base name, as `/usr/bin/../bin/sh` has it too. */
function programOf(text: string): string {
  return text.slice(text.lastIndexOf("/") + 1);
}

function isClient(args: readonly Word[]): boolean {
  return !args.some(({ text }) => text === undefined || /^-[a-zA-Z]*[tf]/.test(text));
}

function judgeShell(args: readonly Word[], judgeText: JudgeText, depth: number): Why {
  let takesCommand = false;
  for (let at = 0; at < args.length; at += 1) {
    const { text, expands } = args[at] as Word;
    if (text === undefined || (expands && !takesCommand)) return "dynamic-argument";
    const option = /^[-+]/.test(text) && text !== "-" && text !== "--";
    if (!option) {
      const operand = text === "--" ? args[at + 1] : args[at];
      return judgeOperand(operand, takesCommand, judgeText, depth);
    }
    if (/^--(norc|noprofile|posix|login)$/.test(text)) continue;
    if (/^--(version|help)$/.test(text)) return undefined;
    if (/^[-+][a-zA-Z]*i/.test(text)) return "interactive-shell";
    if (/^-[a-zA-Z]*s/.test(text)) return "interpreter-stdin";
    if (!/^[-+][celuxvnaefo]+$/.test(text)) return "interpreter-option";
    if (text.startsWith("-") && text.includes("c")) takesCommand = true;
    if (text.includes("o")) at += 1;
  }
  return "interpreter-stdin";
}

function judgeOperand(operand: Word | undefined, takesCommand: boolean, judgeText: JudgeText, depth: number): Why {
  if (operand?.text === undefined) return operand === undefined ? "interpreter-stdin" : "dynamic-argument";
  if (takesCommand) return judgeText(operand.text, depth + 1);
  if (operand.expands) return "dynamic-argument";
  return STDIN_FILE.test(operand.text) ? "interpreter-stdin" : undefined;
}

function judgeInterpreter(rules: { readonly benign: RegExp; readonly informs: RegExp }, args: readonly Word[]): Why {
  for (const { text, expands } of args) {
    if (text === undefined || expands) return "dynamic-argument";
    if (rules.informs.test(text)) return undefined;
    if (rules.benign.test(text)) continue;
    if (STDIN_FILE.test(text)) return "interpreter-stdin";
    if (/^-[a-zA-Z]*[ceErpn]/.test(text) || text.startsWith("--eval")) return "inline-code";
    return text.startsWith("-") ? "interpreter-option" : undefined;
  }
  return "interpreter-stdin";
}

function judgeWrapper(
  program: string,
  wrapper: Wrapper,
  args: readonly Word[],
  judgeText: JudgeText,
  depth: number,
): Why {
  let operands = wrapper.operands;
  let at = 0;
  for (; at < args.length; at += 1) {
    const { text, expands } = args[at] as Word;
    if (text === undefined || expands) return "dynamic-argument";
    if (text === "--") {
      at += 1;
      break;
    }
    const step = wrapperStep(wrapper, text);
    if (typeof step === "string") return step;
    if (step === INFORMS) return undefined;
    if (step > 0) at += step - 1;
    else if (operands > 0) operands -= 1;
    else break;
  }
  const rest = args.slice(at + Math.max(0, args[at - 1]?.text === "--" ? operands : 0));
  if (rest.length === 0) return wrapper.bare === "shell" ? "interactive-shell" : undefined;
  if (program === "xargs") {
    const replaced = args.slice(0, at).some((word) => /^(-I|--replace)/.test(word.text ?? ""));
    if (replaced && rest[0]?.text !== undefined && !/^[\w./+-]+$/.test(rest[0].text)) return "dynamic-command";
    if (takesCode(rest[0] as Word)) return "stdin-arguments";
  }
  return judgeWords(rest, judgeText, depth + 1);
}

const INFORMS = 1000;

/** How many words this one and its value are, 0 when it is not an option, or why it needs a shell. */
function wrapperStep(wrapper: Wrapper, text: string): number | string {
  const assigned = wrapper.assigns === true ? ASSIGNMENT.exec(text)?.[1] : undefined;
  if (assigned !== undefined) return isSteering(assigned) ? "environment" : 1;
  if (!text.startsWith("-")) return 0;
  if (wrapper.informs?.test(text) === true) return INFORMS;
  if (wrapper.flags.test(text)) return 1;
  if (wrapper.valued.test(text)) return 2;
  const attached = /^(--[a-z-]+)=|^(-[a-zA-Z])./.exec(text);
  const head = attached?.[1] ?? attached?.[2];
  if (head !== undefined && wrapper.valued.test(head)) return 1;
  if (wrapper.shell?.test(text) === true) return "interactive-shell";
  return "wrapper-option";
}

/** Whether words added from stdin could be commands to it. */
function takesCode(word: Word): boolean {
  const program = programOf(word.text ?? "");
  return runsOthers(word) || PROGRAM_OPTIONS.has(program) || Object.hasOwn(SPECIAL, program);
}

function runsOthers({ text }: Word): boolean {
  if (text === undefined) return true;
  const program = programOf(text);
  return POSIX_SHELLS.has(program) || WRAPPERS.has(program) || INTERPRETERS.has(program.replace(/[\d.]+$/, ""));
}

function judgeOptions(program: string, args: readonly Word[]): Why {
  const option = PROGRAM_OPTIONS.get(program);
  if (option !== undefined) {
    if (args.some(({ text }) => text === undefined)) return "dynamic-argument";
    if (args.some(({ text }) => option.test(text as string)))
      return program === "rsync" ? "nested-login" : "program-option";
  }
  const statement = STATEMENT_OPTIONS.get(program);
  if (statement !== undefined && !args.some(({ text }) => statement.test(text ?? ""))) return "interpreter-stdin";
  return undefined;
}

/** Programs whose own little language can run commands. */
const SPECIAL: Readonly<Record<string, (args: readonly Word[], judgeText: JudgeText, depth: number) => Why>> = {
  find: judgeFind,
  fd: (args) =>
    args.some(({ text }) => text === undefined || /^(-x|-X|--exec)/.test(text)) ? "program-option" : undefined,
  awk: judgeAwk,
  gawk: judgeAwk,
  mawk: judgeAwk,
  nawk: judgeAwk,
  sed: judgeSed,
  gsed: judgeSed,
};

function judgeFind(args: readonly Word[], judgeText: JudgeText, depth: number): Why {
  for (let at = 0; at < args.length; at += 1) {
    const { text } = args[at] as Word;
    if (text === undefined) return "dynamic-argument";
    if (!/^-(exec|execdir|ok|okdir)$/.test(text)) continue;
    const rest = args.slice(at + 1);
    const end = rest.findIndex((word) => word.text === ";" || word.text === "+");
    const words = end < 0 ? rest : rest.slice(0, end);
    if ((words[0]?.text ?? "{}").includes("{}")) return "dynamic-command";
    // `{}` stands for names found on the target: data to a program, code to an interpreter.
    if (runsOthers(words[0] as Word)) return "stdin-arguments";
    const why = judgeWords(words, judgeText, depth + 1);
    if (why !== undefined) return why;
  }
  return undefined;
}

function judgeAwk(args: readonly Word[]): Why {
  for (const { text } of args) {
    if (text === undefined) return "dynamic-argument";
    if (/^(-f|--file|-i|--include|-l|--load|-E|--exec|-D|--debug)/.test(text)) return "inline-code";
    if (/system|getline|\||@|close|\/inet/.test(text)) return "inline-code";
  }
  return undefined;
}

function judgeSed(args: readonly Word[]): Why {
  const texts = args.map(({ text }) => text);
  if (texts.some((text) => text === undefined)) return "dynamic-argument";
  const known = texts as string[];
  if (known.some((text) => /^(-[a-zA-Z]*f|--file|--expression|--debug)/.test(text))) return "inline-code";
  const scripts: string[] = [];
  for (let at = 0; at < known.length; at += 1) {
    const text = known[at] as string;
    if (/^-[nErszu]*e$/.test(text)) scripts.push(known[(at += 1)] ?? "");
    else if (/^-[a-zA-Z]*e/.test(text) && !/^-i/.test(text)) return "inline-code";
  }
  if (scripts.length === 0) scripts.push(known.find((text) => !text.startsWith("-")) ?? "");
  return scripts.every((script) => SED_SCRIPT.test(script)) ? undefined : "inline-code";
}
