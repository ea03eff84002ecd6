/** Mouse, wheel and touch on a desktop's picture, and the desktop's own pointer shown as this computer's. */
import Guacamole from "guacamole-common-js";

/** `direct`: a finger is where it touches · `pad`: a finger pushes the pointer along, as on a touch pad. */
export type TouchMode = "direct" | "pad";

/** A browser shows no pointer larger than this (CSS Basic User Interface 4 §3.1 leaves it to them; Chromium's bound). */
const CURSOR_MOST_PX = 128;

/** Sends the pointer to the client for as long as the display lives. */
export function listenPointer(client: Guacamole.Client, on: { readonly touchMode: () => TouchMode }): void {
  const display = client.getDisplay();
  const element = display.getElement();
  const send = (state: Guacamole.Mouse.State): void => client.sendMouseState(state, true);
  const stateOf = (event: unknown): Guacamole.Mouse.State => (event as Guacamole.Mouse.Event).state;

  const mouse = new Guacamole.Mouse(element);
  mouse.onEach(["mousedown", "mousemove", "mouseup"], (event) => send(stateOf(event)));
  mouse.on("mouseout", () => display.showCursor(false));
  for (const [mode, device] of [
    ["direct", new Guacamole.Mouse.Touchscreen(element)],
    ["pad", new Guacamole.Mouse.Touchpad(element)],
  ] as const) {
    device.onEach(["mousedown", "mousemove", "mouseup"], (event) => {
      if (on.touchMode() !== mode) return;
      display.showCursor(true);
      send(stateOf(event));
    });
  }
  display.oncursor = (canvas, x, y) => display.showCursor(!showAsCursor(element, canvas, { x, y }, display.getScale()));
}

/** Whether the browser takes the picture as its pointer; it is scaled as the desktop is. */
function showAsCursor(
  element: HTMLElement,
  picture: HTMLCanvasElement,
  hotspot: { readonly x: number; readonly y: number },
  scale: number,
): boolean {
  const width = Math.round(picture.width * scale);
  const height = Math.round(picture.height * scale);
  if (width > CURSOR_MOST_PX || height > CURSOR_MOST_PX) {
    element.style.cursor = "none";
    return false;
  }
  if (width === 0 || height === 0) {
    element.style.cursor = "none";
    return true;
  }
  const scaled = document.createElement("canvas");
  scaled.width = width;
  scaled.height = height;
  scaled.getContext("2d")?.drawImage(picture, 0, 0, width, height);
  const at = `${String(Math.round(hotspot.x * scale))} ${String(Math.round(hotspot.y * scale))}`;
  element.style.cursor = `url(${scaled.toDataURL("image/png")}) ${at}, default`;
  return true;
}
