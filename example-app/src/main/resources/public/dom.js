export const byId = (id) => document.getElementById(id);
export const byTestId = (id) => document.querySelector(`[data-testid="${id}"]`);

/** An element with attributes and children; strings become text, never markup. */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function shape(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** One of the page's shapes, hidden from screen readers: the text beside it says the same. */
export const icon = (name) =>
  shape("svg", { "aria-hidden": "true", focusable: "false" }, shape("use", { href: `#shape-${name}` }));

/** Sets text only when it differs, so that a live region is not announced twice. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
