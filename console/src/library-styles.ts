/**
 * The terminal library writes style elements and style attributes, which the page's policy rightly
 * refuses. What it writes is put where scripts may put styles: constructed sheets and the style
 * object of elements. It can go when the library does so itself.
 */

let installed = false;

/** From now on, elements that scripts create take their styles in the allowed way. Idempotent. */
export function allowLibraryStyles(): void {
  if (installed) return;
  installed = true;
  const create = document.createElement.bind(document);
  document.createElement = (tag: string, options?: ElementCreationOptions): HTMLElement => {
    const element = tag === 'style' ? sheetElement(create) : create(tag, options);
    const setAttribute = element.setAttribute.bind(element);
    element.setAttribute = (name, value) => {
      if (name === 'style') element.style.cssText = value;
      else setAttribute(name, value);
    };
    return element;
  };
}

/** Stands in for a style element: its text goes into a sheet of the document. */
function sheetElement(create: (tag: string) => HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  const element = create('meta');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(element, 'textContent', {
    get: () => '',
    set: (css: string) => {
      sheet.replaceSync(css);
    },
  });
  const remove = element.remove.bind(element);
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    remove();
  };
  return element;
}
