/**
 * Lets the terminal library style itself under `style-src 'self'`. It makes `<style>` elements and sets their text, which
 * the policy rightly refuses for anything that could carry foreign text. A constructed sheet in `adoptedStyleSheets` is
 * script's own doing and allowed, so while `act` runs (synchronously) a `<style>` made by script is an inert element
 * whose text goes into such a sheet. Nothing is loosened for the rest of the page.
 */
function sheetElement(make: () => HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const element = make();
  element.hidden = true;
  let text = "";
  Object.defineProperty(element, "textContent", {
    get: () => text,
    set: (value: string) => {
      text = value;
      sheet.replaceSync(value);
    },
  });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    HTMLElement.prototype.remove.call(element);
  };
  return element;
}

/** Runs `act`; every `<style>` element it creates becomes an adopted sheet that goes when the element is removed. */
export function withAdoptedStyles(act: () => void): void {
  const original = document.createElement.bind(document);
  const replaced = (name: string, options?: ElementCreationOptions): HTMLElement =>
    name.toLowerCase() === "style" ? sheetElement(() => original("span")) : original(name, options);
  Object.defineProperty(document, "createElement", { value: replaced, configurable: true, writable: true });
  try {
    act();
  } finally {
    // The own property goes; the prototype's method shows again.
    Reflect.deleteProperty(document, "createElement");
  }
}
