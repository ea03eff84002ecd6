/** The player's keys, as a table: what a key press asks for, or nothing. */
export type PlayerCommand =
  | { readonly do: "toggle" }
  | { readonly do: "move"; readonly byUs: number }
  | { readonly do: "speed"; readonly by: 1 | -1 }
  | { readonly do: "idle" }
  | { readonly do: "full" };

export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

/** Presses with Ctrl, Alt or Meta are the browser's. */
export function commandOf(press: KeyPress): PlayerCommand | undefined {
  if (press.ctrlKey || press.altKey || press.metaKey) return undefined;
  const seconds = press.shiftKey ? 30 : 5;
  switch (press.key) {
    case " ":
      return { do: "toggle" };
    case "ArrowLeft":
      return { do: "move", byUs: -seconds * 1_000_000 };
    case "ArrowRight":
      return { do: "move", byUs: seconds * 1_000_000 };
    case "[":
      return { do: "speed", by: -1 };
    case "]":
      return { do: "speed", by: 1 };
    case "i":
    case "I":
      return { do: "idle" };
    case "f":
    case "F":
      return { do: "full" };
    default:
      return undefined;
  }
}
