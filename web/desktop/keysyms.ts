/** X11 keysyms (X Window System Protocol, appendix A): of text that was composed, and of the keys a browser keeps for itself. Pure. */

export const KEYS = {
  backspace: 0xff08,
  tab: 0xff09,
  enter: 0xff0d,
  escape: 0xff1b,
  print: 0xff61,
  insert: 0xff63,
  shift: 0xffe1,
  ctrl: 0xffe3,
  alt: 0xffe9,
  super: 0xffeb,
  delete: 0xffff,
} as const;
const F1 = 0xffbe;

/** The keysym of F1 to F12. */
export const functionKey = (number: number): number => F1 + number - 1;

/**
 * One keysym for each character of a text that an input method, a dead key or an emoji picker made. Latin-1 is its own keysym,
 * everything beyond is `0x01000000 | code point`; line ends and tabs become their keys, other control characters none.
 */
export function keysymsOf(text: string): number[] {
  const keysyms: number[] = [];
  for (const character of text.replace(/\r\n?/g, "\n")) {
    const point = character.codePointAt(0) ?? 0;
    if (point === 0x0a) keysyms.push(KEYS.enter);
    else if (point === 0x09) keysyms.push(KEYS.tab);
    else if (point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0xd800 && point < 0xe000)) continue;
    else keysyms.push(point <= 0xff ? point : 0x0100_0000 | point);
  }
  return keysyms;
}
