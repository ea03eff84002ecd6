/** The terminal's colours: dark in both themes of the page, since programs pick theirs for a dark screen. */
import type { ITheme } from "@xterm/xterm";

export const terminalTheme: ITheme = {
  background: "#11161b",
  foreground: "#d5dce2",
  cursor: "#e6b450",
  cursorAccent: "#11161b",
  selectionBackground: "#3a5068",
  black: "#1c2329",
  red: "#f07178",
  green: "#8fc76b",
  yellow: "#e6b450",
  blue: "#6fb3f2",
  magenta: "#c99bf0",
  cyan: "#63cdda",
  white: "#c7d0d8",
  brightBlack: "#7d8b97",
  brightRed: "#ff9aa0",
  brightGreen: "#b5e08f",
  brightYellow: "#ffd68a",
  brightBlue: "#9ccbff",
  brightMagenta: "#e0c1ff",
  brightCyan: "#9be7ef",
  brightWhite: "#ffffff",
};
