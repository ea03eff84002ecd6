/**
 * Which events of a text field carry text that somebody composed: with an input method, a dead key, an emoji picker or a soft
 * keyboard. The browsers differ in what they send after a composition and in which order; each text comes out once. Pure.
 */

/** The parts of a composition or input event that matter here. */
export interface FieldEvent {
  readonly type: string;
  readonly data: string | null;
  readonly isComposing?: boolean;
  readonly inputType?: string;
}

/**
 * The text that an event brings, or "". A composition is read at its end: the `input` events during it and Firefox's and
 * Safari's one after it tell of the same text (UI Events §5.7, Input Events §4.1.2). Pasted text goes another way.
 */
export function composedText(event: FieldEvent): string {
  if (event.type === "compositionend") return event.data ?? "";
  if (event.type !== "input" || event.isComposing === true) return "";
  const plain = event.inputType === undefined || event.inputType === "insertText";
  return plain ? (event.data ?? "") : "";
}
