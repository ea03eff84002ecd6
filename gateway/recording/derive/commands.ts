/**
 * Finds typed commands on the screen: where the cursor stood when typing began, to the end of that line when it is left after
 * Enter. What programs ask secrets for is left out, and so is the alternate screen. An aid: a script can hide from it.
 */
import { asksForSecret } from "../password-prompt.js";
import type { Place, Screen } from "./screen.js";

const PENDING_MAX = 64;
const COMMAND_MAX = 4096;
/** A shell's prompt, for lines on which the place where typing began was lost. */
const USUAL_PROMPT = /^.{0,120}?[$#%>❯»λ]\s+/u;

export class CommandFinder {
  readonly #screen: Screen;
  readonly #found: (text: string, atUs: number) => void;
  #began: Place | undefined;
  #pending: { readonly began: Place | undefined; readonly atUs: number }[] = [];
  #prompt = "";

  constructor(screen: Screen, found: (text: string, atUs: number) => void) {
    this.#screen = screen;
    this.#found = found;
  }

  /** The operator began a line. */
  began(): void {
    this.#began?.marker.dispose();
    this.#began = this.#screen.place();
    if (this.#began !== undefined && this.#began.before.trim() !== "") this.#prompt = this.#began.before;
  }

  /** The operator ended a line; the screen tells what it was when it leaves that line. */
  ended(atUs: number): void {
    const began = this.#began;
    this.#began = undefined;
    if (this.#screen.alternate || this.#pending.length >= PENDING_MAX) began?.marker.dispose();
    else this.#pending.push({ began, atUs });
  }

  /** Whether `line` has something to find. */
  get waits(): boolean {
    return this.#pending.length > 0;
  }

  /** The screen left a line that fills these rows. */
  line(text: string, firstRow: number, lastRow: number): void {
    const entry = this.#pending.shift();
    if (entry === undefined) return;
    const { began, atUs } = entry;
    const column = began === undefined ? undefined : this.#screen.columnOf(began, firstRow, lastRow);
    const command = column === undefined ? this.#afterPrompt(text) : withinLine(text, column, began?.before ?? "");
    began?.marker.dispose();
    if (command !== undefined && command.trim() !== "") this.#found(command.trim().slice(0, COMMAND_MAX), atUs);
  }

  #afterPrompt(text: string): string | undefined {
    if (asksForSecret(text)) return undefined;
    if (this.#prompt !== "" && text.startsWith(this.#prompt)) return text.slice(this.#prompt.length);
    const usual = USUAL_PROMPT.exec(text);
    return usual === null ? undefined : text.slice(usual[0].length);
  }
}

/** Columns are cells and text is characters: where wide ones stand before the cursor, the text before it says where to cut. */
function withinLine(text: string, column: number, before: string): string | undefined {
  if (asksForSecret(before.trimEnd())) return undefined;
  return text.slice(text.startsWith(before) ? before.length : column);
}
