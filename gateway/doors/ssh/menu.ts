/** The menu of a bare login as a pure state machine: what is listed, what is typed, where the cursor stands, how it looks. */
import { sanitise, typable } from "../../domain/index.js";
import type { Reachable } from "../../broker/index.js";
import type { Key } from "./terminal.js";
import { moment, type Texts } from "./texts.js";
import { columnsOf } from "./columns.js";

export interface MenuState {
  readonly items: readonly Reachable[];
  readonly typed: string;
  /** Index into what `visible` answers. */
  readonly cursor: number;
}

export type MenuStep =
  | { readonly type: "shown"; readonly state: MenuState }
  | { readonly type: "chosen"; readonly item: Reachable }
  | { readonly type: "quit" };

const LONGEST_FILTER = 64;
const PAGE = 10;

export function openMenu(items: readonly Reachable[]): MenuState {
  return { items, typed: "", cursor: 0 };
}

/** All items while nothing, or a number that names one of them, is typed; else those that hold every typed word. */
export function visible({ items, typed }: MenuState): readonly Reachable[] {
  if (typed === "" || numberTyped(items, typed) !== undefined) return items;
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((item) => {
    const text = `${item.accountLogin}@${item.assetName} ${item.assetDescription}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function numberTyped(items: readonly Reachable[], typed: string): number | undefined {
  if (!/^\d{1,6}$/.test(typed)) return undefined;
  const number = Number(typed);
  return number >= 1 && number <= items.length ? number - 1 : undefined;
}

export function stepMenu(state: MenuState, key: Key): MenuStep {
  const last = Math.max(0, visible(state).length - 1);
  const at = (cursor: number): MenuStep => ({
    type: "shown",
    state: { ...state, cursor: Math.min(last, Math.max(0, cursor)) },
  });
  switch (key.type) {
    case "text":
      if (state.typed === "" && key.text === "q") return { type: "quit" };
      return typing(state, state.typed + typable(key.text));
    case "backspace":
      return typing(state, [...state.typed].slice(0, -1).join(""));
    case "kill-line":
    case "kill-word":
    case "escape":
      return typing(state, "");
    case "up":
      return at(state.cursor - 1);
    case "down":
      return at(state.cursor + 1);
    case "page-up":
      return at(state.cursor - PAGE);
    case "page-down":
      return at(state.cursor + PAGE);
    case "home":
      return at(0);
    case "end":
      return at(last);
    case "enter": {
      const item = visible(state)[state.cursor];
      return item === undefined ? { type: "shown", state } : { type: "chosen", item };
    }
    case "interrupt":
    case "eof":
      return { type: "quit" };
  }
}

function typing(state: MenuState, typed: string): MenuStep {
  const next = { ...state, typed: typed.slice(0, LONGEST_FILTER) };
  return { type: "shown", state: { ...next, cursor: numberTyped(state.items, next.typed) ?? 0 } };
}

/** The whole screen, from clearing it to the cursor behind what is typed. Foreign text is cleaned. */
export function drawMenu(
  state: MenuState,
  size: { readonly cols: number; readonly rows: number },
  who: string,
  texts: Texts,
  now: number,
): string {
  const items = visible(state);
  const room = Math.max(1, size.rows - 5);
  const from = Math.max(0, Math.min(state.cursor - Math.floor(room / 2), items.length - room));
  const lines = items.slice(from, from + room).map((item, index) => {
    const text = line(item, state.items.indexOf(item) + 1, texts, now);
    const fitted = fit(text, size.cols - 1);
    return from + index === state.cursor ? `\x1b[7m${fitted}\x1b[0m` : fitted;
  });
  if (items.length === 0) lines.push(state.items.length === 0 ? texts.menuEmpty() : texts.menuNoMatch());
  const head = [
    fit(`gatehouse: ${texts.menuTitle(sanitise(who, 200))}`, size.cols - 1),
    fit(texts.menuHelp(), size.cols - 1),
    "",
  ];
  return `\x1b[H\x1b[2J${[...head, ...lines, "", `> ${state.typed}`].join("\r\n")}`;
}

function line(item: Reachable, number: number, texts: Texts, now: number): string {
  const name = sanitise(`${item.accountLogin}@${item.assetName}`, 130);
  const description = item.assetDescription === "" ? "" : `  ${sanitise(item.assetDescription, 80)}`;
  return `${String(number).padStart(3)}  ${name.padEnd(32)}  ${stateText(item, texts, now)}${description}`;
}

function stateText(item: Reachable, texts: Texts, now: number): string {
  if (item.grant !== null)
    return item.grant.from > now ? texts.stateLater(moment(item.grant.from)) : texts.stateOpen(moment(item.grant.to));
  return item.pendingRequestId === null ? texts.stateAsk() : texts.statePending();
}

function fit(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let cut = "";
  for (const character of text) {
    if (columnsOf(cut) + columnsOf(character) > columns - 1) break;
    cut += character;
  }
  return `${cut}…`;
}
