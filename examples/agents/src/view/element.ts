/**
 * Making and arranging elements. Text goes in as text only; there is no way from here to markup.
 */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string | undefined;

/** Makes an element. `true` is an attribute without a value; `false` and `undefined` are no attribute. */
export function element<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[T] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The element of the page with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element "${id}"`);
  return found as T;
}

/** Sets text only where it differs, so that nothing flickers and nothing is announced twice. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Makes `children` the children of `parent`, in order, moving as few as possible and keeping the focus. */
export function arrange(parent: Element, children: readonly Element[]): void {
  const focused = document.activeElement;
  let next: Element | null = parent.firstElementChild;
  for (const child of children) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
  while (next !== null) {
    const gone: Element = next;
    next = next.nextElementSibling;
    gone.remove();
  }
  if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) {
    focused.focus({ preventScroll: true });
  }
}

/** Wraps `draw` so that many calls draw once, with the next frame; in a hidden tab with the next timer instead. */
export function onFrame(draw: () => void): () => void {
  let due = false;
  const run = (): void => {
    if (!due) return;
    due = false;
    draw();
  };
  return () => {
    if (due) return;
    due = true;
    requestAnimationFrame(run);
    setTimeout(run, 250);
  };
}

/** Text for people whose meaning the eye has from elsewhere. */
export const unseen = (text: string): HTMLElement => element("span", { class: "unseen" }, text);

const whole = new Intl.NumberFormat("en");
export const number = (value: number): string => whole.format(value);
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;
