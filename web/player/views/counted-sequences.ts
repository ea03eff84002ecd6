/**
 * Sequences the terminal obeys by counting (scroll, insert and delete lines, repeat, tab). One short line of hostile output
 * can name a count that keeps the browser busy for minutes; past this bound such a sequence is passed over.
 */
import type { Terminal } from "@xterm/xterm";

const COUNTED = ["S", "T", "L", "M", "b", "I", "Z"];
const COUNT_MAX = 1000;

export function refuseLongCounts(terminal: Pick<Terminal, "parser">): void {
  for (const final of COUNTED) {
    terminal.parser.registerCsiHandler({ final }, ([count]) => Number(count ?? 0) > COUNT_MAX);
  }
}
