/**
 * The element with this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`The page has no element #${id}`);
  return node;
}

/**
 * An element with attributes and children; strings become text, never markup.
 * @param {string} name
 * @param {Record<string, string | number | null>} [attributes] null leaves an attribute out
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/**
 * The same for SVG.
 * @param {string} name
 * @param {Record<string, string | number | null>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {SVGElement}
 */
export function shape(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} node
 * @param {Record<string, string | number | null>} attributes
 * @param {(Node | string)[]} children
 */
function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

/**
 * One of the page's shapes, hidden from screen readers: the text beside it says the same.
 * @param {string} name
 */
export const icon = (name) =>
  shape("svg", { class: "icon", "aria-hidden": "true", focusable: "false" }, shape("use", { href: `#shape-${name}` }));

/**
 * Sets text only when it differs, so that a live region is not announced twice.
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/**
 * Waits until a condition holds.
 * @param {() => boolean} condition
 * @param {number} forMillis
 * @returns {Promise<boolean>} whether it came to hold in time
 */
export async function until(condition, forMillis) {
  const end = Date.now() + forMillis;
  while (!condition()) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return true;
}
